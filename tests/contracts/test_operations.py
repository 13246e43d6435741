"""What is true of every operation, now and of those not yet written."""

import ast
import inspect
import re
from typing import get_args, get_origin

import pytest
from pydantic import TypeAdapter

from local.accounts import accounts
from local.server import application
from shared.actors import HOLDERS, Scope
from shared.answers import is_file
from shared.edge.catalog import operations
from shared.entity import Id
from shared.platform.rules import health
from shared.streams import LastEventId, Stream, event_name
from shared.texts import in_words
from tests import golden
from tests.contracts.test_walls import ROOT
from tests.parsed import every, parsed
from tests.worlds import World

every_operation = pytest.mark.parametrize("op", operations(), ids=lambda op: op.id)
UUID = "00000000-0000-4000-8000-00000000000a"


def path_of(op, tenant=""):
    id = f"{tenant}.{UUID}" if tenant else UUID
    return re.sub(r"{(\w+)}", lambda m: id if op.in_path[m[1]] is Id else named(op, m[1]), op.path)


def named(op, parameter):
    """Return a value of a parameter that is no id: the example of its type, else a number."""
    (example, *_) = TypeAdapter(op.in_path[parameter]).json_schema().get("examples", ["3"])
    return str(example)


def send(world: World, op, **given):
    path = given.pop("path", None) or path_of(op)
    return world.call(op.function, path, **given)


def told(finding):
    """Return what a rule finds wrong with any operation: a sentence each, with its id."""
    return [f"{op.id} {wrong}" for op in operations() for wrong in finding(op)]


def test_an_operation_is_named_as_its_file():
    def finding(op):
        if not op.function.__module__.endswith(f".{op.function.__name__}"):
            yield f"stands in {op.function.__module__}; name the file {op.function.__name__}.py"
        if not re.fullmatch(r"[a-z]+_[a-z_]+", op.function.__name__):
            yield "is no verb and noun, as in approve_approval"

    assert told(finding) == []


def test_an_address_says_all_that_it_takes_and_a_method_that_it_does_not_take_is_told_so(world):
    client = application(world.ports).test_client()
    others = {"GET", "POST", "PUT", "PATCH", "DELETE", "TRACE", "CONNECT", "BREW"}
    takes = {}
    for op in operations():
        takes.setdefault(path_of(op), set()).update(op.methods)
    assert [methods for methods in takes.values() if len(methods - {"HEAD"}) > 1]
    for path, methods in takes.items():
        for method in ("OPTIONS", *others - methods):
            answer = client.open(path, method=method)
            assert answer.status_code == (204 if method == "OPTIONS" else 405), (method, path)
            assert set(answer.headers["Allow"].split(", ")) == methods | {"OPTIONS"}, path


def test_a_name_fits_a_cloud_function():
    def finding(op):
        if not re.fullmatch(r"[a-z][a-z0-9-]{0,62}", op.function_name):
            yield f"would be deployed as {op.function_name}; a name has at most 63 letters"

    assert told(finding) == []


def test_what_a_body_names_and_is_not_there_is_no_missing_page():
    # 404 is about the address; a member that names nothing is 422 `dependency_missing`: `txn.named`.
    asked = re.compile(r"\.get\(\s*\w+,\s*body\.")
    files = [*(ROOT / "functions").rglob("*.py"), *(ROOT / "shared").rglob("*.py")]
    assert [str(file.relative_to(ROOT)) for file in files if asked.search(file.read_text())] == []


def test_every_kind_reads_as_words():
    kinds = golden.kinds_stored()
    said = {kind.__name__: in_words(kind) for kind in kinds}
    assert {n: w for n, w in said.items() if not re.fullmatch(r"[a-z]{2,}( [a-z]{2,})*", w)} == {}
    assert (said["PipelineRun"], said["PrecedentSeed"]) == ("pipeline run", "precedent seed")


def test_an_operation_says_what_it_does():
    def finding(op):
        if not re.fullmatch(r"[A-Z][^.]{,118}\.", op.summary):
            yield f"begins with {op.summary!r}; say in one sentence of up to 120 letters what it does"

    assert told(finding) == []


def test_a_path_takes_its_parameters_and_no_others():
    def finding(op):
        if set(re.findall(r"{(\w+)}", op.path)) != set(op.in_path):
            yield f"takes {sorted(op.in_path)} from {op.path}"
        if len(op.in_body) > 1 or len(op.in_query) > 1:
            yield f"takes more than one body or query: {sorted(op.inputs)}; Parameters are a query"
        if not op.path.startswith(op.dialect.prefixes):
            yield f"is at {op.path}; begin with {' or '.join(op.dialect.prefixes)}"

    assert told(finding) == []


def test_what_is_new_says_where_it_is():
    reads = {op.path for op in operations() if op.method == "GET"}

    def finding(op):
        at = [path for path in reads if re.fullmatch(re.escape(op.path) + r"/{\w+}", path)]
        plain = [form for form in op.answers.get(201, ()) if not form.located]
        if plain and at:
            yield f"answers 201 without Location; return Created, as it is read at {at[0]}"

    assert told(finding) == []


def test_a_location_is_where_something_is_read():
    reads = [op.pattern for op in operations() if op.method == "GET"]

    def finding(op):
        for node in every(parsed(inspect.getsource(inspect.getmodule(op.function)))):
            match node:
                case ast.Call(
                    func=ast.Name(id="Created" | "Accepted"),
                    args=[ast.JoinedStr() | ast.Constant() as said, *_],
                ):
                    path = "".join(
                        part.value if isinstance(part, ast.Constant) else UUID
                        for part in getattr(said, "values", [said])
                    )
                    if not any(pattern.fullmatch(path) for pattern in reads):
                        yield f"leads to {path}, where nothing is read"

    assert told(finding) == []


def test_what_changes_something_answers_no_file():
    def finding(op):
        if op.mutates and any(is_file(form.kind) for f in op.answers.values() for form in f):
            yield "answers a file, which no repeated request is answered with; say where one is"

    assert told(finding) == []


def test_a_stream_is_read_from_a_place_on_and_its_events_have_names_of_their_own():
    def finding(op):
        names = [event_name(kind) for kind in op.tells]
        if op.tells and (op.method != "GET" or LastEventId not in op.in_headers.values()):
            yield "tells a stream; let it be a GET that takes a LastEventId"
        if len({*names, "ping"}) <= len(names):
            yield f"tells {names}; give each kind a name of its own, and none is called ping"
        kinds = {get_origin(form.kind) for forms in op.answers.values() for form in forms}
        if Stream in kinds and not op.tells:
            yield "answers a stream or something else; a stream is all it answers"

    assert told(finding) == []
    assert [op.id for op in operations() if op.tells]


def test_an_id_in_a_path_is_an_id():
    def finding(op):
        for name, kind in op.in_path.items():
            rules = [r for one in get_args(kind)[1:] for r in (one, *getattr(one, "metadata", ()))]
            natural = any(getattr(rule, "pattern", None) for rule in rules)
            if name.endswith("_id") and kind is not Id and not natural:
                yield f"takes {name} as {kind}; say Id, or which texts it may be"

    assert told(finding) == []


def test_a_scope_exists_and_somebody_holds_it():
    def finding(op):
        for scope in op.scopes:
            if not HOLDERS[Scope(scope)]:
                yield f"takes {scope}, which no role holds"

    assert told(finding) == []


def test_only_reads_go_unrecorded_and_a_read_writes_nothing():
    def finding(op):
        if writes(op) and not op.audited and op.method != "GET":
            yield "writes, and is not audited"
        if writes(op) and not op.mutates:
            yield f"writes at {op.method}"

    assert told(finding) == []


def writes(op):
    source = inspect.getsource(op.function)
    return ".create(" in source or ".save(" in source


def test_an_operation_fits_its_page():
    def finding(op):
        source = inspect.getsource(inspect.getmodule(op.function))
        said = len(re.findall(r'^    """.*"""$', source, re.MULTILINE))
        lines = source.count("\n") - said
        if lines > 80:
            yield f"has {lines} lines of 80 besides what is said of members: a business decision may belong in rules.py"

    assert told(finding) == []


@every_operation
def test_a_stranger_is_turned_away(op, world):
    if op.public:
        for headers in ({}, {"X-Tenant-ID": "acme"}):
            answer = send(world, op, headers=headers)
            assert answer.status_code == (400 if op.mutates else 200), answer.data
    else:
        assert send(world, op).status_code == 401


@every_operation
def test_a_caller_without_the_scope_is_refused(op, world):
    holders = set().union(*(HOLDERS[scope] for scope in op.scopes), set())
    others = [a for a in accounts() if a.partition("@")[0] not in holders]
    for account in [] if op.public else others[:1]:
        answer = send(world, op, as_=account)
        assert answer.status_code == 403, answer.data
        assert answer.json["code"] == "forbidden"


@every_operation
def test_another_tenants_thing_does_not_exist(op, world):
    holders = set().union(*(HOLDERS[scope] for scope in op.scopes), set())
    customers = [a for a in accounts() if a.endswith("@acme") and a.partition("@")[0] in holders]
    if Id in op.in_path.values():
        for account in customers[:1]:
            answer = send(world, op, path=path_of(op, "globex"), as_=account)
            assert answer.status_code == 404, answer.data


@every_operation
def test_a_malformed_body_is_refused(op, world):
    holders = set().union(*(HOLDERS[scope] for scope in op.scopes), set())
    able = next((a for a in accounts() if a.partition("@")[0] in holders), None)
    if op.mutates:
        answer = send(world, op, as_=able, data='{"unknown": 1}', content_type="application/json")
        assert answer.status_code in {400, 422}, answer.data
        answer = send(world, op, as_=able, data="{", content_type="application/json")
        assert answer.status_code == 400, answer.data


def test_no_two_share_a_route():
    routes = [(op.method, re.sub(r"{\w+}", "{}", op.path)) for op in operations()]
    assert sorted(routes) == sorted(set(routes))


def test_every_folder_says_what_it_is():
    from importlib import import_module

    for area in {op.area for op in operations()}:
        said = (import_module(f"functions.{area}").__doc__ or "").strip()
        assert re.fullmatch(r"(?s)[A-Z].*\.", said), (
            f"say in functions/{area}/__init__.py what the area is for, in a sentence: people read it"
            " above its operations"
        )


def test_every_area_says_what_it_cannot_work_without():
    said, areas = set(health.DEPENDS), {op.area for op in operations()}
    where = "DEPENDS of shared/platform/rules/health.py"
    assert not areas - said, f"say in {where} what these cannot work without: {areas - said}"
    assert not said - areas, f"{where} names what is no area of the API: {said - areas}"
    known = health.ESSENTIAL | {"workflow_engine", "push", "files"}
    unknown = set().union(*health.DEPENDS.values()) - known
    assert not unknown, f"{where} names what nobody looks at: {unknown}"
