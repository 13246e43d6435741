"""Faults that are sown one by one into who calls what in production, and how: each is found by its check."""

from typing import Any

import pytest

from infra import checks, delivering, routes, serving
from tests.infra.broken import changed, routed
from tests.infra.test_checks import SERVICE, told

CONFIG = "identityplatform.Config"
TRIGGER = "eventarc.Trigger"

PEOPLE = routes.the_gateway_knows_the_people_of_the_project
SIGNS_IN = serving.only_who_is_vouched_for_signs_in
BOUNDED = serving.functions_are_bounded
OPEN = serving.functions_are_open_to_who_calls_them
TELLS = serving.functions_are_told_what_is_so
GIVEN = serving.functions_are_given_what_cloud_run_has
LEADS = routes.every_route_leads_to_its_operation
FIRST = routes.a_browser_may_ask_first
COUNTED = routes.every_call_is_counted
WAITS = delivering.whoever_calls_waits
WHOLE = delivering.what_is_kept_is_whole


def known(graph, way, **members):
    """Return the graph with a gateway that knows a way in by other members."""
    ways = "securityDefinitions"
    return routed(graph, lambda said: said[ways].setdefault(way, {}).update(members))


def kept(graph, label, **members):
    """Return the graph with a subscription that keeps otherwise."""
    more = {f"cloudStorageConfig__{name}": new for name, new in members.items()}
    return changed(graph, "pubsub.Subscription", label, **more)


SOWN: dict[str, Any] = {
    **{
        f"the gateway knows another {member}": (
            PEOPLE,
            lambda g, way=way, more={member: "other"}: known(g, way, **more),
            f"the gateway knows a {way} by {member} other and not {right}",
        )
        for way, member, right in (
            ("person", "x-google-audiences", "waooaw-prod"),
            ("person", "x-google-issuer", "https://securetoken.google.com/waooaw-prod"),
            ("person", "x-google-jwks_uri", routes.KEYS),
            ("app", "name", "x-api-key"),
            ("guest", "type", None),
        )
    },
    "a function is told of another project": (
        PEOPLE,
        lambda g: told(g, "agents.get_agent", PROJECT="other"),
        "functions are told that they are in ['other', 'waooaw-prod'], and are in ['waooaw-prod']",
    ),
    "there is no second factor": (
        SIGNS_IN,
        lambda g: changed(g, CONFIG, "sign-in", mfa__state="DISABLED"),
        "nobody can have a second factor: it is ['DISABLED', 'ENABLED']",
    ),
    "one may sign in elsewhere": (
        SIGNS_IN,
        lambda g: changed(
            g,
            CONFIG,
            "sign-in",
            authorizedDomains=["waooaw-prod.web.app", "waooaw-prod.firebaseapp.com", "example.com"],
        ),
        "example.com is where one may sign in and not call, or the other way round",
    ),
    "one signs in with a password": (
        SIGNS_IN,
        lambda g: changed(g, CONFIG, "sign-in", signIn__email__enabled=True),
        "whoever signs in by email is vouched for by nobody; switch it off",
    ),
    "anybody signs up": (
        SIGNS_IN,
        lambda g: changed(g, CONFIG, "sign-in", client__permissions__disabledUserSignup=False),
        "anybody may sign up; who is let in is invited",
    ),
    "half of the requests go to what was before": (
        BOUNDED,
        lambda g: changed(g, SERVICE, "agents.get_agent", traffics__0__percent=50),
        "agents.get_agent may go on serving an old revision",
    ),
    "a function grows further than its stack says": (
        BOUNDED,
        lambda g: changed(g, SERVICE, "agents.get_agent", template__scaling__maxInstanceCount=100),
        "agents.get_agent has no bound on its instances, or another than 20",
    ),
    **{
        f"a function has {cpu} CPU and {mib} MiB": (
            GIVEN,
            lambda g, limits={"cpu": cpu, "memory": f"{mib}Mi"}: changed(
                g, SERVICE, "agents.get_agent", template__containers__0__resources__limits=limits
            ),
            f"agents.get_agent has {cpu} CPU and {mib} MiB; Cloud Run has no less than 0.08 and 128",
        )
        for cpu, mib in (("0.05", 160), ("0.2", 64))
    },
    **{
        f"a trigger is for {what}": (
            checks.every_stored_reaction_has_its_trigger,
            lambda g, more={f"matchingCriterias__{place}": value}: changed(
                g, TRIGGER, "events.publish_entry", **more
            ),
            "events.publish_entry is triggered by other documents than it takes",
        )
        for what, place, value in (
            ("whatever is written", "0__value", "google.cloud.firestore.document.v1.written"),
            ("another database", "1__value", "other"),
            ("one tenant", "2__value", "tenants/acme/events/{id}"),
            ("a document of that very name", "2__operator", ""),
        )
    },
    "a sweep goes by another clock": (
        checks.every_schedule_has_its_function,
        lambda g: changed(g, "cloudscheduler.Job", "events.sweep_entries", timeZone="Asia/Kolkata"),
        "events-sweep-entries runs at */1 * * * * in Asia/Kolkata and not at */1 * * * * in Etc/UTC",
    ),
    "an operation is closed to the gateway": (
        OPEN,
        lambda g: changed(g, SERVICE, "agents.get_agent", ingress="INGRESS_TRAFFIC_INTERNAL_ONLY"),
        "agents.get_agent is closed to the outside, from where gateway calls it",
    ),
    **{
        f"a function is told {name} {value}": (
            TELLS,
            lambda g, more={name: value}: told(g, "agents.get_agent", **more),
            f"agents.get_agent is told {name} {value}, and it is {right}",
        )
        for name, value, right in (
            ("ACCOUNT", "other", "pipeline-requests@waooaw-prod.iam.gserviceaccount.com"),
            ("BUS", "local", "pubsub"),
            ("ENVIRONMENT", "dev", "prod"),
            ("FUNCTION_TARGET", "server", "serve"),
            ("STORE", "sqlite", "firestore"),
            ("TIMEOUT_S", "600", "60"),
            ("WRITER_KEY", "/etc/waooaw/key.pem", "/etc/waooaw/writer.pem"),
        )
    },
    "nobody is waited for": (
        BOUNDED,
        lambda g: changed(
            g, SERVICE, "approvals.approve_approval", template__scaling__minInstanceCount=0
        ),
        (
            "approvals.approve_approval is not kept warm,"
            " and somebody waits for it with a decision in their hand"
        ),
    ),
    "everybody is waited for": (
        BOUNDED,
        lambda g: changed(g, SERVICE, "agents.get_agent", template__scaling__minInstanceCount=1),
        "agents.get_agent is kept warm in prod, where nobody waits for it",
    ),
    "a key is mounted elsewhere than is told": (
        TELLS,
        lambda g: changed(
            g,
            SERVICE,
            "agents.get_agent",
            template__containers__0__volumeMounts__0__mountPath="/elsewhere",
        ),
        "agents.get_agent is told WRITER_KEY /etc/waooaw/writer.pem, and it is /elsewhere/writer.pem",
    ),
    "a function starts slowly": (
        GIVEN,
        lambda g: changed(
            g,
            SERVICE,
            "agents.get_agent",
            template__containers__0__resources__startupCpuBoost=False,
        ),
        (
            "agents.get_agent starts on the CPU that it runs on; a start is boosted"
            " (docs/decisions/0007-cold-start.md)"
        ),
    ),
    "two people have one address": (
        SIGNS_IN,
        lambda g: changed(g, CONFIG, "sign-in", signIn__allowDuplicateEmails=True),
        "two people may have one address, by which they are told apart and given roles",
    ),
    "a route forgets its path": (
        LEADS,
        lambda g: routed(
            g,
            lambda said: said["paths"]["/v1/me"]["get"]["x-google-backend"].update(
                path_translation="CONSTANT_ADDRESS"
            ),
        ),
        "the route GET /v1/me does not hand its path on (CONSTANT_ADDRESS)",
    ),
    "a browser may not ask": (
        FIRST,
        lambda g: routed(g, lambda said: said["paths"]["/v1/me"].pop("options")),
        "a browser may not ask first whether it may call /v1/me",
    ),
    "a browser needs a token to ask": (
        FIRST,
        lambda g: routed(
            g, lambda said: said["paths"]["/v1/me"]["options"].update(security=[{"person": []}])
        ),
        "a browser may not ask first whether it may call /v1/me",
    ),
    "a browser is told too little": (
        FIRST,
        lambda g: told(g, "identity.get_me", METHODS=""),
        "whoever asks first about /v1/me is told [] and not ['GET']",
    ),
    "a call costs nothing": (
        COUNTED,
        lambda g: routed(g, lambda said: said["paths"]["/v1/me"]["get"].pop("x-google-quota")),
        "the route GET /v1/me counts as None and not as {'calls': 1}",
    ),
    "an app may decide at will": (
        COUNTED,
        lambda g: routed(
            g,
            lambda said: said["x-google-management"]["quota"]["limits"][1].update(
                values={"STANDARD": 120_000}
            ),
        ),
        (
            "an app may do {'calls': 2000, 'decisions': 120000}"
            " and not {'calls': 2000, 'decisions': 120} a minute"
        ),
    ),
    "the gateway does not wait": (
        WAITS,
        lambda g: routed(
            g,
            lambda said: said["paths"]["/v1/me"]["get"]["x-google-backend"].update(deadline=5.0),
        ),
        "identity-get-me is given up by apigateway.ApiConfig waooaw while it may still be running",
    ),
    "the scheduler does not wait": (
        WAITS,
        lambda g: changed(g, "cloudscheduler.Job", "events.sweep_entries", attemptDeadline="15s"),
        (
            "events-sweep-entries is given up by cloudscheduler.Job events.sweep_entries"
            " while it may still be running"
        ),
    ),
    "a workflow does not wait": (
        WAITS,
        lambda g: changed(
            g,
            "workflows.Workflow",
            "agent_creation",
            sourceContents=next(
                one.inputs["sourceContents"] for one in g if one.name == "agent_creation"
            ).replace("timeout: 60", "timeout: 6"),
        ),
        (
            "agents-assign-version is given up by workflows.Workflow agent_creation"
            " while it may still be running"
        ),
    ),
    "a sweep is not tried again": (
        delivering.a_schedule_sends_an_event,
        lambda g: changed(
            g, "cloudscheduler.Job", "events.sweep_entries", retryConfig={"retryCount": 0}
        ),
        "events-sweep-entries is not sent its event again where it fails",
    ),
    "a topic forgets at once": (
        delivering.no_message_is_dropped,
        lambda g: changed(g, "pubsub.Topic", "dues", messageRetentionDuration=None),
        "the topic dues does not keep its messages for a week",
    ),
    "what is kept lies anywhere": (
        WHOLE,
        lambda g: kept(g, "case-events--kept", filenamePrefix=""),
        "what case-events--kept keeps lies under '' and not under its topic",
    ),
    "what is kept is data alone": (
        WHOLE,
        lambda g: kept(g, "case-events--kept", avroConfig={"writeMetadata": False}),
        (
            "what case-events--kept keeps lacks what its messages say of themselves:"
            " their type and their order"
        ),
    ),
    "the tap is kept by another name": (
        WHOLE,
        lambda g: kept(g, "tap--kept", filenameSuffix=".json"),
        "the tap is not kept as lines of JSON, which the evidence is compared with",
    ),
    "the broker does not wait for a file": (
        WHOLE,
        lambda g: changed(g, "pubsub.Subscription", "tap--kept", ackDeadlineSeconds=10),
        "tap--kept writes a file for longer than the broker waits for it",
    ),
}


@pytest.mark.parametrize("fault", SOWN)
def test_what_is_sown_is_found(prod, fault):
    check, sow, sentence = SOWN[fault]
    assert check in checks.CHECKS
    assert sentence in list(check(sow(prod), "prod"))
