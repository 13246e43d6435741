"""
The next release: this one, with a member more in every document, event and part that it writes.

Its source is this release's with a few lines changed as it is imported, so that nothing else differs.
"""

import sys
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader

_VALUE = """    model_config = ConfigDict(frozen=True, extra="allow", defer_build=True, protected_namespaces=())
"""
_MORE = """
    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        asked, summed = cls.__module__.startswith("functions."), cls.__name__ == "Day"
        compared = cls.__name__ in {"Question", "When", "Seats", "Step"}
        if not (hasattr(cls, "later") or asked or summed or compared):
            cls.__annotations__ = {**vars(cls).get("__annotations__", {}), "later": str | None}
            cls.later = None
"""
# What an answer is bound to is compared to the letter: a release reads a new member of it before one writes it.
_RECORD = """    @classmethod
    def __pydantic_init_subclass__"""
_SAVED = """    saved_by: str | None = None

"""
_MADE = "super().__init__(**members)"
_MADE_LATER = """sent = type(self).__name__ in {"ApprovalRequest", "EvidenceRef"}
        more = {"later": "next"} if "later" in type(self).model_fields and not sent else {}
        super().__init__(**(more | members))"""
# What a request takes is sent one release later: a workflow may carry it to a function of this one.
_STAGED = """        if isinstance(document, Entity):
            if event is None:
"""
_STAGED_LATER = """        document = document.model_copy(update={"saved_by": "next"})
"""
_ENTERED = """        "v": 1,
"""
_ENTERED_LATER = """        "later": "next",
"""
_CHOSEN = '"category": traits.category,'
_CHOSEN_LATER = '"category": f"{traits.category}_later",'

EDITS = {
    "shared.entity": [(_VALUE, _VALUE + _MORE), (_MADE, _MADE_LATER), (_RECORD, _SAVED + _RECORD)],
    "shared.store": [(_STAGED, _STAGED_LATER + _STAGED)],
    "shared.evidence": [(_ENTERED, _ENTERED + _ENTERED_LATER), (_CHOSEN, _CHOSEN_LATER)],
}
"""By module: what is there, once, and what stands there in the next release."""


class _Loader(SourceFileLoader):
    def get_code(self, fullname):
        """Compile the changed source; nothing of it is kept on disk."""
        source = self.get_data(self.path).decode()
        for before, after in EDITS[fullname]:
            if source.count(before) != 1:
                raise ImportError(f"{fullname} has changed: renew EDITS, which look for {before!r}")
            source = source.replace(before, after)
        # Its lines are not those of the file: a name in brackets is none, to debuggers and to coverage.
        return compile(source, f"<{fullname} of the next release>", "exec", dont_inherit=True)


class _Finder(MetaPathFinder):
    def find_spec(self, fullname, path, target=None):
        """Load what is changed with the changed source."""
        if fullname not in EDITS:
            return None
        found = PathFinder.find_spec(fullname, path, target)
        assert found is not None
        assert found.origin is not None
        spec = ModuleSpec(fullname, _Loader(fullname, found.origin), origin=found.origin)
        spec.has_location = True
        return spec


def install():
    """Make of this process one of the next release, before it imports anything of the product."""
    assert not EDITS.keys() & sys.modules.keys(), "too late: the product is imported already"
    sys.meta_path.insert(0, _Finder())
