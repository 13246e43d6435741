"""A post office that carries everything there is, in the order it was committed, and then stops."""

from local.dispatcher import dead_letter
from shared.actors import PLATFORM
from shared.documents import Query, Write
from shared.edge.catalog import reactions
from shared.edge.delivery import deliver
from shared.edge.queue import Delivery, delivery_key
from shared.errors import ProviderDown

REACTIONS = {one.id: one for one in reactions()}


class Post:
    """The relay, the queue and the dispatcher of one machine, one step at a time."""

    def __init__(self, ports):
        self.ports = ports
        self.failing = set()
        """The consumers that can take nothing now: what comes for them is given up."""

        self.carried = []
        """Who was delivered which event, in order."""

    def carry(self):
        """Carry until nothing is left."""
        while self._publish():
            for found in self._waiting():
                self._deliver(Delivery.from_stored(found.data))

    def _publish(self):
        self.ports.entry_relay.sweep()
        self.ports.due_relay.release_dues()
        return self._waiting()

    def _waiting(self):
        return self.ports.documents.find(PLATFORM, Query(Delivery.collection))

    def _deliver(self, delivery):
        writes = [Write(delivery_key(delivery.id), None)]
        self.carried.append((delivery.consumer, delivery.attributes["id"]))
        if delivery.consumer in self.failing:
            down = ProviderDown("not now")
            writes += dead_letter(self.ports, delivery, down, self.ports.clock())
        else:
            deliver(REACTIONS[delivery.consumer], delivery.message, self.ports)
        self.ports.documents.commit(writes)
