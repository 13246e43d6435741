"""Which language models a deployment offers, and who has them."""

from collections.abc import Callable
from datetime import datetime
from functools import cache
from pathlib import Path

from pydantic import SecretStr

from shared.edge.language_models import Offered, PricedModels, Provider, Table
from shared.edge.settings import Settings
from shared.language_models import Endpoint
from shared.outside import HttpClient


def models(
    settings: Settings,
    client: HttpClient,
    clock: Callable[[], datetime],
    paced: Callable[[str], None] | None = None,
) -> PricedModels:
    """Return the models of a deployment; nothing is read or connected before the first is asked."""
    return PricedModels(cache(lambda: _offered(settings, client)), _own, client, clock, paced=paced)


def stored(place: str) -> bytes:
    """Return what is where a setting says: ``gcp-secret://…`` in Secret Manager, or in a file."""
    kind, _, name = place.partition("://")
    if kind == "gcp-secret":
        from shared.edge.secrets import SecretManager

        return SecretManager().access(name)
    return Path(place).read_bytes()


def _offered(settings: Settings, client: HttpClient) -> Offered:
    from shared.edge.local_models import TABLE, LocalModels

    if not settings.models:
        return TABLE if settings.local else Table(), LocalModels()
    table = Table.model_validate_json(settings.models)
    if table.provider == "local":
        return table, LocalModels()
    if table.provider == "vertex":
        from shared.edge.vertex import VertexModels

        return table, VertexModels(settings.project, settings.location)
    from shared.edge.compatible import CompatibleModels

    def key() -> SecretStr | None:
        place = settings.models_key
        return SecretStr(stored(place).decode().strip()) if place else None

    return table, CompatibleModels(table.provider, client, key)


def _own(endpoint: Endpoint, client: HttpClient) -> Provider:
    from shared.edge.compatible import CompatibleModels

    return CompatibleModels(endpoint.base, client, lambda: endpoint.key)
