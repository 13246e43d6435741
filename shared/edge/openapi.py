"""The API's description (OpenAPI 3.1), rendered from the operations themselves."""

import json
from collections.abc import Iterator, Mapping
from datetime import timedelta
from functools import cache
from importlib import import_module
from itertools import starmap
from types import UnionType
from typing import Any

from shared import examples
from shared.actors import HOLDERS, MAX_AUTH_AGE, Role, Scope
from shared.answers import Download, Form
from shared.edge import headers, refusing
from shared.edge.catalog import operations
from shared.edge.headers import Header
from shared.edge.problems import status_in
from shared.edge.schemas import Schema, example, of_event, schemas
from shared.entity import Entity
from shared.facts import of_inputs
from shared.inputs import may_be_absent
from shared.operation import Operation
from shared.release import VERSION
from shared.streams import Stream, event_name


@cache
def openapi() -> Schema:
    """Return the whole description; it is made once, so leave it as it is."""
    return described(operations())


def described(found: list[Operation]) -> Schema:
    """Return the description of some operations."""
    by_place, definitions = schemas(found)
    paths: Schema = {}
    for op in found:
        paths.setdefault(op.path, {})[op.method.lower()] = _Described(
            op, by_place, definitions
        ).all()
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "WAOOAW",
            "version": VERSION,
            "summary": "A marketplace of AI agents that stay governed.",
            "description": _INTRODUCTION,
        },
        "servers": [{"url": "/"}],
        "tags": [
            {"name": area, "description": import_module(f"functions.{area}").__doc__ or ""}
            for area in sorted({op.area for op in found})
        ],
        "paths": dict(sorted(paths.items())),
        "components": {
            "schemas": dict(sorted((definitions | refusing.schemas(found)).items())),
            "responses": dict(sorted(refusing.answers(found).items())),
            "headers": {
                one.name: _of_header(one)
                for one in (
                    *(headers.ETAG, headers.ENTRY, headers.REQUEST, headers.RETRY, headers.STORY),
                    *(headers.LOCATION, headers.DISPOSITION, headers.DECISION, *headers.PACES),
                )
            },
            "securitySchemes": {
                "token": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}
            },
        },
    }


class _Described:
    """One operation's description."""

    def __init__(
        self, op: Operation, schemas: Mapping[Any, Schema], definitions: Mapping[str, Schema]
    ) -> None:
        self.op, self.schemas, self.definitions = op, schemas, definitions

    def all(self) -> Schema:
        op = self.op
        described: Schema = {
            "operationId": op.id,
            "tags": [op.area],
            "summary": op.summary,
            "parameters": [*self._in_path(), *self._in_query(), *self._in_headers()],
            "responses": self._successes() | self._problems(),
            "security": [] if op.public else [{"token": []}],
            "x-scopes": sorted(op.scopes),
        }
        described["description"] = "\n\n".join(filter(None, (op.description, _allowed(op))))
        if op.mutates:
            described["x-policy-facts"] = of_inputs(op.inputs.values())
        if op.in_body:
            described["requestBody"] = self._body()
        return described

    def _schema(self, name: str | int) -> Schema:
        return self.schemas[(self.op.id, name)]

    def _in_path(self) -> Iterator[Schema]:
        for name in self.op.in_path:
            yield {
                "name": name,
                "in": "path",
                "required": True,
                "description": IN_PATH.get(
                    name, f"Which {name.removesuffix('_id').replace('_', ' ')}."
                ),
                "schema": self._schema(name),
                "example": _STANDING.get(name, example(self._schema(name), self.definitions)),
            }

    def _in_query(self) -> Iterator[Schema]:
        for name in self.op.in_query:
            schema = self._schema(name)
            model = self.definitions[schema["$ref"].rpartition("/")[2]]
            for field, member in model.get("properties", {}).items():
                required = field in model.get("required", [])
                schema = _in_a_query(member)
                yield {
                    "name": field,
                    "in": "query",
                    "required": required,
                    "description": member.get("description", ""),
                    "schema": schema,
                }

    def _in_headers(self) -> Iterator[Schema]:
        for header, required in headers.given(self.op):
            yield {"name": header.name, "in": "header", "required": required} | _of_header(header)
        for name, kind in self.op.in_headers.items():
            yield {
                "name": self.op.headers[name].name,
                "in": "header",
                "required": not may_be_absent(kind),
                "description": self.op.headers[name].description,
                "schema": _in_a_query(self._schema(name)),
            }

    def _body(self) -> Schema:
        types = self.op.media_types or ("*/*",)
        if self.op.content:
            content: Schema = {"schema": {"format": "binary"}}
        else:
            (name,) = self.op.in_body
            schema = self._schema(name)
            content = {"schema": schema, "example": example(schema, self.definitions)}
        return {"required": True, "content": dict.fromkeys(types, content)}

    def _successes(self) -> Schema:
        found = {str(status): self._success(status) for status in self.op.answers}
        if any(_is(form, Download) for forms in self.op.answers.values() for form in forms):
            found |= _OF_A_PART
        return found

    def _success(self, status: int) -> Schema:
        forms = self.op.answers[status]
        content: Schema = {
            form.media_type: _BYTES if _is(form, Download) else _TEXT
            for form in forms
            if form.media_type
        }
        if self.op.tells:
            content[Stream.media_type] = self._events()
        if status in self.op.shapes:
            schema = self._schema(status)
            value = example(schema, self.definitions)
            content = {self.op.dialect.media_type: {"schema": schema, "example": value}} | content
        told = [headers.STORY, headers.REQUEST]
        told += [headers.ETAG] * any(_is(form, Entity | Download) for form in forms)
        told += [headers.LOCATION] * any(form.located for form in forms)
        told += [headers.DISPOSITION] * any(_is(form, Download) for form in forms)
        told += [headers.ENTRY, headers.DECISION] * self.op.mutates
        return {
            "description": _SAID.get(status, "Done."),
            "headers": headers.named(*told),
            "content": content,
        }

    def _events(self) -> Schema:
        """Describe a stream: event by event, each with what it says in JSON."""
        told = {event_name(kind): self._schema(of_event(kind)) for kind in self.op.tells}
        (first, schema), *_ = told.items()
        value = json.dumps(example(schema, self.definitions))
        return {
            "schema": {
                "type": "string",
                "contentMediaType": Stream.media_type,
                "contentSchema": {
                    "type": "array",
                    "items": {"oneOf": [*starmap(_event, told.items()), _PING]},
                },
            },
            "example": f"id: {examples.NOTIFICATION}@{examples.NOW}\nevent: {first}\ndata: {value}\n\n",
        }

    def _problems(self) -> Schema:
        return {
            str(status_in(self.op.dialect, kinds[0].status)): {
                "$ref": f"#/components/responses/{name}"
            }
            for name, kinds in refusing.possible(self.op).items()
        }


def _event(name: str, said: Schema) -> Schema:
    """Describe one event of a stream (HTML 9.2)."""
    data = {"type": "string", "contentMediaType": "application/json", "contentSchema": said}
    return {
        "type": "object",
        "required": ["id", "event", "data"],
        "properties": {
            "id": {"type": "string", "description": "Where it is: send it as `Last-Event-ID`."},
            "event": {"const": name, "description": "What it tells of."},
            "data": {**data, "description": "What it tells, in JSON."},
        },
    }


def _in_a_query(member: Schema) -> Schema:
    """Describe a parameter, which is there or is not: null has no text in an address."""
    schema = {word: said for word, said in member.items() if word != "description"}
    options = [one for one in schema.pop("anyOf", []) if one != {"type": "null"}]
    if schema.get("default", "") is None:
        del schema["default"]
    if len(options) == 1:
        schema |= options[0]
    elif options:
        schema["anyOf"] = options
    return schema


def _allowed(op: Operation) -> str:
    """Say who may call an operation: the scopes, the roles that hold them, and how fresh their sign-in must be."""
    if op.public:
        return "Open to anybody."
    return "\n".join(_held(scope) for scope in sorted(op.scopes))


def _held(scope: Scope) -> str:
    roles = ", ".join(f"`{role}`" for role in sorted(HOLDERS[scope]))
    held = "every role" if HOLDERS[scope] == set(Role) else roles
    fresh = MAX_AUTH_AGE.get(scope)
    if fresh is None:
        return f"Scope `{scope}`: {held}."
    minutes = fresh // timedelta(minutes=1)
    return f"Scope `{scope}`: {held}; people must have signed in within the last {minutes} minutes."


def _of_header(header: Header) -> Schema:
    return {"description": header.description, "schema": header.schema}


def _is(form: Form, kinds: type | UnionType) -> bool:
    return isinstance(form.kind, type) and issubclass(form.kind, kinds)


IN_PATH = {
    "address": "The permission to upload, as the answer to announcing the document gave it.",
    "agent_id": "Which agent; `GET /v1/agents` lists them.",
    "alert_id": "Which difference; `GET /v1/policies/drift` lists those that are there still, as `alerts`.",
    "approval_id": "Which question; `GET /v1/approvals` lists those that are open.",
    "bundle_id": "Which set of policy bundles, by its digest; `GET /v1/policy/bundles` lists them.",
    "dead_letter_id": "Which message; `GET /v1/events/dead-letters` lists them.",
    "decision_id": "Which decision: what a refusal says as `decision_id`, and each answer to a change as `X-Decision-ID`.",
    "device_id": "Which device: what registering it answered.",
    "draft_id": "Which proposal: what making it answered as `id`.",
    "export_id": "Which export: what asking for it answered as `id`.",
    "incident_id": "Which incident, by its `id`; a number such as INC-000008 opens nothing.",
    "industry_id": "Which industry; `GET /v1/industries` lists them.",
    "job_id": "Which job: what asking for the work answered as `id`, and in `Location`.",
    "job_role_id": "Which job role; `GET /v1/genesis/job-roles` lists them.",
    "key": "Which feature flag.",
    "mandate_id": "Which consent: what giving it answered as `id`.",
    "name": "Whose breaker, as `GET /v1/admin/circuit-breakers` names it.",
    "notification_id": "Which notice; `GET /v1/notifications` lists yours.",
    "policy_id": "Which version of a policy; `GET /v1/policies` lists them.",
    "projection": "Which projection, by its name.",
    "role_request_id": "Which request; `GET /v1/role-requests` lists them, and asking answered it as `id`.",
    "reference": "Which reference agent; `GET /v1/reference-agents` lists them.",
    "part": "Which part of the export, from 1 on.",
    "release_id": "Which release: the agent's `release_id`.",
    "scope": "Whose budget: `agent:{id}`, `trial:{id}`, `project:{id}`, `customer:{tenant}`, `platform` or `cloud`.",
    "seed_id": "Which seed, by its `id`; a number such as GEN-005 opens nothing.",
    "number": "Which seed, by the number it is cited by.",
    "skill_id": "Which skill; `GET /v1/genesis/skills` lists them.",
    "stage": "Which stage of the pipeline, from 1 to 7.",
    "veto_id": "Which objection; `GET /v1/vetoes` lists them.",
    "violation_id": "Which violation; `GET /v1/mobile/violations` lists them.",
    "user_id": "Which person, as their tokens name them in `sub`.",
    "workflow_id": "Which run of the pipeline: the agent's `workflow_id`.",
}
"""What stands in a path."""

_STANDING = {
    "address": examples.UPLOAD,
    "agent_id": examples.AGENT,
    "alert_id": examples.DRIFT_ALERT,
    "approval_id": examples.APPROVAL,
    "bundle_id": examples.BUNDLE,
    "dead_letter_id": examples.DEAD_LETTER,
    "decision_id": examples.DECISION,
    "device_id": examples.DEVICE,
    "draft_id": examples.DRAFT,
    "export_id": examples.EXPORT,
    "incident_id": examples.INCIDENT,
    "industry_id": examples.INDUSTRY,
    "job_id": examples.EXPORT,
    "job_role_id": examples.JOB_ROLE,
    "mandate_id": examples.MANDATE,
    "notification_id": examples.NOTIFICATION,
    "policy_id": examples.POLICY,
    "role_request_id": examples.ROLE_REQUEST,
    "projection": "mobile.dashboard",
    "part": 1,
    "reference": "AGT-MKT-HEALTH-001",
    "release_id": examples.RELEASE,
    "seed_id": examples.SEED,
    "skill_id": examples.SKILL,
    "stage": 3,
    "veto_id": examples.VETO,
    "violation_id": examples.VIOLATION,
    "workflow_id": examples.WORKFLOW,
}
"""What stands in a path in the story that the examples tell."""


_SAID = {
    201: "Done: there is something new.",
    202: "Taken, and not done yet.",
    303: "See elsewhere.",
}
"""What a success is called, by its status."""

_PING = _event("ping", {"type": "object", "properties": {}})
"""Everything is told up to its `id`."""

_TEXT: Schema = {"schema": {"type": "string"}, "example": "text"}
_BYTES: Schema = {"schema": {"type": "string", "format": "binary"}}
_OF_A_PART: Schema = {
    "206": {"description": "A part, as `Range` asked.", "content": {"*/*": _BYTES}},
    "304": {"description": "It is still the one that `If-None-Match` names.", "content": {}},
}

_INTRODUCTION = """\
Every answer of no is a problem document (RFC 9457) with a stable `code`. Send an `Idempotency-Key` with
every change: the same key answers the same and acts once. Lists are read page by page with the `cursor`
that the last page gave. Another tenant's documents do not exist.\
"""
