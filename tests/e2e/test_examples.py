"""Every example of the API's description is taken as it stands, in one story whose ids fit each other."""

import base64
import hashlib
from datetime import timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from local.walk import WALK, account
from shared.actors import HOLDERS, Role
from shared.canonical import canonical, digest
from shared.entity import written
from tests.e2e.told import Story, described
from tests.rehearsals import events, mobile, policies
from tests.rehearsals import platform as platform_rehearsal
from tests.rehearsals import policy as policy_rehearsal
from tests.rehearsals.scene import Scene, at_stage, until

pytestmark = pytest.mark.slow

BY_THE_ENGINE = {
    "agents.begin_workflow": "the engine claims each run as it begins, and only once",
    "agents.fail_workflow": "the engine tells of a workflow that broke down",
    "agents.settle_stage": "the engine settles a stage as soon as its time has come",
}
"""Not sent here: what only the workflow engine sends, at one moment; the rehearsals see that it works."""

DENIED = {
    "policy.enforce_tool_use": "no manifest is certified with a tool yet; the rehearsal sees that it is denied",
}
"""Not sent here: what the rules deny, whoever sends it."""

ALSO_BY_OTHERS = {
    "agents.request_agent_changes",
    "approvals.add_evidence",
    "approvals.cancel_approval",
    "approvals.escalate_approval",
    "identity.create_role_request",
    "identity.log_out",
    "identity.put_notification_preferences",
}
"""What the pages show as sent by one who may, and this story sends as another one."""

SECRET = "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A"
"""The private half of the key in the example of a device (RFC 8037, appendix A.1)."""

WORDS = ("category", "changes", "comment", "explanation")


def decoded(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def signing(approval, verb):
    """Return what signs the example of a decision, as the phone in the examples does."""
    key = Ed25519PrivateKey.from_private_bytes(decoded(SECRET))

    def sign(body):
        decision = body["items"][0] if "items" in body else body
        shown = {
            "typ": "device-decision/v1",
            "approval_id": approval["id"],
            "action_digest": approval["action_digest"],
            "card_hash": approval["card_hash"],
            "verb": verb,
            "reason_hash": digest({k: v for k, v in decision.items() if k in WORDS}),
            "decided_at": decision["decided_at"],
            "nonce": decision["device"]["nonce"],
            "sig_expires_at": decision["device"]["sig_expires_at"],
        }
        signature = base64.urlsafe_b64encode(key.sign(canonical(shown))).rstrip(b"=")
        decision["device"]["signature"] = signature.decode()
        return body

    return sign


def enrolling(body):
    """Sign the example of a registration, as the phone in the examples does."""
    key = Ed25519PrivateKey.from_private_bytes(decoded(SECRET))
    said = {name: body[name] for name in ("public_key", "fcm_token", "signed_at")}
    said |= {"typ": "device-enrolment/v1", "tenant": "platform", "user_id": "governor.platform"}
    signature = base64.urlsafe_b64encode(key.sign(canonical(said))).rstrip(b"=")
    return body | {"signature": signature.decode()}


@pytest.fixture
def story(platform):
    return Story(Scene(platform))


def test_every_example_is_taken_as_it_stands(story):
    for part in (
        parts,
        agent,
        service,
        questions,
        phone,
        violations,
        precedents,
        operations,
        reads,
    ):
        now(story)
        part(story)
    unsent = sorted(described().keys() - story.sent.keys() - BY_THE_ENGINE.keys() - DENIED.keys())
    assert not unsent, (
        f"send the example of each in the part of this file that it belongs to: {unsent}"
    )
    acts = [
        id for id in story.sent if described()[id][0] != "GET" and described()[id][2]["security"]
    ]
    others = {id for id in acts if account(id) not in story.sent[id]}
    assert others == ALSO_BY_OTHERS
    assert sorted(BY_THE_ENGINE.keys() & story.sent.keys()) == []


def now(story):
    """Say what time it is in the story."""
    at = story.scene.platform.clock.now()
    after = {"NOW": 0, "SOON": 4, "TOMORROW": 24 * 60, "NEXT_WEEK": 7 * 24 * 60}
    story.knows(**{name: written(at + timedelta(minutes=m)) for name, m in after.items()})


def parts(story):
    """Have an industry, a skill and a job role rejected, revised, judged and certified."""
    story.send("identity.get_me", "admin")
    judges = {"industry": "vision_guardian", "skill": "vision_guardian", "job_role": "governor"}
    for kind, judge in judges.items():
        made = story.send(f"genesis.create_{kind}", "admin")
        story.knows(**{kind.upper(): made["id"]})
        rejected = story.send(f"genesis.reject_{kind}", "genesis")
        story.send(f"genesis.revise_{kind}", "admin", version=rejected["version_hash"])
        story.send(f"genesis.judge_{kind}", judge)
        certified = story.send(f"genesis.certify_{kind}", "genesis")
        assert certified["status"] == "certified"
        if kind == "skill":
            story.knows(SKILL_HASH=certified["version_hash"])
    assert story.send("genesis.validate_spec", "admin")["valid"]
    story.send("genesis.run_reference_agent", "admin")


def agent(story):
    """Take an agent through its pipeline, with the requests of the first walk."""
    begun = story.send("agents.create_agent", "admin")
    story.knows(AGENT=begun["agent"]["id"], WORKFLOW=begun["workflow_id"])
    at_stage(story.client, story.known["AGENT"], 2)
    submitted = story.send("agents.submit_me_wow", "admin")
    assert (submitted["completeness"], submitted["gaps"]) == (100, [])
    story.knows(MANIFEST_HASH=submitted["manifest_hash"])
    for step in WALK:
        for code in step.codes:
            at_stage(story.client, story.known["AGENT"], step.stage)
            story.send("agents.record_verdict", step.who, check_code=code, stage=step.stage)
    asked = until(lambda: story.client.get("governor", "/v1/approvals")["items"])[0]
    story.knows(APPROVAL=asked["id"], ACTION_DIGEST=asked["action_digest"])
    story.send("approvals.approve_approval", "governor")
    story.send("agents.assign_version", "service")


def service(story):
    """Put it in service, stop it, resume it, and take it back."""

    def live():
        agent = story.client.get("admin", f"/v1/agents/{story.known['AGENT']}")
        return agent if agent["status"] == "deployed" else None

    until(live, jump=story.scene.platform.jump)
    used = policy_rehearsal.allowed(story.client, story.known["AGENT"])
    story.send("policy.end_tool_use", "service", tenant="acme", decision_id=used)
    story.knows(RELEASE=story.send("agents.create_release", "service")["release"]["id"])
    stopped = story.send("agents.suspend_agent", "governor")
    story.knows(REACTIVATION=reactivation(story, stopped))
    story.send("agents.resume_agent", "governor")
    story.send("agents.rollback_agent", "governor")
    story.send("audit.append_entries", "service")


def reactivation(story, stopped):
    """Have the reactivation of a stopped agent asked for and approved."""
    asked = story.client.post("service", "/v1/approvals", story.scene.returning(stopped["id"]))
    story.client.sign_in("governor")
    said = {"expected_digest": asked["action_digest"]}
    story.client.post("governor", f"/v1/approvals/{asked['id']}/approve", said)
    return asked["id"]


def opened(story):
    """Have something new asked for, which the examples then speak of."""
    asked = story.scene.ask(window_min=600)
    story.knows(APPROVAL=asked["id"], ACTION_DIGEST=asked["action_digest"])
    return asked


def questions(story):
    """Ask as the example asks, and answer in every way there is."""
    asked = story.send("approvals.create_approval", "service")
    story.knows(APPROVAL=asked["id"], ACTION_DIGEST=asked["action_digest"])
    for verb, who in (("escalate", "service"), ("delegate", "governor"), ("defer", "governor")):
        story.send(f"approvals.{verb}_approval", who)
    story.send("approvals.add_evidence", "service")
    story.send("approvals.cancel_approval", "service")
    for operation in ("approvals.request_approval_changes", "approvals.reject_approval"):
        opened(story)
        story.send(operation, "governor")
    story.send("approvals.withdraw_refusal", "governor")
    opened(story)
    story.send("approvals.veto_approval", "governor")
    opened(story)
    veto = story.send("approvals.create_veto", "governor")
    story.knows(VETO=veto["id"])
    attached = story.send("mobile.attach_document", "governor")
    assert attached["method"] == "PUT"
    upload(story)


def upload(story):
    """Put a document where the answer says; only its bytes can have the digest of an example."""
    data = b"%PDF-1.7\n"
    given = {"size": len(data), "sha256": hashlib.sha256(data).hexdigest()}
    address = story.send("mobile.attach_document", "governor", **given)["upload_url"]
    headers = {"Content-Type": "application/pdf"}
    assert story.client.answer(None, "PUT", address, headers, body=data).status == 201
    story.sent["mobile.upload_document"] = set()


def phone(story):
    """Decide on the phone of the examples, which signs with the key of the examples."""
    now(story)
    story.client.sign_in("governor")
    made = story.send("mobile.register_device", "governor", sign=enrolling)
    story.knows(DEVICE=made["id"])
    for operation, verb in (
        ("mobile.approve_on_phone", "approve"),
        ("mobile.request_changes_on_phone", "request_changes"),
        ("mobile.veto_on_phone", "veto"),
    ):
        now(story)
        story.send(operation, "governor", sign=signing(opened(story), verb))
    now(story)
    queued = story.send("mobile.sync_vetoes", "governor", sign=signing(opened(story), "veto"))
    assert [one["result"] for one in queued["results"]] == ["applied"]
    story.send("mobile.unregister_device", "governor")


def violations(story):
    """Deal with one violation, and dismiss another."""
    story.knows(VIOLATION=mobile.open_violation(story.scene))
    for verb in ("acknowledge_violation", "plan_remediation", "resolve_violation"):
        story.send(f"mobile.{verb}", "governor")
    story.knows(VIOLATION=mobile.open_violation(story.scene))
    story.send("mobile.dismiss_violation", "governor")


def precedents(story):
    """Propose a rule, try it, put it in force, and take it back in every way there is."""
    story.send("mobile.create_seed_on_phone", "governor")
    seeds = []
    for _ in range(3):
        more = {"supersedes": seeds[1]} if len(seeds) == 2 else {}
        draft = story.send("learning.create_seed_draft", "governor", **more)
        story.knows(DRAFT=draft["id"])
        submitted = story.send("learning.submit_seed_draft", "governor")
        story.knows(SEED=submitted["precedent_seed_id"])
        story.send("precedents.validate_precedent_seed", "genesis")
        seeds.append(story.known["SEED"])
        if len(seeds) == 1:
            story.send("precedents.activate_precedent_seed", "governor")
            story.send("precedents.match_precedent_seeds", "governor")
            story.send("precedents.replay_precedent_seed", "governor")
            story.send("precedents.deprecate_precedent_seed", "governor")
    story.knows(SEED=seeds[1], SUCCESSOR=seeds[2])
    story.send("precedents.activate_precedent_seed", "governor")
    story.send("precedents.supersede_precedent_seed", "governor")
    story.knows(SEED=seeds[2])
    story.send("precedents.revoke_precedent_seed", "governor")
    story.send("precedents.switch_deciding_seed", "governor")
    story.send("precedents.switch_precedent_seeds", "governor")


def roles(story):
    """Ask for a role, decide on roles, and lend one."""
    for somebody in ("helpdesk_agent", "subscription_manager"):
        story.client.get(somebody, "/v1/me")
    asked = story.send("identity.create_role_request", "subscription_manager")
    story.knows(ROLE_REQUEST=asked["id"])
    for verb in ("decide_role_request", "put_roles"):
        story.send(f"identity.{verb}", "admin")
    story.send("identity.give_emergency_role", "governor")


def policies_of_a_tenant(story):
    """Ask what the rules say, and write, try, put in force and retire a policy."""
    story.send("policy.judge_plan", "admin")
    story.send("policy.evaluate_act", "service", tenant="acme")
    story.send("policy.set_freeze", "governor")
    story.knows(BUNDLE=story.send("policy.publish_policy_bundle", "admin")["id"])
    policy = story.send("policy.create_policy", "admin")
    story.knows(POLICY=policy["id"])
    for verb in ("test", "evaluate", "preview"):
        story.send(f"policy.{verb}_policy", "admin")
    asked = story.send("policy.activate_policy", "admin")
    policies.in_force(story.client, asked, "admin")
    story.send("policy.retire_policy", "admin")
    story.knows(DRIFT_ALERT=policies.differ(story.scene))
    story.send("policy.acknowledge_drift", "admin")
    story.knows(DECISION=policy_rehearsal.ask_why(story.client))


def operations(story):
    """Look after the platform, and sign out."""
    incident = story.send("platform.create_incident", "admin")
    story.knows(INCIDENT=incident["id"])
    story.send("platform.transition_incident", "admin")
    story.send("platform.put_feature_flag", "admin", version="")
    story.send("budgets.put_budget", "admin", version="")
    story.send("budgets.create_usage_event", "service")
    story.knows(MANDATE=story.send("budgets.create_mandate", "governor")["id"])
    story.send("budgets.revoke_mandate", "governor")
    policies_of_a_tenant(story)
    story.send("platform.reset_circuit_breaker", "admin")
    story.knows(EXPORT=platform_rehearsal.begin_later(story.scene).id)
    story.send("platform.cancel_async_job", "admin")
    story.send("platform.rebuild_projection", "admin")
    export = story.send("audit.create_export", "admin")
    story.knows(EXPORT=export["id"])
    address = f"/v1/audit/exports/{export['id']}"
    until(lambda: story.client.get("admin", address)["status"] == "completed")
    events.rehearse(story.scene)
    (letter,) = story.client.get("admin", "/v1/events/dead-letters?status=replayed")["items"]
    story.knows(DEAD_LETTER=letter["id"])
    story.send("events.replay_dead_letter", "admin")
    notice = until(lambda: story.client.get("governor", "/v1/notifications")["items"])[0]
    story.knows(NOTIFICATION=notice["id"])
    story.send("mobile.read_notification", "governor")
    wishes = story.client.get("governor", "/v1/me/notification-preferences")
    story.send("identity.put_notification_preferences", "governor", version=wishes["version_hash"])
    # Whoever's sessions are ended signs in again in the next second at the soonest.
    roles(story)
    for verb in ("end_sessions", "withdraw_role", "restore_role"):
        story.send(f"identity.{verb}", "admin")
    first = {name: story.known[name] for name in ("AGENT", "WORKFLOW")}
    other = story.send("agents.create_agent", "admin", name="Another content writer")
    story.knows(AGENT=other["agent"]["id"], WORKFLOW=other["workflow_id"])
    at_stage(story.client, story.known["AGENT"], 2)
    story.send("agents.submit_me_wow", "admin")
    at_stage(story.client, story.known["AGENT"], 3)
    story.send("agents.request_agent_changes", "genesis")
    story.send("agents.cancel_workflow", "admin")
    story.send("agents.revise_agent", "admin")
    story.knows(**first)


def reads(story):
    """Read everything there is, and sign out."""
    found = {}
    for id, (method, _, said) in described().items():
        if method == "GET":
            holders = set().union(*(HOLDERS[scope] for scope in said["x-scopes"])) or set(Role)
            found[id] = story.look(id, next(role for role in Role if role in holders))
    lost = {id: status for id, status in found.items() if status != 200}
    assert not lost, (
        "what an example names in an address must be there: give it a name in NAMES of shared/examples.py,"
        " let _STANDING of shared/edge/openapi.py show it, and the story make it and know it (story.knows):"
        f" {lost}"
    )
    story.send("identity.log_out", "viewer")
