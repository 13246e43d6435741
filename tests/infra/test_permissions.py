"""Whoever deploys may do what the program does, and nobody is allowed what they do not do."""

import json
from dataclasses import replace

import pytest

from infra import accounts, permissions
from infra.graph import FOLDER, Resource
from infra.groups import runtimes
from infra.reading import granted


def deployer(graph):
    return list(permissions.the_deployer_may_do_what_it_does(graph, "prod"))


def others(graph):
    return list(permissions.accounts_may_do_their_work(graph, "prod"))


def without(graph, account, role):
    """Return the graph without what gives an account a role."""
    rest = [
        one
        for one in graph
        if one.inputs.get("role") != role or f":{account}@" not in str(one.inputs.get("member"))
    ]
    assert len(rest) < len(graph)
    return rest


def given(graph, account, role):
    member = f"serviceAccount:{account}@waooaw-prod.iam.gserviceaccount.com"
    return [*graph, Resource("projects.IAMMember", "more", {"role": role, "member": member})]


@pytest.mark.parametrize(
    ("role", "sentence"),
    [
        (
            "roles/cloudkms.cryptoKeyEncrypterDecrypter",
            (
                "deployer opens the secrets of the stack"
                " and lacks cloudkms.cryptoKeyVersions.useToDecrypt"
            ),
        ),
        (
            "roles/servicemanagement.serviceConsumer",
            "deployer makes a projects.Service and lacks servicemanagement.services.bind",
        ),
        ("roles/run.admin", "deployer makes a cloudrunv2.Service and lacks run.services.create"),
        (
            "roles/artifactregistry.admin",
            (
                "deployer finds, names and copies images"
                " and lacks artifactregistry.repositories.uploadArtifacts"
            ),
        ),
        (
            "roles/cloudbuild.builds.editor",
            "deployer has images built and lacks cloudbuild.builds.create",
        ),
        (
            "roles/iam.serviceAccountUser",
            "deployer makes a cloudscheduler.Job and lacks iam.serviceAccounts.actAs",
        ),
        (
            "projects/waooaw-prod/roles/keeps_firebase",
            "deployer makes a firebase.WebApp and lacks firebase.clients.create",
        ),
    ],
)
def test_what_the_deployer_lacks_is_said(prod, role, sentence):
    assert sentence in deployer(without(prod, "deployer", role))


def test_the_deployer_has_no_role_that_its_others_make_needless(prod):
    """So each of them is missed when it is taken away."""
    roles = {
        role for _, role, members in granted(prod) if any(":deployer@" in one for one in members)
    }
    assert len(roles) == len(accounts.DEPLOYS) + 1
    for role in sorted(roles):
        assert deployer(without(prod, "deployer", role)), role


def test_a_budget_is_for_whoever_was_let_by_hand(prod, monkeypatch):
    monkeypatch.setattr(permissions, "BY_HAND", {})
    assert "deployer makes a billing.Budget and lacks billing.budgets.create" in deployer(prod)
    runbook = (FOLDER.parent / "docs/runbooks/deploy.md").read_text()
    assert "--role=roles/billing.costsManager" in runbook


def test_who_may_do_more_than_they_do_is_said(prod):
    assert "deployer has roles/pubsub.publisher and does nothing that it allows" in deployer(
        given(prod, "deployer", "roles/pubsub.publisher")
    )
    assert "gateway has roles/datastore.user and does nothing that it allows" in others(
        given(prod, "gateway", "roles/datastore.user")
    )


def test_a_role_and_a_type_that_nobody_has_written_down_are_said(prod):
    said = others(given(prod, "gateway", "roles/container.admin"))
    assert (
        "gateway has roles/container.admin, of which nobody has written down what it allows"
        " (infra/roles.json)"
    ) in said
    new = [*prod, Resource("redis.Instance", "cache", {})]
    assert any(
        sentence.startswith("redis.Instance is a type of which") for sentence in deployer(new)
    )


def test_a_pipeline_that_nobody_may_act_as_is_said(prod):
    broken = [one for one in prod if one.inputs.get("role") != permissions.ACTS]
    assert deployer(broken) == [
        "nobody acts as the deployer: roles/iam.workloadIdentityUser on it is given to no repository"
    ]


def test_what_an_account_lacks_is_said(prod):
    assert "builder does its work and lacks storage.objects.get" in others(
        without(prod, "builder", "roles/storage.objectViewer")
    )
    port = "governance-reactions has the port Workflows and lacks workflows.executions.create"
    assert port in others(without(prod, "governance-reactions", "roles/workflows.invoker"))


def test_each_port_is_given_what_it_takes_and_nothing_else():
    """Those, too, that no function names today."""
    for port, of_project in accounts.ROLES_OF_PORT.items():
        roles = {*of_project, *([accounts.SIGNS] if port is accounts.FileReader else [])}
        roles |= {role for one, (_, role) in accounts.IN_UPLOADS.items() if one is port}
        allowed = {
            role: permissions.allows(role) or set(accounts.CUSTOM[role][1]) for role in roles
        }
        takes = permissions.each(permissions.OF_PORTS.get(port, ()))
        assert takes <= set().union(*allowed.values()), port
        assert all(permitted & takes for permitted in allowed.values()), port
        ours = [set(accounts.CUSTOM[role][1]) for role in roles & accounts.CUSTOM.keys()]
        assert takes >= set().union(*ours), f"a role of our own for {port} is as narrow as its port"


def test_the_deployers_own_role_is_as_narrow_as_what_it_is_for():
    takes = permissions.each(
        line
        for type in ("firebase.Project", "firebase.WebApp")
        for line in permissions.OF_TYPES[type]
    )
    assert set(accounts.CUSTOM["keeps_firebase"][1]) <= takes


def test_what_is_written_down_is_asked_for(prod):
    known = json.loads((FOLDER / "roles.json").read_text())["roles"]
    roles = {role for _, role, _ in granted(prod)} | permissions.BY_HAND.keys()
    roles |= {role for of_port in accounts.ROLES_OF_PORT.values() for role in of_port}
    assert known.keys() <= roles
    assert all(known.values()), "a role of which nothing is asked is no use"


def test_a_stack_without_a_pipeline_needs_no_rights_for_one(dev):
    assert deployer(dev) == []


def test_the_pipeline_of_the_next_stack_takes_the_images_of_this_one_and_does_nothing_else(
    dev, prod
):
    member = "serviceAccount:deployer@waooaw-staging.iam.gserviceaccount.com"
    (given,) = (one for one, _, members in granted(dev) if member in members)
    (images,) = (one for one in dev if one.type == "artifactregistry.Repository")
    assert given.type == "artifactregistry.RepositoryIamMember"
    assert given.inputs["role"] == "roles/artifactregistry.reader"
    assert images.urn in given.fed_by
    assert not [one for one in prod if one.type == given.type], "there is none after the last"


def test_each_runtime_writes_documents(dev):
    for runtime in runtimes():
        broken = [
            replace(one, inputs=one.inputs | {"role": "roles/logging.logWriter"})
            if f":{runtime.account}@" in str(one.inputs.get("member"))
            and one.inputs["role"] == "roles/datastore.user"
            else one
            for one in dev
        ]
        said = others(broken)
        assert (
            f"{runtime.account} reads and writes documents and lacks datastore.entities.get" in said
        )
