"""
Workers to be killed.

One JSON line in is one process: it opens the folder and delivers every timer whose time has come until none is left,
kills itself with SIGKILL at the place it was told, and one JSON line out says how it ended. Each is forked from this
process, which has everything imported and no thread.
"""

import json
import os
import signal
import sys
from datetime import datetime
from pathlib import Path
from typing import Any

from shared.bus import due_message
from shared.documents import Query
from shared.edge.catalog import reactions
from shared.edge.delivery import deliver
from shared.edge.ports import connect
from shared.edge.settings import Settings
from shared.edge.sqlite import SqliteDocuments
from shared.edge.storage import FolderFiles
from shared.promises import Due


def arm(where: str, at: int) -> None:
    """Kill this process before or after commit number *at*, or after so many files were kept."""
    counted = [0]

    def make_deadly(owner: Any, name: str) -> None:
        original = getattr(owner, name)

        def deadly(self: Any, *args: Any) -> Any:
            counted[0] += 1
            dies = counted[0] == at
            if dies and where.startswith("before"):
                os.kill(os.getpid(), signal.SIGKILL)
            result = original(self, *args)
            if dies and where.startswith("after"):
                os.kill(os.getpid(), signal.SIGKILL)
            return result

        setattr(owner, name, deadly)

    if where.endswith("commit"):
        make_deadly(SqliteDocuments, "commit")
    else:
        make_deadly(FolderFiles, "keep")


def live(folder: str, now: str) -> None:
    """Deliver what is due, again and again, until there is nothing."""
    clock = datetime.fromisoformat(now)
    documents = SqliteDocuments(Path(folder) / "store.db")
    ports = connect(Settings({"DATA": folder}), lambda: clock, documents)
    kinds = {action: one for one in reactions() if one.due for action in one.events}
    while True:
        found = [Due.from_stored(one.data) for one in documents.find(None, Query(Due.collection))]
        ready = [due for due in found if due.at <= clock]
        if not [deliver(kinds[due.action], due_message(due), ports) for due in ready].count(True):
            return


def main() -> None:
    """Serve until there is no line any more."""
    reactions()
    for line in sys.stdin:
        told = json.loads(line)
        child = os.fork()
        if child == 0:
            if told["at"]:
                arm(told["where"], told["at"])
            live(told["folder"], told["now"])
            os._exit(0)
        _, status = os.waitpid(child, 0)
        sys.stdout.write(json.dumps({"killed": os.WIFSIGNALED(status), "status": status}) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
