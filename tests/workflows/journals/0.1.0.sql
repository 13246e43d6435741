BEGIN TRANSACTION;
CREATE TABLE callback_payloads(
    n INTEGER PRIMARY KEY AUTOINCREMENT, callback TEXT NOT NULL, received TEXT NOT NULL,
    request TEXT NOT NULL, consumed_by TEXT);
CREATE TABLE callbacks(
    id TEXT PRIMARY KEY, execution TEXT NOT NULL, op TEXT NOT NULL, method TEXT NOT NULL,
    created TEXT NOT NULL) WITHOUT ROWID;
INSERT INTO "callbacks" VALUES('gW22VV8MCXkgYkpsq8BY5UFyiH0ksDfr','e99d3b5d-37c5-4bfc-affc-6b90f49667e9','0:11','POST','2026-11-29T22:55:06.598131Z');
CREATE TABLE executions(
    n INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, workflow TEXT NOT NULL,
    revision TEXT NOT NULL, engine_version TEXT NOT NULL, argument TEXT NOT NULL,
    labels TEXT NOT NULL, state TEXT NOT NULL, result TEXT, error TEXT, created TEXT NOT NULL,
    ended TEXT, parent TEXT, parent_op TEXT, attention TEXT, UNIQUE (parent, parent_op));
INSERT INTO "executions" VALUES(1,'e99d3b5d-37c5-4bfc-affc-6b90f49667e9','long','000001-c29','1','{"name": "Ada"}','{}','ACTIVE',NULL,NULL,'2026-11-29T22:55:06.227071Z',NULL,NULL,NULL,NULL);
INSERT INTO "executions" VALUES(2,'42f3ba24-7873-4d9c-88c2-d35b3713bc70','child','000001-59d','1','{"n": 2}','{}','SUCCEEDED','3',NULL,'2026-11-29T22:55:06.547589Z','2026-11-29T22:55:06.580058Z','e99d3b5d-37c5-4bfc-affc-6b90f49667e9','0:10',NULL);
CREATE TABLE ops(
    execution TEXT NOT NULL, op TEXT NOT NULL, kind TEXT NOT NULL, args_hash TEXT NOT NULL,
    deadline TEXT, callback TEXT, started TEXT NOT NULL, seq INTEGER, ok INTEGER, value TEXT,
    schedule_hash TEXT, PRIMARY KEY (execution, op)) WITHOUT ROWID;
INSERT INTO "ops" VALUES('e99d3b5d-37c5-4bfc-affc-6b90f49667e9','0:0','now','74234e98afe7498fb5daf1f36ac2d78a',NULL,NULL,'2026-11-29T22:55:06.246688Z',NULL,1,'1795992906.246676',NULL);
INSERT INTO "ops" VALUES('e99d3b5d-37c5-4bfc-affc-6b90f49667e9','0:1','uuid','74234e98afe7498fb5daf1f36ac2d78a',NULL,NULL,'2026-11-29T22:55:06.270963Z',NULL,1,'"b6e4ed66-f8cb-4b35-9844-bbda2be8741d"',NULL);
INSERT INTO "ops" VALUES('e99d3b5d-37c5-4bfc-affc-6b90f49667e9','0:10','child','e02b5b1293ef5ea4092b96cc57a71c85',NULL,NULL,'2026-11-29T22:55:06.547589Z',9,1,'3','995230dc006ea836');
INSERT INTO "ops" VALUES('e99d3b5d-37c5-4bfc-affc-6b90f49667e9','0:11','callback','e46d3ae943664116b752137af856edb5',NULL,NULL,'2026-11-29T22:55:06.598131Z',NULL,1,'{"url":"http://127.0.0.1:9/v1/projects/local/locations/local/workflows/long/executions/e99d3b5d-37c5-4bfc-affc-6b90f49667e9/callbacks/gW22VV8MCXkgYkpsq8BY5UFyiH0ksDfr"}',NULL);
INSERT INTO "ops" VALUES('e99d3b5d-37c5-4bfc-affc-6b90f49667e9','0:12','await','b4cdebe7a28c42352e3fb2b414b870ff','9999-01-01T00:00:00.000000Z','gW22VV8MCXkgYkpsq8BY5UFyiH0ksDfr','2026-11-29T22:55:06.598224Z',NULL,NULL,NULL,NULL);
INSERT INTO "ops" VALUES('e99d3b5d-37c5-4bfc-affc-6b90f49667e9','0:2','env','24b75c80912c209620c1f567922c62d3',NULL,NULL,'2026-11-29T22:55:06.279538Z',NULL,1,'"http://127.0.0.1:9"',NULL);
INSERT INTO "ops" VALUES('e99d3b5d-37c5-4bfc-affc-6b90f49667e9','0:3','log','473ddb2247cd6f987f15fbd0c9462b50',NULL,NULL,'2026-11-29T22:55:06.279664Z',NULL,1,'null',NULL);
INSERT INTO "ops" VALUES('e99d3b5d-37c5-4bfc-affc-6b90f49667e9','0:4','http','155100c418b8a6b759e05157528562a0',NULL,NULL,'2026-11-29T22:55:06.280972Z',1,0,'{"message":"could not connect: POST http://127.0.0.1:9/x","tags":["ConnectionFailedError"]}','842b7d9d43cddf75');
INSERT INTO "ops" VALUES('e99d3b5d-37c5-4bfc-affc-6b90f49667e9','0:5','backoff','f42332b31c30036dfa0940c227ae1588','2026-11-29T22:55:06.397226Z',NULL,'2026-11-29T22:55:06.387226Z',2,1,'null','10930d65e5ca01bd');
INSERT INTO "ops" VALUES('e99d3b5d-37c5-4bfc-affc-6b90f49667e9','0:6','http','155100c418b8a6b759e05157528562a0',NULL,NULL,'2026-11-29T22:55:06.410084Z',3,0,'{"message":"could not connect: POST http://127.0.0.1:9/x","tags":["ConnectionFailedError"]}','24127e55b8d7e546');
INSERT INTO "ops" VALUES('e99d3b5d-37c5-4bfc-affc-6b90f49667e9','0:7','connector','9b7cf5a16eaf405edd5bf2b741372d4a',NULL,NULL,'2026-11-29T22:55:06.447426Z',4,1,'{"kind":"storage#object","id":"b/o/1795992906498126","selfLink":"https://www.googleapis.com/storage/v1/b/b/o/o","name":"o","bucket":"b","generation":"1795992906498126","metageneration":"1","contentType":"text/plain; charset=utf-8","size":"5","md5Hash":"XUFAKrxLKna5cZ2REBfFkg==","timeCreated":"2026-11-29T22:55:06.498126Z","updated":"2026-11-29T22:55:06.498126Z"}','4198bd8f33804cb2');
INSERT INTO "ops" VALUES('e99d3b5d-37c5-4bfc-affc-6b90f49667e9','0:8','sleep','f42332b31c30036dfa0940c227ae1588','2026-11-29T22:55:06.536218Z',NULL,'2026-11-29T22:55:06.526218Z',5,1,'null','1365d43af5b04a0a');
INSERT INTO "ops" VALUES('e99d3b5d-37c5-4bfc-affc-6b90f49667e9','0:9.0:0','sleep','f42332b31c30036dfa0940c227ae1588','2026-11-29T22:55:06.546675Z',NULL,'2026-11-29T22:55:06.536675Z',6,1,'null','c3bca9f5dbad28a3');
INSERT INTO "ops" VALUES('e99d3b5d-37c5-4bfc-affc-6b90f49667e9','0:9.1:0','sleep','f42332b31c30036dfa0940c227ae1588','2026-11-29T22:55:06.546765Z',NULL,'2026-11-29T22:55:06.536765Z',7,1,'null','0d8274ce9adbc43d');
INSERT INTO "ops" VALUES('e99d3b5d-37c5-4bfc-affc-6b90f49667e9','0:9.2:0','sleep','f42332b31c30036dfa0940c227ae1588','2026-11-29T22:55:06.546798Z',NULL,'2026-11-29T22:55:06.536798Z',8,1,'null','629f972df5a90cc2');
CREATE TABLE owner(id INTEGER PRIMARY KEY CHECK (id = 1), epoch INTEGER NOT NULL);
INSERT INTO "owner" VALUES(1,1);
CREATE TABLE revisions(
    workflow TEXT NOT NULL, revision TEXT NOT NULL, source TEXT NOT NULL, source_sha TEXT NOT NULL,
    env TEXT NOT NULL, created TEXT NOT NULL, PRIMARY KEY (workflow, revision));
INSERT INTO "revisions" VALUES('child','000001-59d','main: {params: [a], steps: [{r: {return: "${a.n + 1}"}}]}','d7216520ceba3730d35520dc2ce8bf8371c2fbb579166751e95ce9440a84110e','{}','2026-11-29T22:55:06.099877Z');
INSERT INTO "revisions" VALUES('long','000001-c29','main:
  params: [a]
  steps:
    - began: {assign: [{at: ''${sys.now()}''}, {id: ''${uuid.generate()}''}, {env: ''${sys.get_env("API")}''}, {sum: 0}]}
    - told: {call: sys.log, args: {text: ''${"began " + a.name}'', severity: INFO}}
    - asked:
        try: {call: http.post, args: {url: ''${env + "/x"}'', body: {at: ''${time.format(0, "GMT")}'', n: ''${1 + 1.5}''}, headers: {Idempotency-Key: k}}, result: answer}
        retry: {predicate: ''${once}'', max_retries: 1, backoff: {initial_delay: 0.01, max_delay: 1, multiplier: 2}}
        except: {as: e, steps: [{failed: {assign: [{answer: ''${e.tags}''}]}}]}
    - kept: {call: googleapis.storage.v1.objects.insert, args: {bucket: b, name: o, body: hello}, result: object}
    - nap: {call: sys.sleep, args: {seconds: 0.01}}
    - both:
        parallel:
          shared: [sum]
          for: {value: v, in: [1, 2, 3], steps: [{one: {call: sys.sleep, args: {seconds: 0.01}}}, {add: {assign: [{sum: ''${sum + v}''}]}}]}
    - child: {call: experimental.executions.run, args: {workflow_id: child, argument: {n: 2}}, result: grown}
    - made:
        assign:
          - zone: ''${time.format(1720788633, "GMT")}''
          - parsed: ''${time.parse("2024-05-08")}''
          - first: ''${text.replace_all_regex("abcd", "a|ab", "x")}''
          - json: ''${json.encode_to_string([1, [2]], true)}''
    - open: {call: events.create_callback_endpoint, args: {http_callback_method: POST}, result: cb}
    - wait: {call: events.await_callback, args: {callback: ''${cb}'', timeout: 86400}, result: got}
    - after: {call: sys.log, args: {text: ''${zone}''}}
    - last: {return: [''${zone}'', ''${parsed}'', ''${first}'', ''${json}'', ''${sum}'', ''${grown}'', ''${answer}'', ''${object.name}'', ''${got.http_request.body}'', ''${time.format(1720788633, "GMT")}'']}
once:
  params: [e]
  steps:
    - r: {return: true}
','41f4a53884871250b4b2093b3c93be7e69ddabe0ea6ddc1da046ebfe224516af','{}','2026-11-29T22:55:06.214533Z');
CREATE TABLE step_entries(
    execution TEXT NOT NULL, ordinal INTEGER NOT NULL, routine TEXT NOT NULL, step TEXT NOT NULL,
    kind TEXT NOT NULL, strand TEXT NOT NULL, parent INTEGER, state TEXT NOT NULL, exception TEXT,
    created TEXT NOT NULL, updated TEXT NOT NULL, PRIMARY KEY (execution, ordinal)) WITHOUT ROWID;
CREATE TABLE workflows(
    id TEXT PRIMARY KEY, revision TEXT NOT NULL, description TEXT NOT NULL, created TEXT NOT NULL,
    updated TEXT NOT NULL);
INSERT INTO "workflows" VALUES('child','000001-59d','','2026-11-29T22:55:06.099877Z','2026-11-29T22:55:06.099877Z');
INSERT INTO "workflows" VALUES('long','000001-c29','','2026-11-29T22:55:06.214533Z','2026-11-29T22:55:06.214533Z');
CREATE INDEX executions_active ON executions(state) WHERE state = 'ACTIVE';
CREATE INDEX executions_workflow ON executions(workflow, n);
CREATE UNIQUE INDEX ops_in_order ON ops(execution, seq) WHERE seq IS NOT NULL;
CREATE INDEX ops_awaiting ON ops(callback) WHERE callback IS NOT NULL;
CREATE INDEX callbacks_of ON callbacks(execution);
CREATE INDEX payloads_of ON callback_payloads(callback);
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('executions',2);
COMMIT;
