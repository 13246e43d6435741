"""
What stands in the examples of the API's description for what only a run knows: its ids, digests and instants.

The examples tell one story: the same value is the same thing in all of them. Whoever sends them as they stand
puts what their own platform answered in place of these, by the names of `NAMES`.
"""

INDUSTRY = "11111111-1111-4111-8111-111111111111"
SKILL = "22222222-2222-4222-8222-222222222222"
JOB_ROLE = "33333333-3333-4333-8333-333333333333"
AGENT = "44444444-4444-4444-8444-444444444444"
WORKFLOW = "55555555-5555-4555-8555-555555555555"
APPROVAL = "66666666-6666-4666-8666-666666666666"
REACTIVATION = "66666666-6666-4666-8666-666666666667"
DEVICE = "77777777-7777-4777-8777-777777777777"
SEED = "88888888-8888-4888-8888-888888888888"
SUCCESSOR = "99999999-9999-4999-8999-999999999999"
DRAFT = "aaaaaaaa-aaaa-4aaa-8aaa-aaaaaaaaaaaa"
VETO = "bbbbbbbb-bbbb-4bbb-8bbb-bbbbbbbbbbbb"
VIOLATION = "cccccccc-cccc-4ccc-8ccc-cccccccccccc"
INCIDENT = "dddddddd-dddd-4ddd-8ddd-dddddddddddd"
MANDATE = "34343434-3434-4434-8434-343434343434"
ROLE_REQUEST = "56565656-5656-4656-8656-565656565656"
DRIFT_ALERT = "15151515-1515-4515-8515-151515151515"
NOTIFICATION = "eeeeeeee-eeee-4eee-8eee-eeeeeeeeeeee"
RELEASE = "ffffffff-ffff-4fff-8fff-ffffffffffff"
EXPORT = "12121212-1212-4212-8212-121212121212"
"""An export of evidence, which is a job."""

POLICY = "13131313-1313-4313-8313-131313131313"
DECISION = "14141414-1414-4414-8414-141414141414"
"""How something was decided."""

DEAD_LETTER = "00000000-0000-4000-8000-000000000000"
UPLOAD = "eyJ0eXAiOiJ1cGxvYWQvdjEifQ"

SKILL_HASH = "2" * 64
"""The `version_hash` of the certified skill."""

BUNDLE = "8" * 64
"""The digest of a published set of bundles."""

MANIFEST_HASH = "4" * 64
ACTION_DIGEST = "6" * 64
SIGNATURE = "A" * 86

NOW = "2026-01-01T12:00:00.000Z"
SOON = "2026-01-01T12:05:00.000Z"
"""Five minutes from now."""

TOMORROW = "2026-01-02T12:00:00.000Z"
NEXT_WEEK = "2026-01-08T12:00:00.000Z"

NAMES = {
    INDUSTRY: "INDUSTRY",
    SKILL: "SKILL",
    JOB_ROLE: "JOB_ROLE",
    AGENT: "AGENT",
    WORKFLOW: "WORKFLOW",
    APPROVAL: "APPROVAL",
    REACTIVATION: "REACTIVATION",
    DEVICE: "DEVICE",
    SEED: "SEED",
    SUCCESSOR: "SUCCESSOR",
    DRAFT: "DRAFT",
    VETO: "VETO",
    VIOLATION: "VIOLATION",
    INCIDENT: "INCIDENT",
    MANDATE: "MANDATE",
    ROLE_REQUEST: "ROLE_REQUEST",
    DRIFT_ALERT: "DRIFT_ALERT",
    NOTIFICATION: "NOTIFICATION",
    POLICY: "POLICY",
    RELEASE: "RELEASE",
    DECISION: "DECISION",
    DEAD_LETTER: "DEAD_LETTER",
    EXPORT: "EXPORT",
    UPLOAD: "UPLOAD",
    SKILL_HASH: "SKILL_HASH",
    BUNDLE: "BUNDLE",
    MANIFEST_HASH: "MANIFEST_HASH",
    ACTION_DIGEST: "ACTION_DIGEST",
    SIGNATURE: "SIGNATURE",
    NOW: "NOW",
    SOON: "SOON",
    TOMORROW: "TOMORROW",
    NEXT_WEEK: "NEXT_WEEK",
}
"""What each of them is called where a run keeps its own."""
