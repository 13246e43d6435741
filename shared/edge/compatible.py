"""Models at an endpoint that speaks as OpenAI's does: ``/chat/completions`` and ``/embeddings``."""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from pydantic import SecretStr

from shared.edge.language_models import Placed, Said
from shared.errors import Invalid, ProviderDown
from shared.language_models import Prompt
from shared.outside import HttpClient, HttpResponse

WITHIN_S = 60.0
REJECTED = {400, 413, 422}
ENDS = {"stop": True, "length": False}


class CompatibleModels:
    """A provider at an address that a customer may have named: it is reached as those are."""

    def __init__(
        self, base: str, client: HttpClient, key: Callable[[], SecretStr | None] = lambda: None
    ) -> None:
        """Say where it is, what reaches it, and what it knows us by."""
        self._base, self._client, self._key = base.rstrip("/"), client, key

    def complete(self, model: str, prompt: Prompt) -> Said:
        """Return what a model says."""
        body: dict[str, Any] = {
            "model": model,
            "messages": [{"role": one.role, "content": one.text} for one in prompt.messages],
            "max_tokens": prompt.max_tokens,
            "temperature": prompt.temperature,
        }
        more = {"top_p": prompt.top_p, "seed": prompt.seed}
        body |= {name: value for name, value in more.items() if value is not None}
        if prompt.answers is not None:
            schema = {"name": "answer", "strict": True, "schema": prompt.answers}
            body["response_format"] = {"type": "json_schema", "json_schema": schema}
        answer = self._asked("/chat/completions", body)
        try:
            (choice,) = answer["choices"]
            message, ended = choice["message"], choice["finish_reason"]
            if message.get("refusal") or ended == "content_filter":
                raise refused()
            text, whole = message["content"], ENDS[ended]
            if not isinstance(text, str):
                raise strange()
        except (LookupError, TypeError, ValueError, AttributeError):
            raise strange() from None
        usage = tokens(answer, "usage")
        return Said(text, whole, usage("prompt_tokens"), usage("completion_tokens"), _model(answer))

    def embed(self, model: str, texts: Sequence[str]) -> Placed:
        """Return where texts are."""
        answer = self._asked("/embeddings", {"model": model, "input": list(texts)})
        try:
            data = sorted(answer["data"], key=lambda one: one["index"])
            if [one["index"] for one in data] != list(range(len(texts))):
                raise strange()
            vectors = points([one["embedding"] for one in data])
        except (LookupError, TypeError, ValueError):
            raise strange() from None
        return Placed(vectors, tokens(answer, "usage")("prompt_tokens"), _model(answer))

    def _asked(self, path: str, body: Mapping[str, Any]) -> Any:
        key = self._key()
        headers: dict[str, str | SecretStr] = {"Content-Type": "application/json"}
        if key is not None:
            headers["Authorization"] = SecretStr(f"Bearer {key.get_secret_value()}")
        answer = self._client.send(
            "POST",
            self._base + path,
            headers=headers,
            body=json.dumps(body).encode(),
            repeatable=True,
            within_s=WITHIN_S,
        )
        return read(answer.status, _json(answer))


def read(status: int, body: Any) -> Any:
    """
    Return what a provider answered.

    Raises:
        Invalid: It refuses the content.
        ProviderDown: It does not answer.
    """
    if status in REJECTED:
        raise Invalid("the provider of the model refuses the request", rule="provider_rejected")
    if status != 200:
        raise ProviderDown(f"the provider of the model answered {status}", retry_after_s=10)
    return body


def points(vectors: Sequence[Sequence[Any]]) -> tuple[tuple[float, ...], ...]:
    """Return points as they are, which must be of one length."""
    found = tuple(tuple(map(float, one)) for one in vectors)
    if len({len(one) for one in found}) != 1 or not found[0]:
        raise ValueError("points of several lengths")
    return found


def tokens(answer: Any, member: str) -> Callable[[str], int | None]:
    """Return the reader of a provider's counts; what is no count is not said."""
    said = answer.get(member) if isinstance(answer, dict) else None

    def count(name: str) -> int | None:
        found = said.get(name) if isinstance(said, dict) else None
        return found if type(found) is int and found >= 0 else None

    return count


def refused() -> Invalid:
    """Return the refusal of a provider's own safety system, which is final."""
    return Invalid("the provider of the model refuses to answer this", rule="provider_refused")


def strange() -> ProviderDown:
    """Return the refusal of an answer that is none."""
    return ProviderDown("the provider of the model answers what nobody asked", retry_after_s=10)


def _model(answer: Any) -> str | None:
    said = answer.get("model")
    return said[:200] if isinstance(said, str) and said else None


def _json(answer: HttpResponse) -> Any:
    try:
        return json.loads(answer.body)
    except (ValueError, RecursionError):
        return None
