"""Google's models on Vertex AI, by its REST API: `generateContent`, and `predict` for embeddings."""

import json
import random
from collections.abc import Mapping, Sequence
from typing import Any

from shared.edge.addresses import path
from shared.edge.compatible import points, read, refused, strange, tokens
from shared.edge.http_client import Caller
from shared.edge.language_models import Placed, Said
from shared.language_models import Prompt

WITHIN_S = 60.0
TIMEOUT_S = 15.0
PAUSES_S = (1.0, 2.0, 4.0)
ENDS = {"STOP": True, "MAX_TOKENS": False}
UNSAFE = {
    *("SAFETY", "RECITATION", "BLOCKLIST", "PROHIBITED_CONTENT", "SPII", "LANGUAGE"),
    *("MODEL_ARMOR", "IMAGE_SAFETY"),
}
"""Why a model ends that was kept from answering."""


class VertexModels:
    """Google's own models in a region."""

    def __init__(self, project: str, location: str, base: str = "", **options: Any) -> None:
        """
        Say where they are; nothing is connected before the first prompt.

        Args:
            project: The project.

            location: The region that what is asked does not leave.

            base: The address of Vertex AI; the region's own without it.

            options: How it is called, as `Caller` takes it.
        """
        parent = path("projects", project, "locations", location, "publishers", "google")
        base = base or f"https://{location}-aiplatform.googleapis.com"
        self._models = f"{base}/v1/{parent}/models"
        usual = {"timeout_s": TIMEOUT_S, "within_s": WITHIN_S, "pause": _pause}
        self._caller = Caller("vertex", **{**usual, **options})

    def complete(self, model: str, prompt: Prompt) -> Said:
        """Return what a model says."""
        system = [one for one in prompt.messages if one.role == "system"]
        turns = [one for one in prompt.messages if one.role != "system"]
        body: dict[str, Any] = {
            "contents": [
                {
                    "role": "model" if one.role == "assistant" else "user",
                    "parts": [{"text": one.text}],
                }
                for one in turns
            ],
            "generationConfig": _configured(prompt),
        }
        if system:
            body["systemInstruction"] = {"parts": [{"text": one.text} for one in system]}
        answer = self._asked(model, "generateContent", body)
        text, whole = _text(answer)
        used = tokens(answer, "usageMetadata")
        said, thought = used("candidatesTokenCount"), used("thoughtsTokenCount")
        # What a model thinks before it speaks is billed as what it says.
        out = None if said is None else said + (thought or 0)
        return Said(text, whole, used("promptTokenCount"), out, _model(answer))

    def embed(self, model: str, texts: Sequence[str]) -> Placed:
        """Return where texts are."""
        answer = self._asked(model, "predict", {"instances": [{"content": one} for one in texts]})
        try:
            found = [one["embeddings"] for one in answer["predictions"]]
            if len(found) != len(texts):
                raise strange()
            vectors = points([one["values"] for one in found])
        except (LookupError, TypeError, ValueError):
            raise strange() from None
        # Counts are numbers of JSON there, with a fraction that is none.
        counts = [one.get("statistics", {}).get("token_count") for one in found]
        known = all(isinstance(one, int | float) for one in counts)
        return Placed(vectors, int(sum(counts)) if known else None)

    def _asked(self, model: str, verb: str, body: Mapping[str, Any]) -> Any:
        headers = {"Content-Type": "application/json"}
        url = f"{self._models}/{path(model)}:{verb}"
        answer = self._caller.request("POST", url, body=json.dumps(body).encode(), headers=headers)
        return read(answer.status, answer.parsed)


def _configured(prompt: Prompt) -> dict[str, Any]:
    configured: dict[str, Any] = {
        "temperature": prompt.temperature,
        "maxOutputTokens": prompt.max_tokens,
        "topP": prompt.top_p,
        "seed": prompt.seed,
    }
    if prompt.answers is not None:
        configured |= {
            "responseMimeType": "application/json",
            "responseJsonSchema": prompt.answers,
        }
    return {name: value for name, value in configured.items() if value is not None}


def _text(answer: Any) -> tuple[str, bool]:
    """Return what was said, without what was only thought, and whether it came to its end."""
    try:
        if (answer.get("promptFeedback") or {}).get("blockReason"):
            raise refused()
        candidate = answer["candidates"][0]
        ended = candidate["finishReason"]
        if ended in UNSAFE:
            raise refused()
        whole = ENDS[ended]
        parts = candidate.get("content", {}).get("parts", [])
        return "".join(one.get("text", "") for one in parts if not one.get("thought")), whole
    except (LookupError, TypeError, AttributeError):
        raise strange() from None


def _model(answer: Any) -> str | None:
    said = answer.get("modelVersion")
    return said[:200] if isinstance(said, str) and said else None


def _pause(attempt: int) -> float:
    return PAUSES_S[min(attempt, 2)] * random.uniform(1, 1.25)  # noqa: S311 - jitter
