"""Grants that go further than they are for, callers that are others, and messages that would be dropped: each is said."""

import re
from dataclasses import replace

import pytest

from infra import accounts, delivering, order, permissions, rights
from infra.checks import CHECKS
from infra.graph import FOLDER
from infra.reading import granted, of
from infra.stack import STATE_KEY, state_key
from shared.events.rules import ATTEMPTS
from tests.infra.broken import added, changed

PROVIDER = "iam.WorkloadIdentityPoolProvider"
OURS = "serviceAccount:{}@waooaw-prod.iam.gserviceaccount.com".format
SUBSCRIPTION = ("pubsub.Subscription", "dues--approvals.check_veto")
JOB = ("cloudscheduler.Job", "events.sweep_entries")


def trusted(graph, member):
    return changed(graph, "serviceaccount.IAMMember", "deployer-repository", member=member)


def with_role(graph, type, name, role):
    return changed(graph, type, name, role=f"roles/{role}")


def allowing(graph, name, *more):
    found = next(one for one in graph if (one.type, one.name) == ("projects.IAMCustomRole", name))
    wider = replace(
        found, inputs=found.inputs | {"permissions": [*found.inputs["permissions"], *more]}
    )
    return [wider if one is found else one for one in graph]


def silent(header):
    return lambda graph: changed(graph, *JOB, **{f"httpTarget__headers__{header}": ""})


BREAKAGES = {
    "the repository or the environment is enough": (
        lambda g: changed(
            g,
            PROVIDER,
            "repository",
            attributeCondition='assertion.repository == "waooaw/waooaw" || assertion.environment == "prod"',
        ),
        "the provider repository lets in others than the repository in prod",
    ),
    "another environment deploys": (
        lambda g: changed(
            g,
            PROVIDER,
            "repository",
            attributeCondition='assertion.repository == "waooaw/waooaw" && assertion.environment == "dev"',
        ),
        "the provider repository lets in others than the repository in prod",
    ),
    "another issuer is believed": (
        lambda g: changed(g, PROVIDER, "repository", oidc__issuerUri="https://token.example.com"),
        "the provider repository believes another than https://token.actions.githubusercontent.com",
    ),
    "the repository is not told": (
        lambda g: changed(
            g, PROVIDER, "repository", attributeMapping={"google.subject": "assertion.sub"}
        ),
        "the provider repository reads what it is told in another way",
    ),
    "every repository is the pipeline": (
        lambda g: trusted(g, "principalSet://iam.googleapis.com/repository/*"),
        (
            "deployer-repository gives roles/iam.workloadIdentityUser to"
            " principalSet://iam.googleapis.com/repository/*; who is no account of ours is the one"
            " repository, which acts as the deployer"
        ),
    ),
    "another pool is the pipeline": (
        lambda g: trusted(
            g, "principalSet://iam.googleapis.com/other/attribute.repository/waooaw/waooaw"
        ),
        "the provider repository lets in others than the repository in prod",
    ),
    "a second repository is the pipeline": (
        lambda g: added(
            g,
            "serviceaccount.IAMMember",
            "second",
            role=permissions.ACTS,
            serviceAccountId="projects/p/serviceAccounts/deployer@waooaw-prod.iam.gserviceaccount.com",
            member="principalSet://iam.googleapis.com/repository/attribute.repository/a/b",
        ),
        "more than one repository, pool or provider is trusted; the pipeline is of one",
    ),
    "a person is given something": (
        lambda g: added(
            g, "projects.IAMMember", "p", role="roles/run.admin", member="user:a@example.com"
        ),
        (
            "p gives roles/run.admin to user:a@example.com; who is no account of ours is the one"
            " repository, which acts as the deployer"
        ),
    ),
    "an account of another project is given something": (
        lambda g: changed(
            g,
            "secretmanager.SecretIamMember",
            "pipeline-requests-writer-key-pipeline",
            member="serviceAccount:pipeline-requests@other.iam.gserviceaccount.com",
        ),
        (
            "pipeline-requests-writer-key-pipeline gives roles/secretmanager.secretAccessor to"
            " pipeline-requests of other, for whom it is not"
        ),
    ),
    "the broker administers a topic": (
        lambda g: with_role(g, "pubsub.TopicIAMMember", "broker-dead-letters", "pubsub.admin"),
        (
            "broker-dead-letters gives roles/pubsub.admin to service-1 of gcp-sa-pubsub,"
            " for whom it is not"
        ),
    ),
    "the builder reads every bucket": (
        lambda g: changed(g, "projects.IAMMember", "builder-storage.objectViewer", condition=None),
        "builder-storage.objectViewer gives roles/storage.objectViewer for everything; it is for sources alone",
    ),
    "the builder reads uploads": (
        lambda g: added(
            g,
            "storage.BucketIAMMember",
            "b",
            role="roles/storage.objectViewer",
            bucket="waooaw-prod-uploads",
            member=OURS("builder"),
        ),
        (
            "builder may use the bucket uploads (roles/storage.objectViewer),"
            " which none of its functions needs"
        ),
    ),
    "a grant has a condition that is nobody's": (
        lambda g: changed(
            g, "projects.IAMMember", "pubsub-eventarc.eventReceiver", condition={"expression": "x"}
        ),
        "pubsub-eventarc.eventReceiver gives roles/eventarc.eventReceiver under a condition that nobody declares",
    ),
    "an account administers its topic": (
        lambda g: with_role(g, "pubsub.TopicIAMMember", "pipeline-requests-tap", "pubsub.admin"),
        "pipeline-requests may publish on tap (roles/pubsub.admin), which none of its functions needs",
    ),
    "an account administers its key": (
        lambda g: with_role(
            g,
            "secretmanager.SecretIamMember",
            "pipeline-requests-writer-key-pipeline",
            "secretmanager.admin",
        ),
        (
            "pipeline-requests has roles/secretmanager.admin"
            " and never does secretmanager.secrets.create, which it allows"
        ),
    ),
    "an account's role is wider than its use": (
        lambda g: with_role(
            g, "projects.IAMMember", "pipeline-requests-datastore.user", "datastore.owner"
        ),
        (
            "pipeline-requests has roles/datastore.owner"
            " and never does datastore.databases.create, which it allows"
        ),
    ),
    "a foundational agent may do more than call": (
        lambda g: added(
            g,
            "projects.IAMMember",
            "more",
            role="roles/datastore.user",
            project="waooaw-prod",
            member=OURS("genesis"),
        ),
        "genesis has roles/datastore.user and does nothing that it allows",
    ),
    "an account is there of which nobody says anything": (
        lambda g: added(g, "serviceaccount.Account", "laptop", accountId="laptop"),
        "laptop is an account of which nobody says what it does (infra/permissions.py)",
    ),
    "who pushes also reads secrets": (
        lambda g: allowing(g, "sends-pushes", "secretmanager.versions.access"),
        "the role sends_pushes allows secretmanager.versions.access, which Push never takes",
    ),
    "who signs also takes tokens": (
        lambda g: allowing(g, "signs-links", "iam.serviceAccounts.getAccessToken"),
        "the role signs_links allows iam.serviceAccounts.getAccessToken, which FileReader never takes",
    ),
    "who keeps Firebase reads secrets": (
        lambda g: allowing(g, "keeps-firebase", "secretmanager.versions.access"),
        "the role keeps_firebase allows secretmanager.versions.access, which Firebase never takes",
    ),
    "Storage may look at the key alone": (
        lambda g: with_role(g, "kms.CryptoKeyIAMMember", "records-storage", "cloudkms.viewer"),
        (
            "storage.Bucket log is encrypted with projects/waooaw-prod/locations/asia-south1/keyRings/waooaw"
            "/cryptoKeys/records, which no agent of its service may use. Google's agent may use a key of ours"
            " only once it is allowed to."
        ),
    ),
    "the pipeline has another key than the stack's": (
        lambda g: changed(
            g,
            "kms.CryptoKeyIAMMember",
            "deployer-state",
            cryptoKeyId="waooaw-prod/asia-south1/pulumi/other",
        ),
        (
            "kms.CryptoKeyIAMMember deployer-state names waooaw-prod/asia-south1/pulumi/other,"
            " a kms.CryptoKey that is nowhere. Whoever names something can name it only once it is there."
        ),
    ),
    "a workflow is the gateway": (
        lambda g: changed(
            g, "workflows.Workflow", "agent_creation", serviceAccount=f"x/{OURS('gateway')[15:]}"
        ),
        "workflows.Workflow agent_creation calls as gateway and not as workflows",
    ),
    "a trigger is the scheduler": (
        lambda g: changed(
            g, "eventarc.Trigger", "events.publish_entry", serviceAccount=OURS("scheduler")[15:]
        ),
        "eventarc.Trigger events.publish_entry calls as scheduler and not as pubsub",
    ),
    "a schedule is the broker": (
        lambda g: changed(g, *JOB, httpTarget__oidcToken__serviceAccountEmail=OURS("pubsub")[15:]),
        "cloudscheduler.Job events.sweep_entries calls as pubsub and not as scheduler",
    ),
    "the gateway is the builder": (
        lambda g: changed(
            g,
            "apigateway.ApiConfig",
            "waooaw",
            gatewayConfig__backendConfig__googleServiceAccount=OURS("builder")[15:],
        ),
        "apigateway.ApiConfig waooaw calls as builder and not as gateway",
    ),
    "an idle subscription ends": (
        lambda g: changed(g, *SUBSCRIPTION, expirationPolicy=None),
        "the subscription dues--approvals.check_veto ends when it is idle, with what it holds",
    ),
    "what keeps a topic ends": (
        lambda g: changed(g, "pubsub.Subscription", "tap--kept", expirationPolicy=None),
        "the subscription tap--kept ends when it is idle, with what it holds",
    ),
    "a message is kept for a day": (
        lambda g: changed(g, *SUBSCRIPTION, messageRetentionDuration="86400s"),
        "the subscription dues--approvals.check_veto does not keep its messages for a week",
    ),
    "a message is tried without end": (
        lambda g: changed(g, *SUBSCRIPTION, deadLetterPolicy__maxDeliveryAttempts=100),
        f"approvals.check_veto is not tried {ATTEMPTS} times, as the rules say",
    ),
    "a message is tried at once": (
        lambda g: changed(g, *SUBSCRIPTION, retryPolicy=None),
        "approvals.check_veto is tried again at other times than the rules say",
    ),
    "what keeps dead letters gives up": (
        lambda g: changed(
            g,
            "pubsub.Subscription",
            "dead-letters--events.keep_dead_letter",
            deadLetterPolicy={"maxDeliveryAttempts": 5},
        ),
        "events.keep_dead_letter keeps what is given up, and gives up itself",
    ),
    "a schedule only asks": (
        lambda g: changed(g, *JOB, httpTarget__httpMethod="GET"),
        "events-sweep-entries is not sent an event: POST it, with a body and the headers of CloudEvents",
    ),
    **{
        f"a schedule does not say {header}": (
            silent(header),
            "events-sweep-entries is not sent an event: POST it, with a body and the headers of CloudEvents",
        )
        for header in (*delivering.BINARY, *delivering.NAMED)
    },
}


CHECKS_OF_RIGHTS = (
    *rights.CHECKS,
    *delivering.CHECKS,
    permissions.accounts_may_do_their_work,
    permissions.our_own_roles_are_as_narrow_as_their_use,
    order.waits_for_what_it_needs,
)


@pytest.mark.parametrize("breakage", BREAKAGES)
def test_what_is_broken_is_said(prod, breakage):
    broken, sentence = BREAKAGES[breakage]
    graph = broken(prod)
    assert any(said == sentence for check in CHECKS_OF_RIGHTS for said in check(graph, "prod"))


def test_each_of_these_checks_is_one_that_is_made():
    assert set(CHECKS_OF_RIGHTS) <= set(CHECKS)


def test_what_is_for_some_is_bound_though_nobody_declares_that_it_is(prod, monkeypatch):
    monkeypatch.setattr(accounts, "BOUND", {})
    wide = changed(prod, "projects.IAMMember", "builder-storage.objectViewer", condition=None)
    assert (
        "builder-storage.objectViewer allows storage.objects.get in the whole project;"
        " give it on one thing, or bind it"
    ) in rights.what_is_for_some_is_not_given_for_all(wide, "prod")


def test_a_bound_role_is_for_this_and_no_more():
    tenants = 'resource.name.extract("/secrets/{name}").startsWith("kept-")'
    sources = (
        'resource.name.startsWith("projects/_/buckets/gcf-v2-sources-")'
        ' || resource.name.startsWith("projects/_/buckets/p-source/")'
    )
    assert {role: accounts.bound(role, "p")[1] for role in accounts.BOUND} == {
        "keeps_secrets": tenants,
        "reads_secrets": tenants,
        "roles/storage.objectViewer": sources,
    }


def test_the_repository_that_is_trusted_is_the_one_that_the_stack_names(prod):
    (member,) = {
        member
        for _, role, members in granted(prod)
        if role == permissions.ACTS
        for member in members
    }
    found = rights.TRUSTED.fullmatch(member)
    assert found
    assert found.groups() == ("repository", "waooaw/waooaw")


def test_a_surplus_is_one_that_its_role_has_and_nobody_uses(prod, monkeypatch):
    """What is used by whoever has the role, or not allowed by it at all, is no surplus and is not listed."""
    for role, lines in permissions.SURPLUS.items():
        assert permissions.each(lines) <= (permissions.allows(role) or set()), role
    listed = set(permissions.SURPLUS)
    monkeypatch.setattr(permissions, "SURPLUS", {})
    said = " ".join(
        sentence
        for check in (
            permissions.the_deployer_may_do_what_it_does,
            permissions.accounts_may_do_their_work,
        )
        for sentence in check(prod, "prod")
    )
    assert {role for role in listed if f"has {role} and never does" in said} == listed


def test_the_key_of_the_state_is_the_one_that_is_made_by_hand(prod):
    """The runbook, the grant and what is asked before a deployment name one key."""
    runbook = (FOLDER.parent / "docs/runbooks/deploy.md").read_text()
    ring, key = STATE_KEY.split("/")
    (region,) = set(re.findall(r"--location=(\S+)", runbook)) or {""}
    assert f"gcloud kms keyrings create {ring} " in runbook
    assert f"gcloud kms keys create {key} --keyring={ring} " in runbook
    assert f"gcloud kms keys add-iam-policy-binding {key} --keyring={ring} " in runbook
    assert f"--secrets-provider=gcpkms://{state_key('PROJECT', region)}`" in runbook
    (given,) = (one for one in of(prod, "kms.CryptoKeyIAMMember") if one.name == "deployer-state")
    assert given.inputs["cryptoKeyId"] == f"waooaw-prod/{region}/{STATE_KEY}"


def test_what_the_clock_sends_is_an_event_to_its_library(prod):
    from cloudevents.http import from_http

    for one in of(prod, "cloudscheduler.Job"):
        event = from_http(one.inputs["httpTarget"]["headers"], b"{}")
        assert (event["type"], event["id"]) == ("com.waooaw.schedule.v1", one.name)


def test_every_kind_of_caller_says_as_whom(prod):
    assert {one.type for one, _, _ in rights.calls(prod)} == rights.AS_WHOM.keys()
