"""What happens to notices, devices and what comes from them, as it is announced."""

from shared.entity import Code, Event, Hex64


class VetoDocumented(Event, action="veto.documented", category="governance_decision"):
    """A document was announced to go with a veto; its digest says which."""

    sha256: Hex64
    content_type: Code
    size: int
