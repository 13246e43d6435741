"""So many requests to the application alone, for a tool that counts: ``counted.py DATA get|mutation N``, in either build."""

import json
import sys
from datetime import UTC, datetime
from pathlib import Path

from local.accounts import SignIn
from local.server import application
from local.story import catalogue
from local.story.acts import AUTHOR
from shared.edge.ports import connect
from shared.edge.settings import Settings


def main(data: str, what: str, requests: int) -> None:
    """Ask."""
    Path(data).mkdir()
    settings = Settings({"DATA": data})
    sign_in = SignIn(settings)
    sign_in.publish()
    ports = connect(settings)
    client = application(ports).test_client()
    skill = catalogue.SKILLS[0]()
    token = sign_in.token(AUTHOR, datetime.now(UTC))
    headers = {"Authorization": f"Bearer {token}"}

    def propose(n: int) -> str:
        body = skill | {"name": f"Skill {n}", "skill_key": f"skill-{n}"}
        keyed = headers | {"Idempotency-Key": f"counted-{n}"}
        answer = client.post("/v1/genesis/skills", json=body, headers=keyed)
        assert answer.status_code == 201, answer.text
        return str(json.loads(answer.data)["id"])

    id = propose(0)
    for n in range(requests):
        if what == "get":
            assert client.get(f"/v1/genesis/skills/{id}", headers=headers).status_code == 200
        else:
            propose(n + 1)
            ports.entry_relay.sweep()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
