"""How an address refuses what none of its operations and methods has seen: as its clients know refusals."""

from typing import Any

from shared.dialects import spoken_at
from shared.edge.problems import written
from shared.errors import Refusal

OF_GOOGLE = ("/v1/projects/", "/v1beta/")
"""How addresses of the workflow engine begin, and of what Google has beside it and is not here."""


def refused(refusal: Refusal, *, path: str, correlation_id: str) -> tuple[dict[str, Any], str]:
    """Write a refusal, and name the media type of that."""
    if path.startswith(OF_GOOGLE):
        # Most processes serve no workflow.
        from local.workflows.statuses import by_code

        return by_code(refusal.status, refusal.detail).body(), "application/json"
    return written(refusal, dialect=spoken_at(path), path=path, correlation_id=correlation_id)
