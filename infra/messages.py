"""Topics, who listens to them, what becomes of a message nobody can take, and what runs by the clock."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

import pulumi
from pulumi_gcp import cloudscheduler, eventarc, projects, pubsub, storage

from infra.accounts import Accounts
from infra.buckets import Buckets
from infra.functions import REACTION_S, Functions
from infra.groups import actions_of, event_topics, runtimes
from infra.records import Records
from infra.stack import Stack
from shared.bus import PROMISED, TAP, type_of
from shared.edge.catalog import reactions
from shared.events.rules import ATTEMPTS, FIRST_S, LAST_S
from shared.reaction import Reaction
from shared.schedules import WEEKDAYS, Schedule

DEAD_LETTERS = "dead-letters"
WEEK_S = 7 * 24 * 3600
MAX_FILTER_BYTES = 256
SHORTEST = 28
"""The days of the shortest month: later ones are its last."""

SLACK_S = 30
"""How much longer the broker waits for an answer than a function may take."""


@dataclass(frozen=True)
class Broker:
    """The topics, and who carries messages between them."""

    topics: Mapping[str, pubsub.Topic]
    agent: pulumi.Output[str]
    """Pub/Sub itself, as policies name it."""

    gives_up: pubsub.TopicIAMMember
    """What lets it put among the dead letters what it gives up."""


def announce(stack: Stack, accounts: Accounts) -> Broker:
    """Declare every topic, and who publishes on it."""
    agent = projects.ServiceIdentity("pubsub", service="pubsub.googleapis.com").member
    topics = {
        name: pubsub.Topic(
            name,
            name=stack.topic(name),
            message_retention_duration=f"{WEEK_S}s",
            # By itself Pub/Sub keeps a message wherever it is published from.
            message_storage_policy=pubsub.TopicMessageStoragePolicyArgs(
                allowed_persistence_regions=[stack.region]
            ),
        )
        for name in sorted(event_topics() | {TAP, DEAD_LETTERS} | PROMISED)
    }
    for one in runtimes():
        for name in sorted(one.topics):
            publishes = pubsub.TopicIAMMember(
                f"{one.account}-{name}",
                topic=topics[name].name,
                role="roles/pubsub.publisher",
                member=accounts.member(one.account),
            )
            accounts.grants[one.account].append(publishes)
    gives_up = pubsub.TopicIAMMember(
        "broker-dead-letters",
        topic=topics[DEAD_LETTERS].name,
        role="roles/pubsub.publisher",
        member=agent,
    )
    return Broker(topics, agent, gives_up)


def declare(
    stack: Stack,
    accounts: Accounts,
    functions: Functions,
    broker: Broker,
    records: Records,
    buckets: Buckets,
) -> None:
    """Declare who listens to what, and every schedule."""
    delivers = _let_deliver(stack)
    for reaction in reactions():
        called = functions[reaction.id].ready
        ready = pulumi.ResourceOptions(depends_on=called)
        if reaction.scheduled:
            _schedule(stack, accounts, reaction, ready)
        elif reaction.stored:
            _watch(stack, accounts, reaction, records, [*called, delivers])
        elif topic := listens_to(reaction):
            _subscribe(stack, accounts, broker, reaction, topic, ready)
    heard = {listens_to(reaction) for reaction in reactions()}
    kept = {name: name if name == TAP else "log" for name in broker.topics.keys() - heard}
    place = {"log": buckets.log, TAP: buckets.tap}
    allowed = {name: _let_keep(broker, name, place[name]) for name in sorted(set(kept.values()))}
    for name, where in sorted(kept.items()):
        _keep(stack, broker, name, place[where], allowed[where])


def listens_to(reaction: Reaction) -> str | None:
    """Return the topic that a reaction is subscribed to, if it is."""
    return DEAD_LETTERS if reaction.undelivered else reaction.topic


def filter_of(reaction: Reaction) -> str:
    """
    Return the filter that lets through what a reaction takes.

    Without one it is handed everything on its topic, and passes over what it does not take: where that is nothing, or
    where the filter would be longer than a filter may be.
    """
    topic = reaction.topic
    if topic is None or (topic not in PROMISED and actions_of(topic) == reaction.events.keys()):
        return ""
    wanted = (f'attributes.type="{type_of(action)}"' for action in sorted(reaction.events))
    written = " OR ".join(wanted)
    return written if len(written) <= MAX_FILTER_BYTES else ""


def zone_of(reaction: Reaction) -> str:
    """Return the zone in which Cloud Scheduler reads the schedule of a reaction."""
    return reaction.schedule.zone if reaction.schedule else "Etc/UTC"


def cron(reaction: Reaction) -> str:
    """
    Return when Cloud Scheduler wakes a reaction, as cron writes it.

    Raises:
        ValueError: It has no such schedule: it knows whole minutes, hours and days.
    """
    return _time_of_day(reaction.schedule) if reaction.schedule else _again(reaction.every)


def _time_of_day(schedule: Schedule) -> str:
    """Return a time of day; where that may not exist, woken again an hour later, which does nothing on other days."""
    at, day = schedule.at, schedule.day
    twice = schedule.zone != "UTC" and at.hour < 23
    hours = f"{at.hour},{at.hour + 1}" if twice else f"{at.hour}"
    days = "*" if day is None else f"{day}" if day <= SHORTEST else f"{SHORTEST}-{day}"
    # Cron begins its week on Sunday.
    numbers = sorted((WEEKDAYS.index(one) + 1) % 7 for one in schedule.weekdays)
    return f"{at.minute} {hours} {days} * {','.join(map(str, numbers)) or '*'}"


def _again(every: timedelta | None) -> str:
    every = every or timedelta()
    minutes, rest_s = divmod(int(every.total_seconds()), 60)
    if not rest_s:
        if 1 <= minutes < 60 and 60 % minutes == 0:
            return f"*/{minutes} * * * *"
        if minutes % 60 == 0 and minutes < 24 * 60 and 24 * 60 % minutes == 0:
            return f"0 */{minutes // 60} * * *"
        if minutes == 24 * 60:
            return "0 0 * * *"
    raise ValueError(
        f"there is no schedule that runs every {every}; use a divisor of an hour or a day"
    )


def _subscribe(
    stack: Stack,
    accounts: Accounts,
    broker: Broker,
    reaction: Reaction,
    topic: str,
    ready: pulumi.ResourceOptions,
) -> None:
    address = stack.address(reaction.function_name)
    subscription = pubsub.Subscription(
        f"{topic}--{reaction.id}",
        name=stack.subscription(topic, reaction.id),
        topic=broker.topics[topic].name,
        filter=filter_of(reaction),
        enable_message_ordering=True,
        ack_deadline_seconds=REACTION_S + SLACK_S,
        message_retention_duration=f"{WEEK_S}s",
        expiration_policy=pubsub.SubscriptionExpirationPolicyArgs(ttl=""),
        push_config=pubsub.SubscriptionPushConfigArgs(
            push_endpoint=address,
            oidc_token=pubsub.SubscriptionPushConfigOidcTokenArgs(
                service_account_email=accounts.email("pubsub"), audience=address
            ),
        ),
        retry_policy=pubsub.SubscriptionRetryPolicyArgs(
            minimum_backoff=f"{FIRST_S}s", maximum_backoff=f"{LAST_S}s"
        ),
        # What keeps dead letters is tried for as long as there is a message.
        dead_letter_policy=None
        if topic == DEAD_LETTERS
        else pubsub.SubscriptionDeadLetterPolicyArgs(
            dead_letter_topic=broker.topics[DEAD_LETTERS].id, max_delivery_attempts=ATTEMPTS
        ),
        opts=pulumi.ResourceOptions.merge(
            ready, pulumi.ResourceOptions(depends_on=[broker.gives_up])
        ),
    )
    if topic != DEAD_LETTERS:
        # The broker takes what it gives up off the subscription itself.
        pubsub.SubscriptionIAMMember(
            f"broker-{topic}--{reaction.id}",
            subscription=subscription.name,
            role="roles/pubsub.subscriber",
            member=broker.agent,
        )


def _let_keep(broker: Broker, name: str, bucket: storage.Bucket) -> list[pulumi.Resource]:
    """Let the broker write into a bucket, once for all that it keeps there."""
    return [
        storage.BucketIAMMember(
            f"broker-{name}-{role}",
            bucket=bucket.name,
            role=f"roles/storage.{role}",
            member=broker.agent,
        )
        for role in ("objectCreator", "legacyBucketReader")
    ]


def _keep(
    stack: Stack,
    broker: Broker,
    name: str,
    bucket: storage.Bucket,
    allowed: list[pulumi.Resource],
) -> None:
    """Keep what no function listens to in a bucket, without code of ours in its path."""
    pubsub.Subscription(
        f"{name}--kept",
        name=stack.subscription(name, "kept"),
        topic=broker.topics[name].name,
        ack_deadline_seconds=600,
        message_retention_duration=f"{WEEK_S}s",
        expiration_policy=pubsub.SubscriptionExpirationPolicyArgs(ttl=""),
        cloud_storage_config=pubsub.SubscriptionCloudStorageConfigArgs(
            bucket=bucket.name,
            filename_prefix=f"{name}/",
            filename_suffix=".jsonl" if name == TAP else ".avro",
            max_duration="60s" if name == TAP else "300s",
            text_config=pubsub.SubscriptionCloudStorageConfigTextConfigArgs()
            if name == TAP
            else None,
            avro_config=None
            if name == TAP
            else pubsub.SubscriptionCloudStorageConfigAvroConfigArgs(write_metadata=True),
        ),
        opts=pulumi.ResourceOptions(depends_on=allowed),
    )


def _schedule(
    stack: Stack, accounts: Accounts, reaction: Reaction, ready: pulumi.ResourceOptions
) -> None:
    address = stack.address(reaction.function_name)
    cloudscheduler.Job(
        reaction.id,
        name=reaction.function_name,
        region=stack.region,
        schedule=cron(reaction),
        time_zone=zone_of(reaction),
        attempt_deadline=f"{REACTION_S + SLACK_S}s",
        retry_config=cloudscheduler.JobRetryConfigArgs(retry_count=1),
        http_target=cloudscheduler.JobHttpTargetArgs(
            http_method="POST",
            uri=address,
            # A CloudEvent in binary mode (CloudEvents HTTP binding 3.1), which the framework asks for.
            headers={
                "Content-Type": "application/json",
                "ce-specversion": "1.0",
                "ce-type": "com.waooaw.schedule.v1",
                "ce-source": f"/waooaw/{stack.environment}/scheduler",
                "ce-id": reaction.id,
            },
            body="e30=",  # {}
            oidc_token=cloudscheduler.JobHttpTargetOidcTokenArgs(
                service_account_email=accounts.email("scheduler"), audience=address
            ),
        ),
        opts=ready,
    )


def _let_deliver(stack: Stack) -> projects.IAMMember:
    """Have Eventarc's agent there, with its role, which on a new project comes minutes after it is first asked."""
    agent = projects.ServiceIdentity("eventarc", service="eventarc.googleapis.com")
    return projects.IAMMember(
        "eventarc-agent",
        project=stack.project,
        role="roles/eventarc.serviceAgent",
        member=agent.member,
    )


def _watch(
    stack: Stack,
    accounts: Accounts,
    reaction: Reaction,
    records: Records,
    ready: list[pulumi.Resource],
) -> None:
    """Run it for every document of its kind that was created, in whichever tenant."""
    kind = reaction.stored
    assert kind is not None  # noqa: S101 - its caller looked
    eventarc.Trigger(
        reaction.id,
        name=reaction.function_name,
        location=stack.region,
        matching_criterias=[
            eventarc.TriggerMatchingCriteriaArgs(
                attribute="type", value="google.cloud.firestore.document.v1.created"
            ),
            eventarc.TriggerMatchingCriteriaArgs(attribute="database", value=records.database.name),
            eventarc.TriggerMatchingCriteriaArgs(
                attribute="document",
                operator="match-path-pattern",
                value=f"tenants/{{tenant}}/{kind.collection}/{{id}}",
            ),
        ],
        # Firestore says it in no other way.
        event_data_content_type="application/protobuf",
        destination=eventarc.TriggerDestinationArgs(
            cloud_run_service=eventarc.TriggerDestinationCloudRunServiceArgs(
                service=reaction.function_name, region=stack.region
            )
        ),
        service_account=accounts.email("pubsub"),
        opts=pulumi.ResourceOptions(depends_on=[*ready, *accounts.grants["pubsub"]]),
    )
