#!/usr/bin/env bash
# google-gax 5.0.8, its REST fallback: a refusal of the service reaches the caller undecoded, and is not tried again.
#
# Seen: what is refused in HTTP is thrown by the library below (gaxios) before gax reads it. The error's code is that of HTTP
# (404, 503) and its message the whole body; by gRPC they are 5, 14 and a sentence, and gax has code that would make the same
# of both. A retry of UNAVAILABLE (14), which gRPC does a hundred times in a second, does not happen: 503 is none of the codes
# that are named. Whoever handles errors by their code, or counts on a retry, depends on the transport.
set -euo pipefail
cd "$(mktemp -d)"
npm install --silent --no-audit --no-fund @google-cloud/workflows@4.4.0 google-gax@5.0.8
cat > ask.js <<'JS'
const { ExecutionsClient } = require("@google-cloud/workflows").v1;
const { PassThroughClient } = require("google-auth-library");
const assert = require("assert");
const http = require("http");

let asked = 0;
const server = http.createServer((request, response) => {
  asked += 1;
  const error = { code: 503, message: "come back later", status: "UNAVAILABLE" };
  response.writeHead(503, { "content-type": "application/json" }).end(JSON.stringify({ error }));
});
server.listen(0, "127.0.0.1", async () => {
  const where = { apiEndpoint: "127.0.0.1", port: server.address().port, protocol: "http", fallback: true };
  const client = new ExecutionsClient({ ...where, authClient: new PassThroughClient() });
  const retry = { retryCodes: [14], backoffSettings: { initialRetryDelayMillis: 1, retryDelayMultiplier: 1, maxRetryDelayMillis: 1, initialRpcTimeoutMillis: 5000, rpcTimeoutMultiplier: 1, maxRpcTimeoutMillis: 5000, totalTimeoutMillis: 1000 } };
  const name = "projects/p/locations/l/workflows/w/executions/e";
  const error = await client.getExecution({ name }, { retry }).then(() => null, (e) => e);
  assert.strictEqual(error.code, 503, "the code is that of gRPC now");
  assert(error.message.startsWith('{"error"'), "the message is a sentence now");
  assert.strictEqual(asked, 1, "UNAVAILABLE is tried again now");
  server.close();
});
JS
node ask.js
