"""The whole resource graph of each environment, read as the program asks for it."""

import re
from datetime import timedelta

import pytest

from infra import checks, groups, messages
from infra.archive import SINGLE
from infra.graph import IMAGE, planned
from infra.groups import actions_of, published, runtimes
from infra.invokers import invokers
from infra.messages import cron, filter_of, zone_of
from infra.reading import container, of, told
from shared.actors import HOLDERS
from shared.bus import Message, type_of
from shared.edge.catalog import catalog, operations, reactions
from shared.edge.delivery import deliver
from shared.edge.pubsub import from_push
from shared.files import Files
from shared.outside import EntryRelay, Push, Workflows
from shared.ports import Outside
from shared.reaction import Reaction
from shared.reaction import reaction as declare


def test_nothing_is_wrong_with_what_would_be_deployed(graph, environment):
    assert checks.findings(graph, environment) == []


def test_every_function_of_the_catalog_is_deployed_and_nothing_else(graph):
    deployed = {one.name for one in of(graph, "cloudrunv2.Service")}
    assert deployed == {one.id for one in catalog()}


def test_a_function_is_told_who_it_is_and_runs_the_one_image(graph):
    for one in of(graph, "cloudrunv2.Service"):
        assert container(one)["image"] == IMAGE
        has = told(one)
        assert has["FUNCTION"] == one.name
        assert (has["STORE"], has["BUS"]) == ("firestore", "pubsub")
        assert not {name for name in has if re.search("SECRET|PASSWORD|TOKEN", name)}


def test_a_container_starts_what_is_in_the_archive_and_ends_what_stands_still(graph):
    for one in of(graph, "cloudrunv2.Service"):
        launcher, *told_it = container(one)["commands"] + container(one)["args"]
        assert launcher == "/cnb/lifecycle/launcher"
        assert told_it[:2] == ["--", "python3"]
        assert told_it[2] in SINGLE
        assert f"{told(one)['TIMEOUT_S']}s" == one.inputs["template"]["timeout"]


def test_what_the_program_tells_a_function_is_what_a_function_reads(graph):
    from shared.edge.settings import Settings

    one = of(graph, "cloudrunv2.Service")[0]
    settings = Settings(told(one))
    assert settings.addressed(f"https://{one.inputs['name']}-100000000001.asia-south1.run.app")
    assert settings.environment in {"dev", "prod"}
    assert settings.store == "firestore"
    assert settings.origins


def test_a_request_reaches_the_store_and_nothing_else_but_a_place_for_uploads():
    for one in runtimes():
        if one.account.endswith("-requests"):
            outside = {port for port in one.ports if Outside in port.__mro__}
            assert not outside
            assert (Files in one.ports) is (one.group == "governance")
            assert one.topics <= {"tap"}


ROLES = {
    "builder": {
        "roles/artifactregistry.writer",
        "roles/logging.logWriter",
        "roles/storage.objectViewer",
    },
    "evidence-reactions": {"roles/datastore.user"},
    "evidence-requests": {"roles/datastore.user"},
    "governance-reactions": {
        "roles/datastore.user",
        "roles/workflows.invoker",
        "projects/waooaw-dev/roles/sends_pushes",
    },
    "governance-requests": {"roles/datastore.user"},
    "pipeline-reactions": {"roles/datastore.user", "roles/workflows.invoker"},
    "pipeline-requests": {"roles/datastore.user"},
    "platform-reactions": {
        "roles/datastore.user",
        "roles/monitoring.viewer",
        "roles/pubsub.viewer",
        "roles/serviceusage.serviceUsageConsumer",
        "roles/telemetry.metricsWriter",
        "roles/workflows.viewer",
    },
    "platform-requests": {"roles/datastore.user"},
    "pubsub": {"roles/eventarc.eventReceiver"},
    "service-1": {"roles/eventarc.serviceAgent"},
    "spending-reactions": {"roles/datastore.user"},
    "spending-requests": {
        "roles/datastore.user",
        "projects/waooaw-dev/roles/keeps_secrets",
        "projects/waooaw-dev/roles/makes_secrets",
        "projects/waooaw-dev/roles/reads_secrets",
    },
    "workflows": {"roles/logging.logWriter"},
}
"""What each account may do in the project; those that are not here may do nothing."""


def test_each_account_may_do_this_in_the_project_and_no_more(dev):
    found = {
        (one.inputs["member"].removeprefix("serviceAccount:").partition("@")[0], one.inputs["role"])
        for one in of(dev, "projects.IAMMember")
    }
    wanted = {(account, role) for account, roles in ROLES.items() for role in roles}
    assert not [f"{account} lacks {role}" for account, role in sorted(wanted - found)]
    assert not [f"{account} has {role} for nothing" for account, role in sorted(found - wanted)]


def test_the_accounts_are_those_of_the_groups_the_invokers_and_the_foundational_agents(dev):
    accounts = {one.inputs["accountId"] for one in of(dev, "serviceaccount.Account")}
    assert accounts == (ROLES.keys() - {"service-1"}) | {
        *("gateway", "scheduler"),
        *("genesis", "systems-architect", "vision-guardian"),
    }


def test_each_function_has_one_binding_of_all_who_may_invoke_it(graph):
    bindings = of(graph, "cloudrunv2.ServiceIamBinding")
    assert {one.inputs["name"] for one in bindings} == {one.function_name for one in catalog()}
    assert {one.inputs["role"] for one in bindings} == {"roles/run.invoker"}


@pytest.mark.parametrize(
    ("id", "who"),
    [
        ("platform.get_health", "gateway"),
        ("agents.create_agent", "gateway"),
        ("agents.record_verdict", "gateway genesis systems-architect vision-guardian"),
        ("genesis.certify_skill", "gateway genesis"),
        ("precedents.activate_precedent_seed", "gateway vision-guardian"),
        ("agents.settle_stage", "gateway workflows"),
        (
            "agents.get_agent_health",
            "gateway genesis systems-architect vision-guardian workflows",
        ),
        ("mobile.follow_agent", "pubsub"),
        ("events.publish_entry", "pubsub"),
        ("events.sweep_entries", "scheduler"),
    ],
)
def test_who_may_invoke_is_whom_it_is_for(id, who):
    (declared,) = (one for one in catalog() if one.id == id)
    assert invokers(declared) == set(who.split())


def test_a_foundational_agent_is_known_where_it_may_call(graph):
    """By the token that Cloud Run let in, whose signature it took away."""
    from shared.edge.auth import SERVICE_ROLES

    for one in of(graph, "cloudrunv2.ServiceIamBinding"):
        accounts = {member.partition(":")[2].partition("@")[0] for member in one.inputs["members"]}
        op = next((op for op in operations() if op.function_name == one.inputs["name"]), None)
        for account in accounts & SERVICE_ROLES.keys():
            assert op
            assert any(SERVICE_ROLES[account] in HOLDERS[scope] for scope in op.scopes)


def test_what_a_function_reaches_is_what_it_names():
    found = {one.id: set(one.ports.values()) for one in reactions() if one.ports}
    assert found["events.publish_entry"] == {EntryRelay}
    assert found["approvals.wake_workflow"] == {Workflows}
    assert found["mobile.push_notification"] == {Push}
    assert published(next(o for o in operations() if o.id == "approvals.create_veto"))


def test_every_port_says_what_it_needs_in_the_project():
    from infra.accounts import ROLES_OF_PORT
    from shared.edge.calling import _names

    assert set(ROLES_OF_PORT) == set(_names())


def test_a_subscription_lets_through_exactly_what_its_reaction_takes():
    """Pub/Sub's filters, tried on every event that its topic carries."""
    for reaction in reactions():
        written = filter_of(reaction)
        assert len(written.encode()) <= messages.MAX_FILTER_BYTES
        if written:
            named = set(re.findall(r'attributes\.type="([^"]+)"', written))
            assert named == {type_of(action) for action in reaction.events}
        elif reaction.topic:
            assert reaction.events.keys() <= actions_of(reaction.topic)


def test_what_a_filter_cannot_hold_back_is_passed_over():
    """A filter has an end; a reaction that is told more than it takes does nothing and does not fail."""
    coarse = next(r for r in reactions() if r.topic == "approval-decisions" and not filter_of(r))
    other = min(actions_of(coarse.topic) - coarse.events.keys())
    attributes = {
        "specversion": "1.0",
        "id": "1",
        "type": type_of(other),
        "subject": "approvals/1",
        "tenantid": "platform",
        "time": "2026-01-01T00:00:00Z",
    }
    message = Message(coarse.topic, "approvals/1", attributes, b"{}")
    assert deliver(coarse, message, None) is False


def test_the_topic_and_the_consumer_can_be_read_off_a_subscription(graph):
    for one in of(graph, "pubsub.Subscription"):
        pushed = {"subscription": f"projects/p/subscriptions/{one.inputs['name']}", "message": {}}
        assert from_push(pushed).topic == one.name.partition("--")[0]


def test_the_bus_publishes_on_the_topics_that_are_deployed(dev):
    from shared.edge.pubsub import PubsubBus

    prefix = vars(PubsubBus("waooaw-dev", "dev"))["_prefix"]
    deployed = {one.name: one.inputs["name"] for one in of(dev, "pubsub.Topic")}
    assert {name: prefix + name for name in deployed} == deployed


@pytest.mark.parametrize(
    ("every", "written"),
    [
        (timedelta(minutes=1), "*/1 * * * *"),
        (timedelta(minutes=5), "*/5 * * * *"),
        (timedelta(hours=1), "0 */1 * * *"),
        (timedelta(days=1), "0 0 * * *"),
    ],
)
def test_a_schedule_is_written_as_cron(every, written):
    assert cron(by_clock(every=every)) == written


@pytest.mark.parametrize(
    ("said", "written"),
    [
        ({"at": "02:30"}, "30 2 * * *"),
        # A time that may not exist is come back to when an hour has passed.
        ({"at": "02:30", "zone": "Europe/Berlin"}, "30 2,3 * * *"),
        ({"at": "23:05", "zone": "Europe/Berlin"}, "5 23 * * *"),
        ({"at": "02:00", "day": 1}, "0 2 1 * *"),
        ({"at": "02:00", "day": 31}, "0 2 28-31 * *"),
        ({"at": "09:00", "weekday": ("monday", "sunday")}, "0 9 * * 0,1"),
    ],
)
def test_a_time_of_day_is_written_as_cron(said, written):
    assert cron(by_clock(**said)) == written
    assert zone_of(by_clock(**said)) == said.get("zone", "UTC")


def by_clock(**said):
    return declare(**said)(lambda call: None).declared


@pytest.mark.parametrize("every", [timedelta(seconds=30), timedelta(minutes=7), timedelta(days=2)])
def test_a_schedule_that_the_cloud_does_not_have_is_refused(every):
    with pytest.raises(ValueError, match="there is no schedule that runs every"):
        cron(by_clock(every=every))


def test_a_lock_is_for_production(dev, prod):
    locks = {
        name: {
            one.name: one.inputs["retentionPolicy"]["isLocked"]
            for one in of(graph, "storage.Bucket")
            if "retentionPolicy" in one.inputs
        }
        for name, graph in (("dev", dev), ("prod", prod))
    }
    assert locks == {
        "dev": {"log": False, "tap": False},
        "prod": {"log": True, "tap": True},
    }


def test_only_production_is_backed_up_and_kept_warm(dev, prod):
    def warm(graph):
        functions = of(graph, "cloudrunv2.Service")
        return {f.name for f in functions if f.inputs["template"]["scaling"]["minInstanceCount"]}

    assert not of(dev, "firestore.BackupSchedule")
    assert len(of(prod, "firestore.BackupSchedule")) == 2
    assert not warm(dev)
    assert "approvals.approve_approval" in warm(prod)


def test_only_the_named_repository_may_deploy_and_only_its_own_environment(dev, prod):
    assert not of(dev, "iam.WorkloadIdentityPoolProvider")
    (provider,) = of(prod, "iam.WorkloadIdentityPoolProvider")
    condition = provider.inputs["attributeCondition"]
    assert 'assertion.repository == "waooaw/waooaw"' in condition
    assert 'assertion.environment == "prod"' in condition


def test_nobody_signs_in_with_a_password_or_without_an_invitation(graph):
    (config,) = of(graph, "identityplatform.Config")
    ways = {
        name: way["enabled"]
        for name, way in config.inputs["signIn"].items()
        if isinstance(way, dict)
    }
    assert ways == {"email": False, "anonymous": False, "phoneNumber": False}
    assert config.inputs["client"]["permissions"]["disabledUserSignup"] is True


def test_what_is_a_secret_is_referred_to_and_never_written_down(prod):
    (provider,) = of(prod, "identityplatform.DefaultSupportedIdpConfig")
    sealed = provider.inputs["clientSecret"]
    assert sealed["value"] == "a secret", "what the cloud keeps under that name"
    assert len(sealed) == 2, "Pulumi marks it as a secret, and keeps it encrypted"
    assert not of(prod, "secretmanager.SecretVersion")


def test_an_image_is_named_by_its_digest():
    with pytest.raises(SystemExit, match="does not say which image runs; name it by its digest"):
        planned("dev", "functions/waooaw:latest", {})


def test_an_area_without_a_group_is_refused():
    def act():
        pass

    act.__module__ = "functions.trials.start_trial"
    with pytest.raises(LookupError, match="the area trials belongs to no group of trust"):
        groups.group_of(Reaction(act))


def test_what_waits_for_a_person_is_alerted(graph):
    alerts = {one.name: one.inputs for one in of(graph, "monitoring.AlertPolicy")}
    assert {"approval-latency", "errors", "many-errors", "enforcement-off", "dead-letters"} <= {
        *alerts
    }
    (budget,) = of(graph, "billing.Budget")
    shares = {rule["thresholdPercent"] for rule in budget.inputs["thresholdRules"]}
    assert 0.85 in shares
    watched = re.search(r'full_match\("(.*)"\)', str(alerts["approval-latency"]))
    assert watched
    assert re.fullmatch(watched[1].replace('\\"', ""), "mobile.approve_on_phone")


def test_a_reaction_takes_events_whatever_the_cloud_says_it_is(monkeypatch):
    """It is deployed without a trigger, for its subscription is our own; the cloud then calls it http."""
    import functions_framework

    monkeypatch.setenv("FUNCTION", "mobile.follow_agent")
    monkeypatch.setenv("FUNCTION_SIGNATURE_TYPE", "http")
    client = functions_framework.create_app("serve", "main.py").test_client()
    assert client.get("/").status_code == 405
    assert client.post("/", json={"not": "an event"}).status_code == 400
