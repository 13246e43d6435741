"""A decision in words: why it is so, and what would make it pass."""

from collections.abc import Iterator

from shared.deciding import Decision


def explained(decision: Decision) -> tuple[str, ...]:
    """Return the sentences that say why a decision is as it is."""
    return tuple(_sentences(decision))


def _sentences(decision: Decision) -> Iterator[str]:
    action = decision.input["action"]["name"]
    match decision.verdict:
        case "deny":
            yield f"{action} was denied by {_counted(len(decision.reasons), 'rule')}; all of them must let it pass."
        case "require_approval":
            yield f"{action} needs an approval before it may be done."
        case _:
            yield f"{action} was allowed, as {_listed(decision.matched) or 'no rule'} let it pass."
    for reason in decision.reasons:
        yield f"{_sentence(reason.message)} ({reason.policy}/{reason.rule})"
    if decision.approval:
        needed = decision.approval
        within = f" within {needed.within_s} seconds" if needed.within_s else ""
        yield f"It takes an approval of the type {needed.type}{within}: once it is granted, send exactly the same again with it (X-Approval-ID, or approval_id of a tool)."
    for one in decision.obligations:
        how = ", ".join(f"{name} {value}" for name, value in sorted(one.parameters.items()))
        yield f"It was allowed under an obligation: {one.type}{f' ({how})' if how else ''}, by {one.source_rule}."
    for said in (*decision.alerts, *decision.notes):
        yield f"{said.policy}/{said.rule} says of it: {_sentence(said.message)}"
    if decision.verdict == "deny":
        yield "Change what the reasons name, and send it again: each time it is decided anew."


_DOOR = {
    "forbidden": "Whoever asked holds no scope that it asks for; an admin gives a role that holds one.",
    "not_governor": "A scope is not enough: it is for the Governor of what it is about; ask that Governor.",
}
"""What would make it pass, by the code of the refusal, where it is not about the thing itself."""


def refused(action: str, reasons: tuple[str, ...], said: str = "") -> tuple[str, ...]:
    """
    Return the sentences for who was refused by no rule: at the door, or by what they asked for.

    Args:
        action: What they asked for.

        reasons: The codes of the refusal.

        said: What they were told, with what to do.
    """
    door = "forbidden" in reasons
    when = "before any rule was asked" if door else "by what it is about, and by no rule"
    return (
        f"{action} was refused {when}: {_listed(reasons)}.",
        *((_sentence(said),) if said else ()),
        *(_DOOR[reason] for reason in reasons if reason in _DOOR),
    )


def _sentence(message: str) -> str:
    return message[:1].upper() + message[1:].rstrip(".") + "."


def _counted(n: int, thing: str) -> str:
    return f"one {thing}" if n == 1 else f"{n} {thing}s"


def _listed(names: tuple[str, ...]) -> str:
    return ", ".join(names)
