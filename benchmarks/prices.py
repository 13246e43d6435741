"""
What Google Cloud charges for what this platform takes: dollars without tax, in asia-south1 (Mumbai).

Every price has its source; what could not be found in a public copy of Google's pages says so, and what is
assumed instead. Google publishes its present prices at the same addresses.
"""

from dataclasses import dataclass

READ_ON, AGAIN = "2026-11-20", "2026-11-29"
"""When the sources were read; those of the second day are copies that Google's pages were stored as."""

REGION = "asia-south1"


@dataclass(frozen=True)
class Price:
    """What one unit costs, and how many units of a month are free."""

    item: str
    usd: float
    per: float
    unit: str
    free: float
    source: str
    note: str = ""
    read_on: str = READ_ON

    @property
    def assumed(self) -> bool:
        """Whether no source was found that says it."""
        return "assumed" in self.note

    @property
    def each(self) -> float:
        """Dollars for one unit."""
        return self.usd / self.per

    def of(self, units: float, *, free: bool) -> float:
        """Return what so many units of a month cost, in dollars."""
        return max(0.0, units - (self.free if free else 0.0)) * self.each


_WORKFLOWS = "https://cloud.google.com/workflows/pricing"
_RUN = "https://cloud.google.com/run/pricing"
_FIRESTORE = "https://cloud.google.com/firestore/pricing"
_PUBSUB = "https://cloud.google.com/pubsub/pricing"
_STORAGE = "https://cloud.google.com/storage/pricing"
_LOGGING = "https://cloud.google.com/stackdriver/pricing"
_ALERTS = "https://cloud.google.com/monitoring/alerts/cost-control"
_SECRETS = "https://cloud.google.com/secret-manager/pricing"
_GATEWAY = "https://cloud.google.com/api-gateway/docs/pricing"
_ASSUMED = "not found; assumed"
_MUMBAI = "for Mumbai not found; assumed 15 % above Iowa's"
_TIER = "a region of tier 1 (https://cloud.google.com/run/docs/locations)"
DAYS = 30
MONTH_S = DAYS * 24 * 3600
TIB = 2**40

PRICES = {
    "steps": Price("Workflows, internal steps", 0.01, 1000, "step", 5000, _WORKFLOWS),
    "external_steps": Price("Workflows, external steps", 0.025, 1000, "step", 2000, _WORKFLOWS),
    "invocations": Price("Cloud Run functions, requests", 0.40, 1e6, "request", 2e6, _RUN),
    "vcpu_s": Price("Cloud Run functions, CPU", 0.000024, 1, "vCPU-second", 180_000, _RUN, _TIER),
    "gib_s": Price("Cloud Run functions, memory", 0.0000025, 1, "GiB-second", 360_000, _RUN, _TIER),
    "idle_vcpu_s": Price(
        "Cloud Run functions, CPU kept warm",
        0.0000025,
        1,
        "vCPU-second",
        0,
        _RUN,
        "for Mumbai only in a public design; its memory costs the same as at work",
        AGAIN,
    ),
    "reads": Price(
        "Firestore, document reads", 0.0345, 1e5, "document", 50_000 * DAYS, _FIRESTORE, _MUMBAI
    ),
    "writes": Price(
        "Firestore, document writes", 0.1035, 1e5, "document", 20_000 * DAYS, _FIRESTORE, _MUMBAI
    ),
    "deletes": Price(
        "Firestore, document deletes", 0.0115, 1e5, "document", 20_000 * DAYS, _FIRESTORE, _MUMBAI
    ),
    "expiries": Price(
        "Firestore, deletes by age (TTL)", 0.0115, 1e5, "document", 0, _FIRESTORE, _MUMBAI
    ),
    "stored_gib": Price("Firestore, storage", 0.18, 1, "GiB-month", 1, _FIRESTORE, _ASSUMED),
    "backup_gib": Price("Firestore, backups", 0.03, 1, "GiB-month", 0, _FIRESTORE, _ASSUMED),
    "files": Price(
        "Cloud Storage, class A operations", 0.005, 1000, "operation", 0, _STORAGE, _ASSUMED
    ),
    "bucket_gib": Price("Cloud Storage, storage", 0.023, 1, "GiB-month", 0, _STORAGE, _ASSUMED),
    "message_tib": Price("Pub/Sub, throughput", 40, 1, "TiB", 10 / 1024, _PUBSUB),
    "tapped_tib": Price("Pub/Sub, to Cloud Storage", 50, 1, "TiB", 0, _PUBSUB),
    "gateway_calls": Price("API Gateway, calls", 3, 1e6, "call", 2e6, _GATEWAY, "", AGAIN),
    "egress_gib": Price(
        "Network, to the internet",
        0.19,
        1,
        "GiB",
        0,
        _GATEWAY,
        "from $0.105 to this, by region and volume",
        AGAIN,
    ),
    "between_gib": Price(
        "Network, from Mumbai to the gateway in Tokyo",
        0.08,
        1,
        "GiB",
        0,
        "https://cloud.google.com/vpc/network-pricing",
        _ASSUMED,
    ),
    "jobs": Price(
        "Cloud Scheduler, jobs",
        0.10,
        1,
        "job-month",
        3,
        "https://cloud.google.com/scheduler/pricing",
        "",
        AGAIN,
    ),
    "secrets": Price("Secret Manager, versions", 0.06, 1, "version-month", 6, _SECRETS, "", AGAIN),
    "secret_reads": Price(
        "Secret Manager, accesses", 0.03, 10_000, "access", 10_000, _SECRETS, "", AGAIN
    ),
    "keys": Price(
        "Key Management, key versions",
        0.06,
        1,
        "version-month",
        0,
        "https://cloud.google.com/kms/pricing",
        _ASSUMED,
    ),
    "build_min": Price(
        "Cloud Build, e2-standard-2",
        0.006,
        1,
        "minute",
        2500,
        "https://cloud.google.com/build/pricing",
        "with its traffic",
        AGAIN,
    ),
    "image_gib": Price(
        "Artifact Registry, storage",
        0.10,
        1,
        "GiB-month",
        0.5,
        "https://cloud.google.com/artifact-registry/pricing",
        "",
        AGAIN,
    ),
    "log_gib": Price("Cloud Logging, volume", 0.50, 1, "GiB", 50, _LOGGING, "", AGAIN),
    "metric_mib": Price(
        "Cloud Monitoring, figures counted from the log", 0.258, 1, "MiB", 150, _LOGGING, "", AGAIN
    ),
    "samples": Price(
        "Cloud Monitoring, our own figures (OTLP)", 0.06, 1e6, "sample", 0, _LOGGING, _ASSUMED
    ),
    "figure_reads": Price(
        "Cloud Monitoring, figures read", 0.01, 1000, "call", 1e6, _LOGGING, "", AGAIN
    ),
    "conditions": Price(
        "Cloud Monitoring, conditions of alerts",
        1.50,
        1,
        "condition-month",
        0,
        _ALERTS,
        "of an earlier page, which charges from April 2025 on; the present one names no rate; assumed to stand",
        AGAIN,
    ),
    "condition_series": Price(
        "Cloud Monitoring, series that alerts look at",
        0.35,
        1e6,
        "series",
        0,
        _ALERTS,
        "the same; assumed to stand",
        AGAIN,
    ),
}
