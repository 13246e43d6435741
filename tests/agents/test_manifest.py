"""A manifest says all that an agent may do; its hash says which manifest was meant."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.story import blueprints
from shared.errors import ApprovalMismatch, Conflict
from shared.manifests import rules
from shared.manifests.models.manifests import Certificate, ManifestContent, Reviewed
from tests.agents.test_checks import AGENT_ID, PARTS, submission
from tests.agents.test_completeness import ROLE, SKILLS
from tests.conftest import NOON


def body():
    return blueprints.blueprint(ROLE.model_dump(mode="json"), SKILLS)["manifest"]


def hashed(content):
    return rules.content_hash(
        ManifestContent.model_validate(content),
        agent_id=AGENT_ID,
        job_role_id=ROLE.id,
        constitution_version="1.0.0",
    )


def shuffled(value, chance, name=""):
    if isinstance(value, dict):
        items = list(value.items())
        chance.shuffle(items)
        return {key: shuffled(item, chance, key) for key, item in items}
    if isinstance(value, list):
        items = [shuffled(item, chance) for item in value]
        if name != "components":
            chance.shuffle(items)
        return items
    return value


@given(st.integers())
def test_the_order_of_keys_and_items_never_changes_the_hash(seed):
    assert hashed(shuffled(body(), random.Random(seed))) == hashed(body())


def test_the_order_of_components_does():
    parts = [{"kind": "pump", "ref": "a"}, {"kind": "processor", "ref": "b"}]
    one, other = body(), body()
    one["capabilities"]["components"] = parts
    other["capabilities"]["components"] = parts[::-1]
    assert hashed(one) != hashed(other)


def violations(change):
    content = body()
    change(content)
    found = rules.violations(
        ManifestContent.model_validate(content),
        role_tools=PARTS.tools,
        pins=PARTS.pins,
        data=PARTS.data,
    )
    return {violation.rule for violation in found}


def operation(**changes):
    return lambda c: c["capabilities"]["integrations"][0]["operations"][0].update(changes)


def access(**changes):
    return lambda c: c["data_access"][0].update(changes)


def procedure(content):
    content["capabilities"]["procedures"] = [
        {
            "procedure_id": "p",
            "name": "p",
            "version": "1.0.0",
            "purpose": "p",
            "justified_by": blueprints.IN_SCOPE,
            "source_ref": "p",
            "sha256": "0" * 64,
            "data_access": ["payroll"],
        }
    ]


@pytest.mark.parametrize(
    ("change", "found"),
    [
        (lambda c: None, set()),
        (operation(tool_id="shell"), {"MAN-03"}),
        (lambda c: c["capabilities"].update(models=["any"]), {"MAN-05"}),
        (operation(approval_required="none"), {"MAN-06"}),
        (operation(gated_action=None), {"MAN-06"}),
        (operation(gated_action=None, approval_required="execution"), set()),
        (operation(gated_action="place_order"), {"MAN-06"}),
        (operation(operation_type="bulk", approval_required="financial"), {"MAN-06"}),
        (operation(operation_type="delete", approval_required="constitutional"), set()),
        (operation(gated_action=None, operation_type="read", approval_required="none"), set()),
        (access(resource="payroll"), {"MAN-07"}),
        (access(mode="write"), {"MAN-07"}),
        (access(retention_days=3000), {"MAN-07"}),
        (
            access(
                classification="public"
                if body()["data_access"][0]["classification"] != "public"
                else "internal"
            ),
            {"MAN-07"},
        ),
        (procedure, {"MAN-07"}),
        (lambda c: c["trial"].update(blocked_operations=["delete"]), {"MAN-08"}),
        (lambda c: c["trial"].update(sandbox_url=None), {"MAN-08"}),
        (lambda c: c["trial"].update(sandbox_url=None, enabled=False), set()),
        (lambda c: c["skills"][0].update(hash="f" * 64), {"MAN-10"}),
        (lambda c: c["purpose"].update(primary_function="password: hunter2hunter2"), {"MAN-12"}),
    ],
)
def test_each_rule_is_kept_or_named(change, found):
    assert violations(change) == found


# --- its line ------------------------------------------------------------------------------------


def certificate(manifest, **changes):
    values = {
        "certification_id": AGENT_ID,
        "certified_by": "genesis",
        "certified_at": NOON,
        "constitution_version": "1.0.0",
        "manifest_hash": manifest.manifest_hash,
    }
    return Certificate.model_validate(values | changes)


def certified():
    manifest = submission().manifest
    return rules.certified(manifest, certificate(manifest))


REVIEWS = tuple(
    Reviewed(kind=kind, ref="r", at=NOON) for kind in ("architecture", "ethics", "governor")
)


def deploy(manifest, **changes):
    given = {"manifest_hash": manifest.manifest_hash, "approvals": REVIEWS}
    return rules.deployed(manifest, **(given | changes), release_id="r", by="service", at=NOON)


def test_only_the_draft_that_was_reviewed_is_certified():
    manifest = submission().manifest
    with pytest.raises(Conflict):
        rules.certified(manifest, certificate(manifest, manifest_hash="f" * 64))
    with pytest.raises(Conflict):
        rules.certified(certified(), certificate(manifest))


def test_a_draft_follows_what_was_certified_until_it_is_in_use():
    before = certified()
    after = rules.drafted(before, before, at=NOON)
    assert (after.status, after.previous_manifest_hash) == ("draft", before.manifest_hash)
    assert after.certification is None
    with pytest.raises(Conflict, match="a change is a new version"):
        rules.drafted(deploy(versioned(before)), before, at=NOON)


def versioned(before, **said):
    """Return a manifest with its first version, asked for as it is."""
    asked = {"manifest_hash": before.manifest_hash, "in_service": False} | said
    return rules.versioned(before, None, **asked)


def test_a_draft_gets_no_version():
    with pytest.raises(Conflict, match="only one that is certified"):
        versioned(submission().manifest)


def test_what_is_another_by_now_or_in_service_gets_no_version():
    with pytest.raises(ApprovalMismatch, match="another one by now"):
        versioned(certified(), manifest_hash="f" * 64)
    with pytest.raises(Conflict, match="in service"):
        versioned(certified(), in_service=True)


def test_a_manifest_is_deployed_under_every_approval_and_its_own_hash():
    manifest = versioned(certified())
    assert deploy(manifest).status == "deployed"
    with pytest.raises(Conflict, match="ethics"):
        deploy(manifest, approvals=(REVIEWS[0], REVIEWS[2]))
    with pytest.raises(ApprovalMismatch):
        deploy(manifest, manifest_hash="f" * 64)


def test_a_manifest_that_was_altered_is_not_deployed():
    manifest = versioned(certified())
    purpose = manifest.content.purpose.model_copy(update={"expected_approvals_per_day": 0})
    content = manifest.content.model_copy(update={"purpose": purpose})
    with pytest.raises(ApprovalMismatch):
        deploy(manifest.model_copy(update={"content": content}))


def test_suspension_and_reactivation_take_turns():
    manifest = deploy(versioned(certified()))
    stopped = rules.suspended(manifest)
    assert rules.reactivated(stopped).status == "deployed"
    with pytest.raises(Conflict):
        rules.suspended(stopped)
    with pytest.raises(Conflict):
        rules.reactivated(manifest)
