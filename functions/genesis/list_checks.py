from pydantic import ConfigDict

from shared.actors import PLATFORM, Scope
from shared.entity import Value
from shared.genesis.rules.codes import CODES, Code, Subject
from shared.operation import Call, operation


class Codes(Value):
    """Codes, in the order in which things are made."""

    items: tuple[Code, ...]
    """Every code that was asked for, with what it asks."""


class CodeFilter(Value):
    """Which codes."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"about": "agent"}]})

    about: Subject | None = None
    """Only codes of checks on this."""


@operation("GET", "/v1/genesis/checks", scopes={Scope.GENESIS_READ}, audited=False, tenant=PLATFORM)
def list_checks(_call: Call, query: CodeFilter) -> Codes:
    """List what the codes of checks, reviews and refusals ask, and whose judgement they are."""
    return Codes(items=tuple(one for one in CODES if query.about in {None, one.about}))
