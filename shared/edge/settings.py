"""What a deployment decides, read from the environment: each variable once, each with its embedded default."""

import json
import os
import re
from collections.abc import Mapping
from dataclasses import field
from functools import cached_property
from pathlib import Path

from shared.here import HERE, named_here
from shared.operation import deployed
from shared.records import dataclass

GOOGLE_KEYS = "https://www.googleapis.com/oauth2/v3/certs"
FIREBASE_KEYS = (
    "https://www.googleapis.com/service_accounts/v1/jwk/securetoken@system.gserviceaccount.com"
)

ANY = "FUNCTION"
"""What stands for the name of a function in the setting that says where functions are."""

SAID_HERE = ("EASED", "MODELS", "MODELS_KEY", "REACHABLE")
"""What whoever starts one machine says in the environment; the rest follows from its options, or is the cloud's."""

_HERE = re.compile(r"(127\.0\.0\.1|localhost|\[::1\]):[0-9]{1,5}")


@dataclass(frozen=True)
class Settings:
    """The deployment that this process belongs to."""

    environ: Mapping[str, str] = field(default_factory=lambda: os.environ)

    @property
    def project(self) -> str:
        """The Google Cloud project: `local` on one machine."""
        return self.environ.get("PROJECT") or "local"

    @property
    def location(self) -> str:
        """The region: `local` on one machine."""
        return self.environ.get("LOCATION", "local")

    @property
    def environment(self) -> str:
        """One of `local`, `dev`, `staging`, `prod`."""
        return self.environ.get("ENVIRONMENT", "local")

    @property
    def api(self) -> str:
        """What one machine calls its API, and everything below it."""
        return self.environ.get("API", HERE)

    @property
    def served(self) -> str:
        """Where one machine is served at present."""
        return f"http://127.0.0.1:{self.environ.get('PORT') or '8080'}"

    def reached(self, url: str) -> str:
        """Return where an address of the platform's own is called: what is named here, where it is served."""
        rest = url.removeprefix(HERE)
        return self.served + rest if rest != url and self.local else url

    @property
    def functions(self) -> str:
        """Where services call each function directly, with `ANY` for its name; the cloud must be told."""
        here = f"{self.api}/functions/{ANY}"
        return here if self.local else self.environ["FUNCTION_ADDRESS"]

    def address(self, name: str) -> str:
        """Return where services call the function of that name, which is the audience of their tokens."""
        return self.functions.replace(ANY, name)

    def addressed(self, audience: str) -> bool:
        """
        Say whether a service's token made out for *audience* is for this process.

        It is where it names the function that is deployed here; one machine is every function, at every port, and
        the whole API besides.
        """
        name = self.environ.get("FUNCTION", "")
        own = self.address(deployed(name))
        if not self.local:
            return audience == own
        audience = named_here(audience)
        everyone = not name and audience.startswith(self.address(""))
        return audience in {self.api, own} or everyone

    @property
    def behind_cloud_run(self) -> bool:
        """Whether Cloud Run runs this process, and verifies who calls it (K_SERVICE is Cloud Run's own)."""
        return not self.local and "K_SERVICE" in self.environ

    @property
    def services(self) -> frozenset[str]:
        """The service accounts that may ask as services; one machine has accounts of its own besides."""
        return frozenset({"workflows", *(("events", "service") if self.local else ())})

    @property
    def controllers(self) -> Mapping[str, list[str]]:
        """Who controls which machine identity: JSON, from names like `genesis` or `service:workflows` to users."""
        found: Mapping[str, list[str]] = json.loads(self.environ.get("CONTROLLERS", "{}"))
        return found

    @property
    def data(self) -> Path:
        """The data folder of the embedded defaults."""
        return Path(self.environ.get("DATA") or ".data")

    @property
    def uploads(self) -> str:
        """Where people's documents are kept: a bucket, or a folder on one machine."""
        usual = str(self.data / "uploads") if self.local else f"{self.project}-uploads"
        return self.environ.get("UPLOADS", usual)

    @property
    def account(self) -> str:
        """The service account that this process runs as; one machine has none."""
        return self.environ.get("ACCOUNT", "")

    @property
    def models(self) -> str:
        """
        Which language models there are: JSON of `shared.edge.language_models.Table`.

        One machine has its own; the cloud has none before somebody decides on them and their prices.
        """
        return self.environ.get("MODELS", "")

    @property
    def models_key(self) -> str:
        """Where the key of an endpoint is that speaks as OpenAI's does: as `writer_key`, where that is no Cloud KMS."""
        return self.environ.get("MODELS_KEY", "")

    @property
    def store(self) -> str:
        """`sqlite` or `firestore`."""
        return self.environ.get("STORE") or "sqlite"

    @property
    def bus(self) -> str:
        """`local` or `pubsub`."""
        return self.environ.get("BUS") or "local"

    @property
    def executions(self) -> str:
        """The address of the Workflow Executions API."""
        return self.environ.get(
            "WORKFLOW_EXECUTIONS",
            self.api if self.local else "https://workflowexecutions.googleapis.com",
        )

    @property
    def callbacks(self) -> str:
        """How the address of every callback of this project begins."""
        return f"{self.executions}/v1/projects/{self.project}/"

    @property
    def people_keys(self) -> str:
        """Where the public keys of people's tokens are: an address or a file."""
        return self.environ.get("PEOPLE_KEYS", self._local_keys if self.local else FIREBASE_KEYS)

    @property
    def service_keys(self) -> str:
        """Where the public keys of services' tokens are: an address or a file."""
        return self.environ.get("SERVICE_KEYS", self._local_keys if self.local else GOOGLE_KEYS)

    @property
    def writer_key(self) -> str:
        """
        Where the private key is that signs audit entries.

        A file, or ``gcp-secret://projects/…/secrets/…/versions/…``, or
        ``gcp-kms://projects/…/locations/…/keyRings/…/cryptoKeys/…/cryptoKeyVersions/…``.
        """
        return self.environ.get("WRITER_KEY", str(self.data / "keys" / "writer.pem"))

    @property
    def releases(self) -> str:
        """Where a release answers its health probe; ``{release_id}`` stands for its id."""
        return self.environ.get("RELEASES", f"{self.served}/local/releases/{{release_id}}/health")

    @property
    def telemetry(self) -> str:
        """Where figures go, by OTLP over HTTP."""
        return self.environ.get("TELEMETRY", "https://telemetry.googleapis.com")

    @cached_property
    def origins(self) -> frozenset[str]:
        """The web origins that browsers may call from; none by default."""
        return frozenset(filter(None, self.environ.get("ORIGINS", "").split(",")))

    @cached_property
    def reachable(self) -> frozenset[str]:
        """
        What else of this machine its customers' requests reach, each as ``host:port``; none by default, and none in the cloud.

        Raises:
            ValueError: One of them is not on this machine.
        """
        listed = frozenset(filter(None, self.environ.get("REACHABLE", "").lower().split(",")))
        other = sorted(one for one in listed if not _HERE.fullmatch(one))
        if other:
            raise ValueError(
                f"REACHABLE names hosts of this machine, as 127.0.0.1:9000, not {other[0]}"
            )
        return listed if self.local else frozenset()

    @property
    def eased(self) -> int:
        """
        How many times the rates of requests hold: once in the cloud, whatever is set.

        One machine is in one pair of hands, and its demo does in a minute what people do in days. `EASED=1` gives it
        the cloud's rates.

        Raises:
            ValueError: It is no whole number from 1 on.
        """
        said = self.environ.get("EASED", "1000") if self.local else "1"
        if not said.isdecimal() or int(said[:9]) < 1:
            raise ValueError("EASED is a whole number from 1 on")
        return int(said[:9])

    def origin(self, remote: str, forwarded: str) -> str:
        """
        Return the address that a request came from.

        Callers can write anything into `X-Forwarded-For`, to which each proxy of ours adds on the right whom it heard:
        in the cloud Cloud Run's front end and the gateway's, so that the second from the right is who asked. `HOPS`
        says another number of them.

        Args:
            remote: Who opened the connection.

            forwarded: The header.
        """
        heard = [one.strip() for one in forwarded.split(",") if one.strip()]
        hops = 0 if self.local else int(self.environ.get("HOPS", "2"))
        return heard[-hops] if 0 < hops <= len(heard) else remote

    @property
    def local(self) -> bool:
        """Whether this is one machine on its embedded defaults."""
        return self.environment == "local"

    @property
    def _local_keys(self) -> str:
        return str(self.data / "keys" / "sign-in.jwks")
