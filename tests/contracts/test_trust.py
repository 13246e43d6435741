"""Which account reaches what: a function that reaches more than the others of its account is seen at once."""

from infra.groups import GROUPS, runtimes
from shared.edge.catalog import catalog
from shared.files import FileRemover, Files

REACHED = {
    "evidence-requests": {"FileReader"},
    "evidence-reactions": {
        "DueRelay",
        "Enforcing",
        "EntryRelay",
        "FileRemover",
        "Files",
        "LetterRelay",
    },
    "governance-requests": {
        "DecisionPoint",
        "Deployment",
        "Enforcing",
        "Files",
        "SignatureCheck",
        "Tickets",
    },
    "governance-reactions": {"Backlogs", "Enforcing", "Push", "Workflows"},
    "pipeline-requests": {"Deployment"},
    "pipeline-reactions": {"Probe", "Workflows"},
    "platform-requests": {"Deployment", "Enforcing", "Memory", "Projections", "Traffic"},
    "platform-reactions": {"Backlogs", "Dependencies", "Projections", "Telemetry"},
    "spending-reactions": set(),
    "spending-requests": {"SecretReader", "SecretWriter"},
}
"""What the functions of each account name; what that lets the account do stands in tests/infra/test_graph.py."""

KEPT_FOR_GOOD = {
    "mobile.upload_document": "what a veto was given for is evidence, and stays as it does",
}
"""Who keeps files that nobody removes, and why."""


def test_every_area_belongs_to_a_group_of_trust():
    areas = {function.id.partition(".")[0] for function in catalog()}
    lacking = areas - set().union(*GROUPS.values())
    assert not lacking, f"say in infra/groups.py whom these are trusted with: {sorted(lacking)}"


def test_an_account_reaches_what_is_known_and_no_more():
    for account in runtimes():
        by = {
            kind.__name__: [f.id for f in account.functions if kind in f.ports.values()]
            for kind in account.ports
        }
        more = {name: ids for name, ids in by.items() if name not in REACHED[account.account]}
        assert not more, (
            f"{account.account} now reaches {more}: is it to? Then write it into REACHED"
        )
        assert by.keys() == REACHED[account.account], (
            f"{account.account} reaches less; write it down"
        )


def test_an_area_that_keeps_files_also_removes_them():
    removing = {one.id.partition(".")[0] for one in catalog() if FileRemover in one.ports.values()}
    keeping = {one.id for one in catalog() if Files in one.ports.values()}
    endless = {one for one in keeping if one.partition(".")[0] not in removing}
    assert endless == KEPT_FOR_GOOD.keys(), (
        "have a reaction of the area remove them, or say in KEPT_FOR_GOOD why they stay"
    )
