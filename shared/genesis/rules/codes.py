"""What the codes ask that checks, reviews and refusals name."""

from collections.abc import Iterable
from typing import Literal

from shared.actors import Role
from shared.entity import Value
from shared.principles import PRINCIPLES

Subject = Literal["skill", "job_role", "industry", "agent", "manifest", "entity"]


class Code(Value):
    """One code: what it is about, what it asks, and who answers."""

    code: str
    """By which verdicts, checks and refusals cite it."""
    about: Subject
    """What is checked."""
    asks: str
    """What it asks for, in words."""
    judged_by: Role | None = None
    """Whose judgement it is; where nobody is named, code decides."""


def _codes(family: str, about: Subject, questions: dict[str, str]) -> Iterable[Code]:
    for number, asks in questions.items():
        yield Code(code=f"{family}-{number}", about=about, asks=asks)


def _judged(family: str, about: Subject, by: Role, questions: dict[str, str]) -> Iterable[Code]:
    for code in _codes(family, about, questions):
        yield code.model_copy(update={"judged_by": by})


CODES: tuple[Code, ...] = (
    *_codes(
        "SK",
        "skill",
        {
            "1": "Has no other skill of its category and industry this name, and is what it"
            " supersedes still in force?",
            "2": "Does it think, act and observe, and can every step be rolled back?",
            "3": "Are its schemas valid, and do its samples fit them?",
            "4": "Has every effect outside the platform a gate, and does its autonomy fit the gates?",
            "5": "Does it name how it can fail, and what happens then?",
            "6": "Can it be repeated, or does it leave a checkpoint at least every 600 seconds?",
            "7": "Did a sandbox run pass the happy path, invalid input, a time-out, a transient"
            " failure and a crash, with outputs that fit the schema and every event audited?",
            "8": "Is it free of secrets, and do its tests cover more than 80 percent?",
        },
    ),
    *_judged(
        "SK",
        "skill",
        Role.VISION_GUARDIAN,
        {
            "9": "May it do what is risky about it: reach other systems, write what others share, or"
            " touch personal data? Asked only where it does."
        },
    ),
    *_codes(
        "JR",
        "job_role",
        {
            "1": "Is its industry known and certified?",
            "2": "Has it one to ten required skills, all certified, of its own industry or of the"
            " platform's?",
            "3": "Does it name its tools one by one, and all that its skills need?",
            "4": "Does a confirmation gate name every tool that can change something?",
            "5": "Do the number of agents, the manager and the coordination fit each other?",
            "6": "Does it say at least five things it can do and three it cannot, and all that its"
            " industry forbids?",
            "7": "Does the industry's knowledge exist that its expertise rests on?",
            "8": "Did it allow an allowed task, refuse a forbidden one, and hand an unclear one on?",
        },
    ),
    *_judged(
        "JR",
        "job_role",
        Role.GOVERNOR,
        {
            "9": "May it exist, as it deals with personal data, money, law or children? Asked only"
            " where it does."
        },
    ),
    *_codes(
        "IN",
        "industry",
        {
            "1": "Is each regulation mapped to at least one rule?",
            "2": "Does it say what nobody may do?",
            "3": "Has every class of data a retention, and a mask where it is confidential?",
            "4": "Do the references to its knowledge resolve?",
        },
    ),
    *_judged(
        "IN",
        "industry",
        Role.VISION_GUARDIAN,
        {"5": "Are its rules what the law and the people it concerns need?"},
    ),
    *_codes(
        "CERT",
        "agent",
        {
            "1": "Is the way of working complete, and are the principles kept?",
            "2": "Does each capability serve one thing that is in scope, and is everything named?",
            "3": "Is nothing that acts outside or writes data left to the agent alone?",
            "4": "Is there a hook for each decision that needs approval, and hooks to escalate, to"
            " audit and to stop?",
            "5": "Does everything that widens the agent's reach lead to a new certification?",
        },
    ),
    *_judged(
        "CERT",
        "agent",
        Role.GENESIS,
        {"6": "Is the burden on the people who approve proportionate, at most ten a day?"},
    ),
    *_codes(
        "ARCH",
        "agent",
        {
            "1": "Are all interfaces declared, and did a traced run touch nothing else?",
            "3": "Are the agents it depends on declared, with what happens when one is missing, and"
            " without a circle?",
            "5": "Is there a tested rollback for a failed deployment, a late incident and"
            " inconsistent data?",
        },
    ),
    *_judged(
        "ARCH",
        "agent",
        Role.SYSTEMS_ARCHITECT,
        {
            "2": "Are the layers apart: data through declared resources only, governance through hooks?",
            "4": "Does a failure stay with the agent's own customers, and is nothing irreversible done"
            " without approval?",
        },
    ),
    *_judged(
        "ETH",
        "agent",
        Role.VISION_GUARDIAN,
        {
            "1": "Is it aligned with the constitution and the limits of its mode?",
            "2": "Are its approval boundaries whole: nobody approves themselves, no escalation is"
            " suppressed, no sign-off of a document permits to send it?",
            "3": "Can it bypass no gate: change no rule, disable no audit, forge no seed?",
            "4": "Is customer data necessary, classified, kept no longer than needed, deleted, and"
            " shared with approval only?",
            "5": "Is a seed that it proposes specific, and not over-broad?",
        },
    ),
    *_codes(
        "MAN",
        "manifest",
        {
            "02": "Has the manifest the hash that it names?",
            "03": "Is every tool one that the job role authorises?",
            "05": "Is everything listed one by one, with no wildcard?",
            "06": "Has every operation the gate that its effect needs?",
            "07": "Is all use of data declared, and covered by what the skills may touch?",
            "08": "Does a trial name its sandbox and block deletes and bulk operations?",
            "10": "Is each skill certified, in the version and with the version_hash that are named?",
            "12": "Is it free of secrets?",
        },
    ),
    *_codes(
        "L1-ENT",
        "entity",
        {
            "05": "Has every change of the version one marker, which leads from the version before?",
            "07": "Are id, kind, tenant, time of creation and an agent's industry as they were?",
            "09": "Do times never go back?",
            "10": "Is what is deleted still there, marked with the time?",
        },
    ),
    Code(code="L1-JOBROLE-01", about="job_role", asks="Does it require at least one skill?"),
    Code(
        code="W-ROLE-01", about="job_role", asks="Does it require fewer than three skills? A hint."
    ),
    *(Code(code=p.code, about="entity", asks=f"{p.name}: {p.obligation}") for p in PRINCIPLES),
)
"""Every code, in the order in which things are made."""
