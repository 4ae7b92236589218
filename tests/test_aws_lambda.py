"""A handler for AWS Lambda: which messages are done, which go back to the queue, and what is stored of them."""

from __future__ import annotations

import json
import logging
import os
import random
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic import BaseModel

from clarifai_http_annotations import (
    Annotation,
    AsyncClient,
    AuthenticationError,
    Client,
    ClientClosedError,
    ConfigurationError,
    InvalidRequestError,
    MissingValueError,
    UploadError,
)
from clarifai_http_annotations.aws_lambda import handle
from clarifai_http_annotations.testing import Emulator, Faults, no_waiting

PAT = "0123456789abcdef0123456789abcdef"
EXAMPLE = Path(__file__).parents[1] / "examples" / "aws_lambda" / "handler.py"
QUEUE = "arn:aws:sqs:eu-central-1:123456789012:labels"


class Context:
    """A function that has this much time left; each time it is asked, a little less."""

    def __init__(self, seconds: float = 60.0) -> None:
        self.millis = int(seconds * 1000)

    def get_remaining_time_in_millis(self) -> int:
        return self.millis


def labelled(input_id: str, value: float = 1.0, **more: Any) -> dict[str, Any]:
    return {"input_id": input_id, "data": {"concepts": [{"id": "tree", "value": value}]}, **more}


def event(*bodies: Any, queue: str = QUEUE, groups: list[str] | None = None) -> dict[str, Any]:
    """Return a batch of SQS; a body that is no text is written as JSON."""
    records = [
        {
            "messageId": f"m-{number}",
            "receiptHandle": "AQEB",
            "body": body if isinstance(body, str) else json.dumps(body),
            "attributes": {"ApproximateReceiveCount": "1"} | ({"MessageGroupId": groups[number]} if groups else {}),
            "messageAttributes": {},
            "eventSource": "aws:sqs",
            "eventSourceARN": queue,
        }
        for number, body in enumerate(bodies)
    ]
    return {"Records": records}


def failed(answer: Mapping[str, Any]) -> list[int]:
    """Return the numbers of the messages that go back to the queue."""
    assert list(answer) == ["batchItemFailures"]
    assert all(list(item) == ["itemIdentifier"] for item in answer["batchItemFailures"])
    return [int(item["itemIdentifier"].removeprefix("m-")) for item in answer["batchItemFailures"]]


def inputs_of(emulator: Emulator) -> list[str]:
    return sorted(tree["input_id"] for tree in emulator.annotations)


def posts(emulator: Emulator) -> list[int]:
    """Return how many annotations each request had that stores."""
    return [len(request.body["annotations"]) for request in emulator.requests if request.method == "POST"]


@pytest.fixture
def client(emulator: Emulator) -> Client:
    return emulator.client(rate=None)


# --- a batch --------------------------------------------------------------------------------------


def test_a_message_holds_one_annotation_or_many(emulator: Emulator, client: Client) -> None:
    bodies = [labelled("a"), [labelled("b"), labelled("c", 0)], {"annotations": [labelled("d"), labelled("e")]}]
    assert handle(event(*bodies), Context(), client) == {"batchItemFailures": []}
    assert inputs_of(emulator) == ["a", "b", "c", "d", "e"]
    values = {tree["input_id"]: tree["data"]["concepts"][0]["value"] for tree in emulator.annotations}
    assert values == {"a": 1.0, "b": 1.0, "c": 0.0, "d": 1.0, "e": 1.0}


def test_the_messages_of_a_batch_are_uploaded_together_in_full_requests(emulator: Emulator, client: Client) -> None:
    bodies = [[labelled(f"{message}-{number}") for number in range(3)] for message in range(100)]
    assert failed(handle(event(*bodies), Context(), client)) == []
    assert sorted(posts(emulator)) == [44, 128, 128]


def test_a_batch_without_messages_is_done(emulator: Emulator, client: Client) -> None:
    assert failed(handle({"Records": []}, Context(), client)) == []
    assert emulator.requests == []


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("{", "not JSON"),
        ("", "not JSON"),
        ("[" * 100_000, "not JSON"),
        ("3", "no annotations in a int"),
        ([], "no annotations"),
        ({"hello": "world"}, "no input_id"),
        ({"input_id": "in", "data": {"concepts": [{"id": "tree"}]}}, "no value"),
        ({"input_id": "in", "data": {"concepts": [{"id": "tree", "value": 0.5}]}}, "annotations[0]"),
        ({"input_id": "in", "data": {"concepts": [{"id": "tree", "value": 2}]}}, "annotations[0]"),
        ({"input_id": "in", "data": {"conceptz": []}}, "conceptz"),
        ([labelled("good"), {"input_id": ""}], "annotations[1]"),
        (None, "no annotations in a NoneType"),
        ('{"input_id": "in", "data": {"metadata": {"a": 1e400}}}', "NaN and infinity are no numbers"),
        ('{"input_id": "in", "data": {"metadata": {"a": NaN}}}', "NaN and infinity are no numbers"),
        ('{"input_id": "in", "data": {"metadata": {"a": "\\udc00"}}}', "half a surrogate pair"),
    ],
    ids=[
        *("half", "empty", "deep", "number", "none", "no annotation", "no polarity", "fraction", "two", "unknown"),
        *("one of two", "null", "infinity", "NaN", "half a character"),
    ],
)
def test_a_poison_message_fails_alone_and_nothing_of_it_is_sent(
    emulator: Emulator, client: Client, caplog: pytest.LogCaptureFixture, body: Any, reason: str
) -> None:
    assert failed(handle(event(labelled("a"), body, labelled("b")), Context(), client)) == [1]
    assert inputs_of(emulator) == ["a", "b"]
    assert posts(emulator) == [2]
    [line] = [record.getMessage() for record in caplog.records if "m-1" in record.getMessage()]
    assert reason in line
    assert "\n" not in line
    assert caplog.records[-1].getMessage() == "1 of 3 SQS messages are left in the queue"


def test_a_message_without_a_body_fails_alone(emulator: Emulator, client: Client) -> None:
    batch = event(labelled("a"), labelled("b"))
    del batch["Records"][0]["body"]
    assert failed(handle(batch, Context(), client)) == [0]
    assert inputs_of(emulator) == ["b"]


@pytest.mark.parametrize(("policy", "value"), [("positive", 1.0), ("negative", 0.0)])
def test_a_missing_value_is_what_the_policy_says(emulator: Emulator, client: Client, policy: Any, value: float) -> None:
    body = {"input_id": "in", "data": {"concepts": [{"id": "tree"}]}}
    assert failed(handle(event(body), Context(), client, missing_value=policy)) == []
    assert emulator.annotations[0]["data"]["concepts"][0]["value"] == value
    assert emulator.missing_values == []


def test_a_policy_that_there_is_not_is_no_poison(client: Client) -> None:
    with pytest.raises(ValueError, match="missing_value must be one of"):
        handle(event(labelled("a")), Context(), client, missing_value="maybe")  # type: ignore[arg-type]  # on purpose


def test_fractional_values_are_the_client_s_setting(emulator: Emulator) -> None:
    client = emulator.client(fractional_values=True)
    assert failed(handle(event(labelled("a", 0.5)), Context(), client)) == []


def test_a_message_of_which_one_annotation_is_refused_fails_and_the_others_are_done(
    caplog: pytest.LogCaptureFixture,
) -> None:
    emulator = Emulator(poison=lambda tree: tree["input_id"] == "spoilt")
    bodies = [labelled("a"), [labelled("b"), labelled("spoilt")], labelled("c")]
    with no_waiting():
        assert failed(handle(event(*bodies), Context(), emulator.client(rate=None))) == [1]
    assert inputs_of(emulator) == ["a", "b", "c"]
    assert "SQS message m-1: input 'spoilt': " in caplog.text


def test_the_log_has_one_line_for_a_message_with_the_first_reason(caplog: pytest.LogCaptureFixture) -> None:
    client = Emulator(inputs=["a"]).client(rate=None)
    handle(event([labelled("a"), labelled("first"), labelled("second")]), Context(), client)
    [line] = [record.getMessage() for record in caplog.records if "m-0" in record.getMessage()]
    assert "input 'first'" in line


def test_the_log_has_one_line_for_all_messages_that_failed_for_the_same_reason(
    emulator: Emulator, caplog: pytest.LogCaptureFixture
) -> None:
    """Such as all of those that were on their way when the upload was stopped."""

    def lose(request: httpx.Request) -> httpx.Response:
        return httpx.Response(503)

    client = Client(pat=PAT, user_id="me", app_id="app", rate=None, transport=httpx.MockTransport(lose))
    with no_waiting():
        answer = handle(event(*map(labelled, map(str, range(100)))), Context(5.2), client)
    assert len(failed(answer)) == 100
    [_, line, last] = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
    assert line.startswith(
        "SQS messages m-0, m-1, m-2, m-3, m-4, m-5, m-6, m-7, m-8, m-9 and 90 more: input '0': may be"
    )
    assert last == "100 of 100 SQS messages are left in the queue"


def test_an_id_that_holds_other_content_fails_its_message(emulator: Emulator, client: Client) -> None:
    bodies = [labelled("a", 1, id="mine"), labelled("a", 0, id="mine"), labelled("b")]
    assert failed(handle(event(*bodies), Context(), client)) == [1]


# --- twins and redelivery -------------------------------------------------------------------------


def test_what_is_delivered_again_is_stored_once(emulator: Emulator, client: Client) -> None:
    batch = event(*[[labelled(f"{message}-{number}") for number in range(5)] for message in range(60)])
    for _ in range(3):
        assert failed(handle(batch, Context(), client)) == []
    assert set(emulator.stored_times.values()) == {1}
    assert len(emulator.annotations) == 300


def test_two_messages_with_the_same_content_are_both_done(emulator: Emulator, client: Client) -> None:
    assert failed(handle(event(labelled("a"), labelled("a"), [labelled("a"), labelled("b")]), Context(), client)) == []
    assert inputs_of(emulator) == ["a", "b"]


def test_a_message_whose_twin_was_refused_is_not_done(emulator: Emulator) -> None:
    emulator = Emulator(inputs=["known"])
    bodies = [labelled("gone"), labelled("known"), labelled("gone")]
    assert failed(handle(event(*bodies), Context(), emulator.client(rate=None))) == [0, 2]


def test_a_twin_is_only_what_has_the_same_content(emulator: Emulator, client: Client) -> None:
    bodies = [labelled("a", 1, id="mine"), labelled("a", 0, id="mine"), labelled("a", 1, id="mine")]
    assert failed(handle(event(*bodies), Context(), client)) == [1]


def test_a_twin_of_what_is_refused_is_not_done_because_other_content_was_stored_before_under_its_id(
    emulator: Emulator, client: Client
) -> None:
    first, other = labelled("a", 1, id="mine"), labelled("a", 0, id="mine")
    between = [[labelled(f"{message}-{number}") for number in range(128)] for message in range(20)]
    assert failed(handle(event(first, *between, other, other), Context(), client)) == [21, 22]


# --- time -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("seconds", [0.0, 4.9, 5.0])
def test_what_has_no_time_left_goes_back_to_the_queue(
    emulator: Emulator, client: Client, caplog: pytest.LogCaptureFixture, seconds: float
) -> None:
    assert failed(handle(event(labelled("a"), labelled("b")), Context(seconds), client)) == [0, 1]
    assert emulator.requests == []
    assert "no time is left" in caplog.text
    assert caplog.records[0].levelname == "ERROR"


def test_the_upload_ends_when_the_time_less_the_margin_is_over() -> None:
    """The first request is answered, the second never is: in no more time than there was."""
    asked: list[float | None] = []

    def spy(request: httpx.Request) -> httpx.Response:
        asked.append(request.extensions["timeout"]["read"])
        return emulator(request)

    emulator = Emulator()
    client = Client(pat=PAT, user_id="me", app_id="app", rate=None, transport=httpx.MockTransport(spy))
    assert failed(handle(event(labelled("a")), Context(20), client, margin=8)) == []
    assert asked[0] is not None
    assert 11 < asked[0] <= 12


def test_messages_that_the_time_did_not_suffice_for_go_back_and_the_others_are_done(clock: Any) -> None:
    """Each request takes 4 s of the 10 s that there are."""
    emulator = Emulator()

    def slow(request: httpx.Request) -> httpx.Response:
        clock.now += 4.0
        return emulator(request)

    client = Client(pat=PAT, user_id="me", app_id="app", rate=None, transport=httpx.MockTransport(slow))
    client._clock = clock
    bodies = [[labelled(f"{message}-{number}") for number in range(64)] for message in range(40)]
    back = failed(handle(event(*bodies), Context(15), client))
    stored = {int(name.split("-")[0]) for name in inputs_of(emulator)}
    assert back
    assert len(back) < 40
    assert set(range(40)) - set(back) <= stored


def test_messages_are_read_as_long_as_there_is_time(emulator: Emulator, client: Client) -> None:
    """A batch may have megabytes; what is read by then is sent."""

    class Passing(Context):
        asked = 0

        def get_remaining_time_in_millis(self) -> int:
            self.asked += 1
            return 60_000 if self.asked <= 4 else 0  # once for the upload, and for three messages

    assert failed(handle(event(*map(labelled, "abcde")), Passing(), client)) == [3, 4]
    assert inputs_of(emulator) == ["a", "b", "c"]


@pytest.mark.parametrize("margin", [-1, True, "5", float("nan"), float("inf")])
def test_a_margin_is_seconds(client: Client, margin: Any) -> None:
    with pytest.raises(ConfigurationError, match="margin must be seconds"):
        handle(event(labelled("a")), Context(), client, margin=margin)


# --- errors that stop it --------------------------------------------------------------------------


def test_an_error_that_stops_the_upload_is_raised_if_nothing_is_done(caplog: pytest.LogCaptureFixture) -> None:
    """All go back to the queue either way, but Lambda counts it as an error, and slows down."""
    emulator = Emulator(pat="another")
    with pytest.raises(AuthenticationError):
        handle(event(labelled("a"), "{"), Context(), emulator.client(pat=PAT, rate=None))
    assert [record.levelname for record in caplog.records if "stopped" in record.getMessage()] == ["ERROR"]
    assert PAT not in caplog.text


def test_an_error_that_stops_the_upload_fails_exactly_what_is_not_done(caplog: pytest.LogCaptureFixture) -> None:
    refused: list[str] = []
    emulator = Emulator()

    def half(request: httpx.Request) -> httpx.Response:
        asked = [tree["input_id"] for tree in json.loads(request.content)["annotations"]]
        if "0-0" in asked:
            return emulator(request)
        refused.extend(asked)
        return httpx.Response(401, json={"status": {"code": 11009, "description": "Invalid API key"}})

    client = Client(pat=PAT, user_id="me", app_id="app", rate=None, transport=httpx.MockTransport(half))
    bodies = [[labelled(f"{message}-{number}") for number in range(60)] for message in range(20)]
    back = failed(handle(event(*bodies), Context(), client))
    assert back == list(range(2, 20))  # 128 are two messages and a part of the third
    assert refused
    assert "The upload was stopped: upload: POST" in caplog.text


def test_poison_alone_is_no_error_of_the_function(client: Client) -> None:
    """Or one message that nobody can read would slow down the whole queue."""
    assert failed(handle(event("{"), Context(), client)) == [0]


def test_a_client_that_was_closed_is_an_error_of_the_function(client: Client) -> None:
    client.close()
    with pytest.raises(ClientClosedError):
        handle(event(labelled("a")), Context(), client)


def test_an_error_that_is_not_clarifai_s_is_let_through() -> None:
    def broken(request: httpx.Request) -> httpx.Response:
        raise ZeroDivisionError

    client = Client(pat=PAT, user_id="me", app_id="app", transport=httpx.MockTransport(broken))
    with pytest.raises(ZeroDivisionError):
        handle(event(labelled("a")), Context(), client)


def test_an_asynchronous_client_is_refused(emulator: Emulator) -> None:
    client: Any = AsyncClient(pat=PAT, user_id="me", app_id="app", transport=httpx.MockTransport(emulator))
    with pytest.raises(ConfigurationError, match="handle takes a Client, not AsyncClient"):
        handle(event(labelled("a")), Context(), client)


@pytest.mark.parametrize("seed", range(20))
def test_whatever_the_network_does_each_is_stored_once_or_goes_back(seed: int) -> None:
    """Delivered again until it is done, as SQS does it."""
    emulator = Emulator(faults=Faults.seeded(seed))
    chance = random.Random(seed)
    bodies = {
        f"m-{message}": json.dumps([labelled(f"{message}-{n}", n % 2) for n in range(chance.randint(1, 9))])
        for message in range(60)
    }
    done: set[str] = set()
    with no_waiting(), emulator.client(rate=None) as client:
        for _ in range(20):
            waiting = [name for name in bodies if name not in done]
            if not waiting:
                break
            records = [{"messageId": name, "body": bodies[name], "eventSource": "aws:sqs"} for name in waiting]
            answer = handle({"Records": records}, Context(), client)
            done |= set(waiting) - {item["itemIdentifier"] for item in answer["batchItemFailures"]}
            there = inputs_of(emulator)
            assert all(tree["input_id"] in there for name in done for tree in json.loads(bodies[name]))
    assert done == set(bodies)
    assert set(emulator.stored_times.values()) == {1}
    asked = {tree["input_id"]: tree["data"]["concepts"] for body in bodies.values() for tree in json.loads(body)}
    assert {tree["input_id"]: tree["data"]["concepts"][0]["value"] for tree in emulator.annotations} == {
        name: concepts[0]["value"] for name, concepts in asked.items()
    }


# --- FIFO -----------------------------------------------------------------------------------------


def test_of_a_fifo_queue_what_is_behind_a_failed_message_of_its_group_goes_back_and_is_not_sent(
    emulator: Emulator, client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    bodies = [labelled("a"), "{", labelled("b"), labelled("c"), labelled("d"), labelled("e")]
    batch = event(*bodies, queue=f"{QUEUE}.fifo", groups=["x", "x", "y", "x", "y", "x"])
    assert failed(handle(batch, Context(), client)) == [1, 3, 5]
    assert inputs_of(emulator) == ["a", "b", "d"]
    assert "SQS messages m-3, m-5: a message before it in its group failed" in caplog.text


def test_of_a_fifo_queue_what_is_behind_a_refused_message_of_its_group_goes_back() -> None:
    emulator = Emulator(inputs=["a", "b", "c"])
    bodies = [labelled("gone"), labelled("a"), labelled("b"), labelled("c")]
    batch = event(*bodies, queue=f"{QUEUE}.fifo", groups=["x", "x", "y", "x"])
    assert failed(handle(batch, Context(), emulator.client(rate=None))) == [0, 1, 3]
    assert failed(handle(event(labelled("a"), labelled("c")), Context(), emulator.client(rate=None))) == []
    assert set(emulator.stored_times.values()) == {1}


def test_groups_of_a_queue_that_is_not_fifo_are_in_no_order(emulator: Emulator, client: Client) -> None:
    assert failed(handle(event("{", labelled("a"), groups=["x", "x"]), Context(), client)) == [0]


# --- invoked directly -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "stored"),
    [
        (labelled("a"), 1),
        ([labelled("a"), labelled("b")], 2),
        ({"annotations": [labelled(f"in-{number}") for number in range(300)]}, 300),
    ],
    ids=["one", "a list", "a request"],
)
def test_a_direct_invocation_says_what_was_stored(emulator: Emulator, client: Client, given: Any, stored: int) -> None:
    assert handle(given, Context(), client) == {"stored": stored, "already_there": 0, "repeated": 0}
    again = handle(given, Context(), client)
    assert json.loads(json.dumps(again)) == {"stored": 0, "already_there": stored, "repeated": 0}
    assert set(emulator.stored_times.values()) == {1}


def test_a_direct_invocation_raises_what_cannot_be_read_and_sends_nothing(emulator: Emulator, client: Client) -> None:
    with pytest.raises(MissingValueError):
        handle([labelled("a"), {"input_id": "in", "data": {"concepts": [{"id": "tree"}]}}], Context(), client)
    with pytest.raises(InvalidRequestError, match=r"annotations\[1\]"):
        handle([labelled("a"), {"input_id": ""}], Context(), client)
    with pytest.raises(InvalidRequestError, match="no annotations"):
        handle([], Context(), client)
    assert emulator.requests == []


def test_a_direct_invocation_reads_under_the_policy(emulator: Emulator, client: Client) -> None:
    given = {"input_id": "in", "data": {"concepts": [{"id": "tree"}]}}
    handle(given, Context(), client, missing_value="negative")
    assert emulator.annotations[0]["data"]["concepts"][0]["value"] == 0.0


def test_a_direct_invocation_raises_what_was_refused() -> None:
    client = Emulator(inputs=["a"]).client(rate=None)
    with pytest.raises(UploadError, match="1 failed") as caught:
        handle([labelled("a"), labelled("gone")], Context(), client)
    assert caught.value.report is not None
    assert caught.value.report.stored == 1


@pytest.mark.parametrize("seconds", [0.0, 5.0])
def test_a_direct_invocation_without_time_says_what_to_do(emulator: Emulator, client: Client, seconds: float) -> None:
    with pytest.raises(
        UploadError, match=r"its deadline is over.*no time is left\. Give the function a longer timeout"
    ):
        handle(labelled("a"), Context(seconds), client)
    assert emulator.requests == []


def test_a_direct_invocation_that_had_time_does_not_say_that_it_had_none() -> None:
    with pytest.raises(UploadError) as caught:
        handle(labelled("gone"), Context(), Emulator(inputs=["a"]).client(rate=None))
    assert caught.value.hint is None


def test_a_parser_may_have_made_models_of_a_direct_invocation(emulator: Emulator, client: Client) -> None:
    class Request(BaseModel):
        annotations: list[Annotation]

    one, other = (Annotation.model_validate(labelled(name, value)) for name, value in (("a", 1), ("b", 0)))
    for given in (one, [one, other], {"annotations": [other]}, Request(annotations=[one, other])):
        handle(given, Context(), client)
    assert {tree["input_id"]: tree["data"]["concepts"][0]["value"] for tree in emulator.annotations} == {
        "a": 1.0,
        "b": 0.0,
    }
    assert set(emulator.stored_times.values()) == {1}


def test_empty_records_beside_an_annotation_are_no_batch(emulator: Emulator, client: Client) -> None:
    """Which would be answered with success, and nothing would be stored. It is a field like any other unknown one."""
    assert handle(labelled("a", Records=[]), Context(), client)["stored"] == 1
    with pytest.raises(InvalidRequestError, match="has no data, but 'Records': there is no such field"):
        handle({"input_id": "a", "Records": []}, Context(), client)
    emulator.reset()
    batch = event(labelled("b")) | {"input_id": "what a decorator added"}
    assert failed(handle(batch, Context(), client)) == []
    assert inputs_of(emulator) == ["b"]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"Records": [{"EventSource": "aws:sns", "Sns": {"Message": "{}"}}]}, r"Records\[0\] is from 'aws:sns'"),
        ({"Records": [{"eventSource": "aws:kinesis"}]}, r"Records\[0\] is from 'aws:kinesis'"),
        ({"Records": [{"messageId": "m", "body": "{}"}]}, r"Records\[0\] is from None"),
        ({"Records": [{"eventSource": "aws:sqs", "body": "{}"}]}, r"Records\[0\] has no messageId"),
        ({"Records": "all"}, "Records that are no list"),
        ({"source": "cron", "time": "now"}, r"no annotation: it has 'source', 'time'\. handle takes"),
        ({}, r"^This event is empty\. handle takes"),
    ],
    ids=["SNS", "Kinesis", "no source", "no id", "no records", "another", "empty"],
)
def test_an_event_of_another_service_is_refused(emulator: Emulator, client: Client, given: Any, said: str) -> None:
    with pytest.raises(InvalidRequestError, match=said):
        handle(given, Context(), client)
    assert emulator.requests == []


S3_RECORD = {"eventSource": "aws:s3", "s3": {"bucket": {"name": "labels"}, "object": {"key": "a.json"}}}
ENVELOPES: dict[str, tuple[Any, str]] = {
    "SNS": (
        {
            "Type": "Notification",
            "MessageId": "n",
            "TopicArn": "arn:aws:sns:::labels",
            "Message": json.dumps(labelled("a")),
        },
        "notification of Amazon SNS, of topic 'arn:aws:sns:::labels', around a message. Turn on raw message delivery",
    ),
    "EventBridge": (
        {"version": "0", "detail-type": "label made", "source": "our.app", "detail": labelled("a")},
        "event of Amazon EventBridge, from 'our.app' ('label made'). Give the rule's target the input path $.detail",
    ),
    "S3": ({"Records": [S3_RECORD]}, "names an object and holds no annotations: read the object"),
    "S3 test": ({"Service": "Amazon S3", "Event": "s3:TestEvent", "Bucket": "b"}, "test event of Amazon S3"),
    "API Gateway": (
        {"httpMethod": "POST", "headers": {}, "requestContext": {}, "body": json.dumps(labelled("a"))},
        "an HTTP request, of API Gateway, a function URL or a load balancer. Give handle the body",
    ),
    "destination": ({"version": "1.0", "requestContext": {}, "requestPayload": labelled("a")}, "its requestPayload"),
    "Pipes": ([event(labelled("a"))["Records"][0]], "a list of records, as EventBridge Pipes delivers them"),
}
BY_NAME = pytest.mark.parametrize(("envelope", "said"), ENVELOPES.values(), ids=ENVELOPES.keys())


@BY_NAME
def test_a_message_in_an_envelope_of_another_service_fails_alone_and_is_told_by_its_name(
    emulator: Emulator, client: Client, caplog: pytest.LogCaptureFixture, envelope: Any, said: str
) -> None:
    assert failed(handle(event(labelled("b"), envelope, labelled("c")), Context(), client)) == [1]
    assert inputs_of(emulator) == ["b", "c"]
    [line] = [record.getMessage() for record in caplog.records if "m-1" in record.getMessage()]
    assert said in line


@BY_NAME
def test_an_invocation_by_another_service_is_told_by_its_name(
    emulator: Emulator, client: Client, envelope: Any, said: str
) -> None:
    with pytest.raises(InvalidRequestError) as caught:
        handle(envelope, Context(), client)
    assert said in str(caught.value)
    assert emulator.requests == []


def test_an_invocation_by_sns_says_what_to_put_between(client: Client) -> None:
    with pytest.raises(InvalidRequestError, match=r"from 'aws:sns'.* Subscribe a queue .* with raw message delivery"):
        handle({"Records": [{"EventSource": "aws:sns", "Sns": {"Message": "{}"}}]}, Context(), client)


@pytest.mark.parametrize("name", ["SNS", "EventBridge", "S3 test", "API Gateway", "destination"])
def test_keys_of_an_envelope_beside_an_annotation_are_none(emulator: Emulator, client: Client, name: str) -> None:
    assert handle(labelled("a", **ENVELOPES[name][0]), Context(), client)["stored"] == 1


def test_names_in_camel_case_are_told_apart_from_other_events(client: Client) -> None:
    with pytest.raises(InvalidRequestError, match="camelCase"):
        handle({"inputId": "a"}, Context(), client)


def test_a_decorator_may_wrap_the_event(emulator: Emulator, client: Client) -> None:
    class Wrapped(Mapping[str, Any]):
        def __init__(self, raw: dict[str, Any]) -> None:
            self.raw = raw

        def __getitem__(self, name: str) -> Any:
            return self.raw[name]

        def __iter__(self) -> Any:
            return iter(self.raw)

        def __len__(self) -> int:
            return len(self.raw)

    assert failed(handle(Wrapped(event(labelled("a"), "{")), Context(), client)) == [1]
    assert handle(Wrapped(labelled("b")), Context(), client)["stored"] == 1


# --- the log, and the example ---------------------------------------------------------------------


def test_nothing_is_logged_when_all_is_done(client: Client, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, logger="clarifai_http_annotations")
    handle(event(labelled("a")), Context(), client)
    assert [record for record in caplog.records if record.name == "clarifai_http_annotations"] == []


def test_a_line_of_the_log_is_not_as_long_as_a_message(client: Client, caplog: pytest.LogCaptureFixture) -> None:
    handle(event([{"input_id": "in", "data": {"concepts": [{"id": "tree"}] * 5000}}]), Context(), client)
    assert max(len(record.getMessage()) for record in caplog.records) < 1100


def test_the_example_runs_without_a_key_and_shows_what_becomes_of_a_message_without_a_value() -> None:
    environ = {name: value for name, value in os.environ.items() if not name.startswith("CLARIFAI_")}
    command = [sys.executable, "-W", "error", str(EXAMPLE)]
    done = subprocess.run(command, env=environ, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[1:] == [
        "SQS: {'batchItemFailures': [{'itemIdentifier': 'm-1'}]}",
        "stored: tree 1.0",
        "stored: water 0.0",
        "invoked directly: {'stored': 1, 'already_there': 0, 'repeated': 0}",
    ]
    assert "SQS message m-1: Concepts without value:" in done.stderr


def test_the_example_is_short() -> None:
    assert len(EXAMPLE.read_text(encoding="utf-8").splitlines()) <= 45
