"""Every operation as everybody: what the table of scopes allows is what is let in, and nothing else."""

import sys

import pytest

from local.accounts import accounts
from shared.actors import HOLDERS
from shared.edge.catalog import operations
from tests.contracts.test_operations import send

KNOWN_CELLS = 1904
"""So many there were when the matrix was first gone through by hand."""


@pytest.mark.slow
def test_who_may_call_what_is_what_the_table_says(world, capsys):
    """Send each operation as each account, with a body that none takes, so that nothing is done."""
    cells, wrong = 0, []
    tokens = {account: world.sign_in.token(account, world.now) for account in accounts()}
    for op in operations():
        holders = set().union(*(HOLDERS[scope] for scope in op.scopes), set())
        for account, token in tokens.items():
            given = {"headers": {"Authorization": f"Bearer {token}"}}
            if op.mutates:
                given |= {"data": '{"unknown": 1}', "content_type": "application/json"}
            answer = send(world, op, **given)
            told = answer.json.get("detail", "") if answer.is_json else ""
            refused = answer.status_code in {401, 403} and told.startswith("this takes the scope")
            allowed = op.public or account.partition("@")[0] in holders
            if refused == allowed or answer.status_code == 401 or answer.status_code >= 500:
                wrong.append((op.id, account, answer.status_code))
            cells += 1
    assert wrong == []
    assert cells == len(operations()) * len(accounts()) > KNOWN_CELLS
    with capsys.disabled():
        sys.stdout.write(f"{cells:,} cells of role and operation\n")
