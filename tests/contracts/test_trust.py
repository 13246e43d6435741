"""Which account reaches what: a function that reaches more than the others of its account is seen at once."""

from infra.groups import GROUPS, runtimes
from shared.edge.catalog import catalog

REACHED = {
    "evidence-requests": {"FileReader"},
    "evidence-reactions": {"DueRelay", "EntryRelay", "Files", "LetterRelay"},
    "governance-requests": {"Deployment", "Files", "SignatureCheck", "Tickets"},
    "governance-reactions": {"Push", "Workflows"},
    "pipeline-requests": {"Deployment"},
    "pipeline-reactions": {"Probe", "Workflows"},
    "platform-requests": {"Deployment", "Memory", "Traffic"},
    "platform-reactions": {"Backlogs", "Dependencies", "Telemetry"},
}
"""What the functions of each account name; what that lets the account do stands in tests/infra/test_graph.py."""


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
