"""
A stream's answer: what there is to tell now, and all that a server needs to go on with it.

A function ends here, as the gateway hands nothing on before an answer is whole. A server of ours may hold the
answer open, and look again whenever something was committed: as if it were asked anew, with what was told last.
"""

from collections.abc import Callable
from typing import Any

from shared.actors import Actor
from shared.edge.answers import Answered
from shared.edge.web import Request, Response
from shared.streams import Place, Stream


class Open(Response):
    """An answer that is whole as it is, and may be held open."""

    def __init__(
        self,
        done: Answered,
        asked: Request,
        actor: Actor,
        *,
        admit: Callable[[], None],
        ask: Callable[[Request], Answered],
    ) -> None:
        """
        Answer what there is to tell now.

        Args:
            done: The answer.

            asked: The request.

            actor: Who listens.

            admit: Refuses whoever may not listen any more: their token has expired, or was revoked.

            ask: Answers a request to the same address.
        """
        super().__init__(done.body, done.status, done.headers)
        self.told, self.actor, self.admit = _told(done), actor, admit
        self._asked, self._ask = asked, ask

    def look(self, last: Place) -> Stream[Any]:
        """
        Return what there is to tell from a place on.

        Raises:
            Refusal: Whoever listens may not any more.
        """
        asked = {**self._asked.environ, "HTTP_LAST_EVENT_ID": str(last)}
        return _told(self._ask(Request(asked)))


def _told(done: Answered) -> Stream[Any]:
    if done.stream is None:
        raise TypeError("this answer is no stream")
    return done.stream
