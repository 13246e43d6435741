"""The rules that decided once, kept whole: whoever replays a decision asks them again."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from shared.entity import Record
from shared.handling import ForEver, Handling, Nobody, PersonalData, Stays


class PolicySet(Record):
    """One set of policy bundles; its id is its digest, which names it to the byte."""

    collection: ClassVar[str] = "policy_sets"
    handling: ClassVar = Handling(
        kept=ForEver("whatever it decided is replayed with it"),
        export=Nobody("the platform's own rules"),
        erasure=Stays("rules are about no person"),
    )
    personal: ClassVar = PersonalData(nobody="modules selection data")

    modules: Mapping[str, str]
    """The source of each module, by `<bundle>/<file>.rego`."""
    selection: Mapping[str, Sequence[str]]
    """Which bundles an act asks, by its family."""
    data: Mapping[str, Any]
    """What the rules look up."""
