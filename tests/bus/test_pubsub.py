"""Publishing to Google's own emulator, and being pushed to by it."""

import threading
import time
from collections import defaultdict
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import grpc  # type: ignore[import-untyped]
import pytest
from google.api_core.exceptions import DeadlineExceeded
from google.pubsub_v1 import PublisherClient, SubscriberClient
from google.pubsub_v1.services.publisher.transports import PublisherGrpcTransport
from google.pubsub_v1.services.subscriber.transports import SubscriberGrpcTransport

from shared.bus import Message, envelope, opened, tap
from shared.edge.pubsub import PubsubBus, from_push
from shared.errors import Rejected, StoreUnavailable
from tests.bus.conftest import an_entry
from tests.edge.provider import Reply, providing
from tests.emulators import free_port, fresh_project, needs_emulator


class Broker:
    """One project of the emulator, with the topics and subscriptions that a test asks for."""

    def __init__(self, host):
        self.project = fresh_project()
        channel = grpc.insecure_channel(host)
        publishing = PublisherGrpcTransport(host=host, channel=channel)
        subscribing = SubscriberGrpcTransport(host=host, channel=channel)
        self.publisher = PublisherClient(transport=publishing)
        self.subscriber = SubscriberClient(transport=subscribing)
        self.subscriptions = []

    def topic(self, name):
        path = f"projects/{self.project}/topics/waooaw-test-{name}"
        return self.publisher.create_topic(name=path).name

    def subscribe(self, topic, **more):
        name = topic.rpartition("/")[2]
        path = f"projects/{self.project}/subscriptions/{name}--{len(self.subscriptions)}"
        given = {"name": path, "topic": topic, "enable_message_ordering": True, **more}
        self.subscriptions.append(self.subscriber.create_subscription(request=given).name)
        return path

    def pull(self, subscription, count):
        """Pull and acknowledge so many messages, waiting at most ten seconds for them."""
        pulled, until = [], time.monotonic() + 10
        while len(pulled) < count and time.monotonic() < until:
            try:
                answer = self.subscriber.pull(
                    subscription=subscription, max_messages=100, timeout=1, retry=None
                )
            except DeadlineExceeded:
                continue
            pulled += [received.message for received in answer.received_messages]
            ids = [received.ack_id for received in answer.received_messages]
            if ids:
                self.subscriber.acknowledge(subscription=subscription, ack_ids=ids)
        return pulled

    def close(self):
        for subscription in self.subscriptions:
            self.subscriber.delete_subscription(subscription=subscription)
        self.subscriber.transport.close()


@pytest.fixture
def broker(pubsub_emulator):
    broker = Broker(pubsub_emulator)
    yield broker
    broker.close()


@pytest.fixture
def bus(broker):
    return PubsubBus(broker.project, "test")


def emulated(test):
    for mark in needs_emulator:
        test = mark(test)
    return test


@emulated
def test_what_is_pulled_is_what_was_published(broker, bus):
    subscription = broker.subscribe(broker.topic("kite-events"))
    message = envelope(an_entry(), environment="test")

    bus.publish([message])

    (pulled,) = broker.pull(subscription, 1)
    same = Message("kite-events", pulled.ordering_key, dict(pulled.attributes), pulled.data)
    assert same == message
    assert opened(same) == opened(message)


@emulated
def test_messages_of_one_subject_stay_in_order(broker, bus):
    subscription = broker.subscribe(broker.topic("kite-events"))
    entities = [f"kites/{name}" for name in ("a", "b", "c")]
    entries = [an_entry(n, entity=entity) for n in range(1, 26) for entity in entities]

    bus.publish([envelope(entry, environment="test") for entry in entries])

    seen = defaultdict(list)
    for pulled in broker.pull(subscription, len(entries)):
        seen[pulled.ordering_key].append(int(pulled.attributes["sequence"]))
    assert seen == {entity: list(range(1, 26)) for entity in entities}


@emulated
def test_the_tap_and_the_topics_each_get_their_own(broker, bus):
    taps = broker.subscribe(broker.topic("tap"))
    kites = broker.subscribe(broker.topic("kite-events"))
    entry = an_entry()

    bus.publish([tap(entry), envelope(entry, environment="test")])

    assert [pulled.data for pulled in broker.pull(taps, 1)] == [tap(entry).data]
    assert [pulled.attributes["id"] for pulled in broker.pull(kites, 1)] == [entry.id]


@emulated
def test_publishing_nothing_is_no_error(bus):
    bus.publish([])


@emulated
def test_a_topic_that_does_not_exist_is_a_defect(bus):
    with pytest.raises(Rejected, match=r"kite-events refuses messages for good \(NOT_FOUND\)"):
        bus.publish([envelope(an_entry(), environment="test")])


@emulated
def test_a_closed_bus_opens_again(broker, bus):
    subscription = broker.subscribe(broker.topic("kite-events"))
    bus.publish([envelope(an_entry(1), environment="test")])
    bus.close()
    bus.publish([envelope(an_entry(2), environment="test")])

    assert [p.attributes["sequence"][-1] for p in broker.pull(subscription, 2)] == ["1", "2"]


class Endpoint(ThreadingHTTPServer):
    """A consumer's door: keeps what is pushed to it, and answers as it was told."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.answers = []
        self.got = []
        self.changed = threading.Condition()

    def wait_for(self, count):
        with self.changed:
            assert self.changed.wait_for(lambda: len(self.got) >= count, 20), self.got


class Handler(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        with self.server.changed:
            status = self.server.answers.pop(0) if self.server.answers else 204
            self.server.got.append((status, body))
            self.server.changed.notify_all()
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *arguments):
        """Keep quiet."""


@pytest.fixture
def endpoint():
    with Endpoint() as endpoint:
        thread = threading.Thread(target=endpoint.serve_forever, args=(0.01,))
        thread.start()
        yield endpoint
        endpoint.shutdown()
        thread.join()


@pytest.fixture
def pushing(broker, endpoint):
    address = f"http://127.0.0.1:{endpoint.server_port}/"
    backoff = {"minimum_backoff": {"nanos": 100_000_000}, "maximum_backoff": {"seconds": 1}}
    return broker.subscribe(
        broker.topic("kite-events"),
        push_config={"push_endpoint": address},
        retry_policy=backoff,
        ack_deadline_seconds=10,
    )


@emulated
def test_a_message_is_pushed_to_its_consumer(bus, endpoint, pushing):
    message = envelope(an_entry(), environment="test")

    bus.publish([message])

    endpoint.wait_for(1)
    ((_, body),) = endpoint.got
    assert from_push(body) == message


@emulated
def test_what_googles_own_client_publishes_is_pushed_as_ours(broker, bus, endpoint, pushing):
    message = envelope(an_entry(), environment="test")
    theirs = {"data": message.data, "attributes": message.attributes}
    topic = f"projects/{broker.project}/topics/waooaw-test-kite-events"

    broker.publisher.publish(topic=topic, messages=[theirs | {"ordering_key": message.subject}])

    endpoint.wait_for(1)
    ((_, body),) = endpoint.got
    assert from_push(body) == message


@emulated
def test_what_a_consumer_fails_on_is_pushed_again(bus, endpoint, pushing):
    endpoint.answers = [500, 500]
    message = envelope(an_entry(), environment="test")

    bus.publish([message])

    endpoint.wait_for(3)
    assert [status for status, _ in endpoint.got] == [500, 500, 204]
    assert {opened(from_push(body)).id for _, body in endpoint.got} == {message.attributes["id"]}


@pytest.mark.enable_socket
def test_a_broker_that_does_not_answer_is_unavailable(monkeypatch):
    monkeypatch.setenv("PUBSUB_EMULATOR_HOST", f"127.0.0.1:{free_port()}")
    bus = PubsubBus("nowhere", "test", sleep=lambda seconds: None)

    with pytest.raises(StoreUnavailable, match=r"cannot be published now: .*; try again"):
        bus.publish([envelope(an_entry(), environment="test")])


@pytest.mark.enable_socket
@pytest.mark.parametrize(
    "body",
    [
        *({"messageIds": said} for said in (["1"], ["1", "2", "3"], ["1", ""], [1, 2], None)),
        {"more": 1},
    ],
)
def test_messages_that_have_no_numbers_are_not_published(monkeypatch, body):
    with providing() as provider:
        monkeypatch.setenv("PUBSUB_EMULATOR_HOST", provider.address[7:])
        bus, message = PubsubBus("p", "test"), envelope(an_entry(), environment="test")
        provider.replies = [Reply(200, {"messageIds": ["1", "2"]})]
        bus.publish([message] * 2)
        provider.replies = [Reply(200, body)]
        with pytest.raises(StoreUnavailable, match="something else than it was asked"):
            bus.publish([message] * 2)


def test_a_process_without_credentials_has_no_broker(monkeypatch, tmp_path):
    monkeypatch.delenv("PUBSUB_EMULATOR_HOST", raising=False)
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(tmp_path / "none.json"))

    with pytest.raises(StoreUnavailable, match="DefaultCredentialsError"):
        PubsubBus("nowhere", "test").publish([tap(an_entry())])


@emulated
def test_all_batches_together_have_one_time_limit(broker):
    broker.topic("kite-events")
    bus = PubsubBus(broker.project, "test", within_s=0.0)

    with pytest.raises(StoreUnavailable, match="took all the time there is"):
        bus.publish([envelope(an_entry(), environment="test")])


@emulated
def test_googles_own_client_and_ours_publish_the_same(broker, bus):
    topic = broker.topic("kite-events")
    subscription = broker.subscribe(topic)
    message = envelope(an_entry(), environment="test")

    bus.publish([message])
    theirs = {"data": message.data, "attributes": message.attributes}
    broker.publisher.publish(topic=topic, messages=[theirs | {"ordering_key": message.subject}])

    ours, theirs = broker.pull(subscription, 2)
    assert (ours.data, ours.attributes, ours.ordering_key) == (
        theirs.data,
        theirs.attributes,
        theirs.ordering_key,
    )
