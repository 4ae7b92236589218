"""From a queue to the app and to the dead-letter queue, end to end: moto's SQS, awslambdaric, the example's handler.

What stands between SQS and Lambda (an event source mapping) is `deliver`: it takes messages, invokes the
function, deletes what is not in ``batchItemFailures``, and lets the rest come again. After the third time SQS
itself moves a message to the dead-letter queue.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from typing import Any

import pytest
from lambda_runtime import Function, runtime, settings_of

from clarifai_http_annotations.testing import Emulator, Faults, serve

REASON = "moto (with its server), boto3 and awslambdaric are not all installed"
boto3: Any = pytest.importorskip("boto3", reason=REASON)
moto: Any = pytest.importorskip("moto.server", reason=REASON)
pytest.importorskip("awslambdaric", reason=REASON)

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")  # those of moto

MESSAGES, POISON, SPOILT = 1000, 40, 5
RECEIVED = 3
"""How often a message is delivered before it goes to the dead-letter queue."""

BATCH = 150
SECONDS = 9.0
"""Of the function: 4 for an upload, 5 for the margin."""


class Queues:
    """A queue with a dead-letter queue."""

    def __init__(self, sqs: Any) -> None:
        self.sqs = sqs
        self.dead = sqs.create_queue(QueueName="dead")["QueueUrl"]
        arn = sqs.get_queue_attributes(QueueUrl=self.dead, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        redrive = {"deadLetterTargetArn": arn, "maxReceiveCount": RECEIVED}
        self.url = sqs.create_queue(QueueName="labels", Attributes={"RedrivePolicy": json.dumps(redrive)})["QueueUrl"]

    def send(self, bodies: list[str]) -> None:
        for start in range(0, len(bodies), 10):
            entries = [{"Id": str(n), "MessageBody": body} for n, body in enumerate(bodies[start : start + 10])]
            assert not self.sqs.send_message_batch(QueueUrl=self.url, Entries=entries).get("Failed")

    def receive(self, most: int, url: str | None = None) -> list[dict[str, Any]]:
        """Take up to so many messages; fewer mean that there are no more."""
        found: list[dict[str, Any]] = []
        while len(found) < most:
            more = self.sqs.receive_message(QueueUrl=url or self.url, MaxNumberOfMessages=10)
            if "Messages" not in more:
                break
            found += more["Messages"]
        return found

    def deliver(self, function: Function) -> int:
        """Deliver a batch as Lambda does, and return how many messages it had."""
        taken = self.receive(BATCH)
        records = [
            {"messageId": m["MessageId"], "body": m["Body"], "eventSource": "aws:sqs", "eventSourceARN": self.url}
            for m in taken
        ]
        kind, said = function.api.invoke({"Records": records}, SECONDS) if taken else ("response", {})
        back = {item["itemIdentifier"] for item in said.get("batchItemFailures", [])} if kind == "response" else None
        for start in range(0, len(taken), 10):
            ten = [{"Id": m["MessageId"], "ReceiptHandle": m["ReceiptHandle"]} for m in taken[start : start + 10]]
            done = [entry for entry in ten if back is not None and entry["Id"] not in back]
            again = [{**entry, "VisibilityTimeout": 0} for entry in ten if entry not in done]  # as if it were over
            if done:
                self.sqs.delete_message_batch(QueueUrl=self.url, Entries=done)
            if again:
                self.sqs.change_message_visibility_batch(QueueUrl=self.url, Entries=again)
        return len(taken)


@pytest.fixture
def queues() -> Iterator[Queues]:
    server = moto.ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    server.start()
    try:
        host, port = server.get_host_and_port()
        settings = {"region_name": "eu-central-1", "aws_access_key_id": "x", "aws_secret_access_key": "x"}
        yield Queues(boto3.client("sqs", endpoint_url=f"http://{host}:{port}", **settings))
    finally:
        server.stop()


def bodies_of(chance: random.Random) -> dict[str, list[dict[str, Any]]]:
    """Return bodies with the annotations in them; a body that is poison in itself has none."""
    poison = ["{", "[]", '{"input_id": "no-value", "data": {"concepts": [{"id": "tree"}]}}', '{"hello": "world"}']
    bodies: dict[str, list[dict[str, Any]]] = {chance.choice(poison) + " " * n: [] for n in range(POISON)}
    for message in range(MESSAGES - POISON):
        names = [f"{message}-{n}" for n in range(chance.randint(1, 5))]
        if message < SPOILT:
            names.append(f"gone-{message}")  # an input that does not exist
        trees = [
            {"input_id": name, "data": {"concepts": [{"id": "tree", "value": chance.randint(0, 1)}]}} for name in names
        ]
        bodies[json.dumps(trees if len(trees) > 1 or chance.random() < 0.5 else trees[0])] = trees
    return bodies


@pytest.mark.parametrize("seed", [1, 2])
def test_every_annotation_of_1000_messages_is_stored_once_or_is_in_the_dead_letter_queue(
    queues: Queues, seed: int
) -> None:
    chance = random.Random(seed)
    bodies = bodies_of(chance)
    texts = list(bodies)
    chance.shuffle(texts)
    queues.send(texts)
    exist = [tree["input_id"] for trees in bodies.values() for tree in trees if "gone" not in tree["input_id"]]
    emulator = Emulator(inputs=exist, faults=Faults.seeded(seed), latency=0.02)
    invocations = 0
    with serve(emulator) as server, runtime(settings_of(server.url)) as function:
        while queues.deliver(function):
            invocations += 1
            assert invocations < 60
    dead = {message["Body"] for message in queues.receive(MESSAGES, queues.dead)}

    labels = [tree for tree in emulator.annotations if not tree.get("input_level")]
    stored = {tree["input_id"]: tree["data"]["concepts"][0]["value"] for tree in labels}
    assert set(emulator.stored_times.values()) == {1}
    assert len(stored) == len(labels)
    asked = {tree["input_id"]: tree["data"]["concepts"][0]["value"] for trees in bodies.values() for tree in trees}
    assert stored == {name: asked[name] for name in stored}
    alive = [tree["input_id"] for body, trees in bodies.items() if body not in dead for tree in trees]
    assert set(alive) <= set(stored)
    assert dead >= {body for body, trees in bodies.items() if not trees or "gone" in body}
    assert len(dead) < MESSAGES // 2  # nearly all get through, in spite of the faults
    print(f"seed {seed}: {invocations} invocations, {len(emulator.requests)} requests, {len(dead)} dead")
