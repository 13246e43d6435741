"""What a set of policy bundles changes, line by line, as whoever decides about it reads it."""

from typing import Annotated, Literal

from pydantic import Field

from shared.entity import Code, Hex64, Printed, Value

MAX_SHOWN = 512 * 1024
"""How much is shown at once, in characters: what is left off is asked for by its path."""


class ChangedModule(Value):
    """One module that would say something else than it does."""

    path: Code
    """Which one: `<bundle>/<file>.rego`, `selection.json` for which acts ask which bundles, or `data.json` for what rules look up."""
    change: Literal["added", "changed", "removed"]
    """Whether it is there only in this set, in both, or only in the other."""
    sha256: Hex64 | None
    """The SHA-256 over what it would say; null where it would be gone."""
    lines_added: Annotated[int, Field(ge=0)]
    """How many lines it would have that it has not."""
    lines_removed: Annotated[int, Field(ge=0)]
    """How many lines it has that it would not have."""
    text: Printed | None
    """All that it would say; null where it would be gone, and where it is left off."""
    difference: Printed | None
    """What differs, as `diff -u` writes it: what is in force with `-`, what would be with `+`; null where it is left off."""


class BundleChanges(Value):
    """What a set of policy bundles changes."""

    id: Hex64
    """The digest of the set."""
    before: Hex64
    """The digest of the set that it is held against: the one it was asked over, else the one in force."""
    modules: tuple[ChangedModule, ...]
    """Everything that differs, by its path; nothing else does."""
    left_off: Annotated[int, Field(ge=0)]
    """Of how many of them the text is left off, as all together would be too much: ask for each by `module`."""
