"""What somebody says who objects."""

from typing import Annotated

from pydantic import Field

from shared.approvals.models.parts import Attachment, VetoCategory
from shared.entity import Text, Value


class Grounds(Value):
    """On which ground somebody objects, and why."""

    category: VetoCategory
    """On which ground you object."""
    explanation: Annotated[Text, Field(min_length=10)]
    """Why, in your words; everybody who was involved reads it."""
    attachments: Annotated[tuple[Attachment, ...], Field(max_length=5)] = ()
    """Documents that go with it, announced here and uploaded afterwards."""
