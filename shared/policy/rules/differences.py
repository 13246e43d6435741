"""What one set of policy bundles says otherwise than another, for people."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from difflib import unified_diff
from typing import Any

from shared.errors import Invalid
from shared.policy.models.differences import MAX_SHOWN, BundleChanges, ChangedModule
from shared.policy.models.sets import PolicySet

COMPARED = 4_000
"""How many lines of a module are compared: the time it takes grows with their square."""


def changes(before: PolicySet, after: PolicySet, *, module: str | None = None) -> BundleChanges:
    """
    Return what a set says otherwise than another: all of it, or of one module.

    What would be too much at once is left off, but of the first: so each can be read by itself.

    Raises:
        Invalid: Neither has that module, so that nothing differs in it would say nothing.
    """
    was, now = _said(before), _said(after)
    if module is not None and module not in {*was, *now}:
        raise Invalid(
            f"neither set has a module {module}; without `module` all that differ are told",
            rule="unknown_module",
        )
    shown: list[ChangedModule] = []
    size = 0
    for one in _changed(was, now):
        if module not in (None, one.path):
            continue
        size += len(one.text or "") + len(one.difference or "")
        fits = not shown or size <= MAX_SHOWN
        shown.append(one if fits else one.model_copy(update={"text": None, "difference": None}))
    left_off = sum(one.difference is None for one in shown)
    return BundleChanges(id=after.id, before=before.id, modules=tuple(shown), left_off=left_off)


def _said(one: PolicySet) -> dict[str, str]:
    """Return everything that decides in a set, as texts by their paths."""
    return {**one.modules, "selection.json": _json(one.selection), "data.json": _json(one.data)}


def _json(said: Mapping[str, Any]) -> str:
    return json.dumps(said, indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def _changed(before: Mapping[str, str], after: Mapping[str, str]) -> Iterator[ChangedModule]:
    for path in sorted(before.keys() | after.keys()):
        was, now = before.get(path), after.get(path)
        if was == now:
            continue
        lines = _lines(path, was, now)
        own = lines[2:]
        yield ChangedModule(
            path=path,
            change="added" if was is None else "removed" if now is None else "changed",
            sha256=None if now is None else hashlib.sha256(now.encode()).hexdigest(),
            lines_added=sum(line.startswith("+") for line in own),
            lines_removed=sum(line.startswith("-") for line in own),
            text=now,
            difference="\n".join(lines),
        )


def _lines(path: str, was: str | None, now: str | None) -> list[str]:
    """Return what differs as ``diff -u`` writes it; of more lines than can be compared in time, all of them."""
    names = (path if was is not None else "/dev/null", path if now is not None else "/dev/null")
    old, new = (was or "").splitlines(), (now or "").splitlines()
    if max(len(old), len(new)) > COMPARED:
        every = [*(f"-{line}" for line in old), *(f"+{line}" for line in new)]
        return [f"--- {names[0]}", f"+++ {names[1]}", f"@@ -1,{len(old)} +1,{len(new)} @@", *every]
    return list(unified_diff(old, new, *names, lineterm=""))
