"""What the platform calls outside itself, and when it stops calling for a while."""

from datetime import timedelta

TARGETS = {
    "firestore": "the store of documents (Firestore)",
    "pubsub": "the message broker (Pub/Sub)",
    "workflows": "the workflow engine (Workflow Executions)",
    "fcm": "the push provider (Firebase Cloud Messaging)",
    "people-keys": "the public keys of people's sign-in (Firebase)",
    "service-keys": "the public keys of Google's service accounts",
    "storage": "the object store (Cloud Storage)",
    "iam-credentials": "the signer of links (IAM Credentials)",
    "secret-manager": "the store of secrets (Secret Manager)",
    "kms": "the keys that leave no hardware (Cloud KMS)",
    "vertex": "the language models (Vertex AI)",
    "monitoring": "the figures of requests (Cloud Monitoring)",
    "telemetry": "the receiver of our own figures (OTLP)",
}
"""Every target there is, in words: each has a circuit breaker in every process that calls it."""

FAILURES = 3
WITHIN = timedelta(seconds=10)
"""So many requests that failed within this time open a breaker."""

PROBE_AFTER = timedelta(seconds=30)
"""How long an open breaker lets nothing through before it tries one request."""
