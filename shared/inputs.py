"""What comes with a request that is no usual body: the query of its address, headers of its own, a merge patch."""

from collections.abc import Iterable, Iterator
from types import NoneType, UnionType
from typing import Annotated, Any, ClassVar, TypeVar, Union, get_args, get_origin

from shared.entity import Value
from shared.records import dataclass

M = TypeVar("M", bound=Value)

_LEAVES = frozenset({str, int, float, bool, NoneType})


class Parameters(Value):
    """
    What stands in the query of an address, also where there is a body.

    A member that is a list is a parameter that may be repeated: ``?tag=a&tag=b``.
    """


class MergePatch(Value):
    """
    A body that changes members of something (RFC 7396): null removes one, and what is absent stays.

    Every member has a default, which stands for what is absent and means nothing. An object within one is changed
    likewise, and so a patch itself; what is in a list comes whole.
    """

    media_type: ClassVar[str] = "application/merge-patch+json"

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:
        """Refuse a patch in which an object would be taken for all of it."""
        super().__pydantic_init_subclass__(**kwargs)
        for name, field in cls.model_fields.items():
            for kind in _alternatives(field.annotation):
                if issubclass(kind, Value) and not issubclass(kind, MergePatch):
                    raise TypeError(
                        f"{cls.__name__}.{name} stands in a patch; make {kind.__name__} one"
                    )

    @property
    def said(self) -> dict[str, Any]:
        """The members that were sent, null included; of a patch within it likewise."""
        sent = {name: getattr(self, name) for name in self.model_fields_set}
        return {
            name: value.said if isinstance(value, MergePatch) else value
            for name, value in sent.items()
        }


def _alternatives(kind: Any) -> Iterator[type]:
    """Yield the types that a member may be, without those of its items."""
    if get_origin(kind) in {Union, UnionType}:
        for one in get_args(kind):
            yield from _alternatives(one)
    elif get_origin(kind) is Annotated:
        yield from _alternatives(get_args(kind)[0])
    elif isinstance(kind, type) and not get_origin(kind):
        yield kind


@dataclass(frozen=True)
class FromHeader:
    """
    Beside the type of a parameter: that it is a header.

    ``signature: Annotated[str, FromHeader("Stripe-Signature", "The signatures of the body.")]``; one that may
    be absent may be None.
    """

    name: str
    description: str


def header_of(kind: Any) -> FromHeader | None:
    """Return the header that a parameter is, if it is one."""
    said = get_args(kind)[1:] if get_origin(kind) is Annotated else ()
    return next((one for one in said if isinstance(one, FromHeader)), None)


def may_be_absent(kind: Any) -> bool:
    """Say whether None is one of the values of a type."""
    inner = get_args(kind)[0] if get_origin(kind) is Annotated else kind
    return NoneType in get_args(inner)


def whole(value: M) -> M:
    """
    Return a value that came from outside as if it had been made here: with all members, in every part.

    A patch alone keeps what was sent.
    """
    if not isinstance(value, MergePatch):
        value.model_fields_set.update(type(value).__pydantic_fields__)
    _each_whole(vars(value).values())
    return value


def _each_whole(members: Iterable[Any]) -> None:
    for member in members:
        # Most of what comes are texts: they are passed over first.
        if type(member) in _LEAVES:
            continue
        if isinstance(member, Value):
            whole(member)
        elif isinstance(member, list | tuple):
            _each_whole(member)
        elif isinstance(member, dict):
            _each_whole(member.values())
