"""Firestore: one database, the indexes its queries need, what it forgets, and rules that let nobody in."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
from pulumi_gcp import firebaserules, firestore

from infra.stack import ROOT, Stack

INDEXES = ROOT / "firestore.indexes.json"
RULES = ROOT / "firestore.rules"
WEEK_S = 7 * 24 * 3600
WEEKLY_KEPT_S = 14 * WEEK_S
"""The longest that Firestore keeps a backup."""

_PATIENT = pulumi.ResourceOptions(
    custom_timeouts=pulumi.CustomTimeouts(create="90m", update="90m", delete="90m")
)
"""An index of a large collection takes an hour; given up after twenty minutes, as by default, it would be there and be nobody's."""


@dataclass(frozen=True)
class Records:
    """What else is declared refers to."""

    database: firestore.Database
    asked: Sequence[pulumi.Resource]
    """Every index, which whatever asks waits for."""


def declare(stack: Stack) -> Records:
    """Declare the database and everything about it."""
    on = stack.production
    database = firestore.Database(
        "records",
        name="(default)",
        location_id=stack.region,
        type="FIRESTORE_NATIVE",
        concurrency_mode="OPTIMISTIC",
        point_in_time_recovery_enablement=f"POINT_IN_TIME_RECOVERY_{'EN' if on else 'DIS'}ABLED",
        delete_protection_state=f"DELETE_PROTECTION_{'EN' if on else 'DIS'}ABLED",
        # By itself it would stay when a stack is destroyed, and be in the way of the next.
        deletion_policy="ABANDON" if on else "DELETE",
        opts=pulumi.ResourceOptions(protect=on),
    )
    declared = json.loads(INDEXES.read_text())
    indexes = [_index(database, index) for index in declared["indexes"]]
    fields = {
        _field(database, override): bool(override["indexes"])
        for override in declared["fieldOverrides"]
    }
    ruleset = firebaserules.Ruleset(
        "records",
        source=firebaserules.RulesetSourceArgs(
            files=[firebaserules.RulesetSourceFileArgs(name=RULES.name, content=RULES.read_text())]
        ),
        opts=pulumi.ResourceOptions(depends_on=[database]),
    )
    firebaserules.Release("records", name="cloud.firestore", ruleset_name=ruleset.name)
    if on:
        daily = firestore.BackupScheduleDailyRecurrenceArgs()  # type: ignore[no-untyped-call]
        _backup(database, "daily", WEEK_S, daily=daily)
        weekly = firestore.BackupScheduleWeeklyRecurrenceArgs(day="SUNDAY")
        _backup(database, "weekly", WEEKLY_KEPT_S, weekly=weekly)
    return Records(database, [*indexes, *(one for one, asked in fields.items() if asked)])


def _index(database: firestore.Database, index: dict[str, Any]) -> firestore.Index:
    fields = [(f["fieldPath"], f.get("order"), f.get("arrayConfig")) for f in index["fields"]]
    label = "-".join(f"{name}-{(order or items)[:4].lower()}" for name, order, items in fields)
    everywhere = "-group" if index["queryScope"] == "COLLECTION_GROUP" else ""
    return firestore.Index(
        f"{index['collectionGroup']}{everywhere}-{label}",
        database=database.name,
        collection=index["collectionGroup"],
        query_scope=index["queryScope"],
        fields=[
            firestore.IndexFieldArgs(field_path=name, order=order, array_config=items)
            for name, order, items in fields
        ],
        opts=_PATIENT,
    )


def _field(database: firestore.Database, override: dict[str, Any]) -> firestore.Field:
    return firestore.Field(
        f"{override['collectionGroup']}-{override['fieldPath']}",
        database=database.name,
        collection=override["collectionGroup"],
        field=override["fieldPath"],
        index_config=firestore.FieldIndexConfigArgs(
            indexes=[
                firestore.FieldIndexConfigIndexArgs(
                    order=one["order"], query_scope=one["queryScope"]
                )
                for one in override["indexes"]
            ]
        ),
        ttl_config=firestore.FieldTtlConfigArgs() if override.get("ttl") else None,
        opts=_PATIENT,
    )


def _backup(
    database: firestore.Database,
    name: str,
    retention_s: int,
    *,
    daily: firestore.BackupScheduleDailyRecurrenceArgs | None = None,
    weekly: firestore.BackupScheduleWeeklyRecurrenceArgs | None = None,
) -> None:
    firestore.BackupSchedule(
        name,
        database=database.name,
        retention=f"{retention_s}s",
        daily_recurrence=daily,
        weekly_recurrence=weekly,
    )
