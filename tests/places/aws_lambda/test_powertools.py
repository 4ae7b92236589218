"""Under the decorators of aws-lambda-powertools, which hand on events of their own kinds."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import pytest
from lambda_runtime import batch, labelled

from clarifai_http_annotations import Client
from clarifai_http_annotations.aws_lambda import handle
from clarifai_http_annotations.testing import Emulator

powertools: Any = pytest.importorskip("aws_lambda_powertools", reason="aws-lambda-powertools is not installed")

EVENT = batch({"one": labelled("a"), "two": "{", "three": [labelled("b"), labelled("c")]})
ANSWER = {"batchItemFailures": [{"itemIdentifier": "two"}]}

Handler = Callable[[Any, Any], dict[str, Any]]


@dataclass
class Context:
    """What Lambda gives to a handler; powertools' logger wants to know more of it than `handle` does."""

    function_name: str = "labels"
    memory_limit_in_mb: int = 128
    invoked_function_arn: str = "arn:aws:lambda:eu-central-1:123456789012:function:labels"
    aws_request_id: str = "52fdfc07-2182-154f-163f-5f0f9a621d72"

    def get_remaining_time_in_millis(self) -> int:
        return 60_000


@pytest.fixture
def client(emulator: Emulator) -> Client:
    return emulator.client(rate=None)


@pytest.fixture(autouse=True)
def _quiet(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """There is no X-Ray here, and no trace."""
    monkeypatch.setenv("POWERTOOLS_TRACE_DISABLED", "true")
    monkeypatch.setenv("POWERTOOLS_METRICS_NAMESPACE", "labels")
    monkeypatch.setenv("POWERTOOLS_SERVICE_NAME", "labels")
    ours = logging.getLogger("clarifai_http_annotations")
    before = ours.handlers[:], ours.propagate, ours.level
    yield
    ours.handlers[:], ours.propagate, ours.level = before


def logged(function: Handler) -> Handler:
    decorated: Handler = powertools.Logger(service="labels").inject_lambda_context(function)
    return decorated


def traced(function: Handler) -> Handler:
    pytest.importorskip("aws_xray_sdk", reason="aws-xray-sdk is not installed")
    decorated: Handler = powertools.Tracer(service="labels").capture_lambda_handler(function)
    return decorated


def measured(function: Handler) -> Handler:
    metrics = powertools.Metrics()

    def counting(event: Any, context: Any) -> Any:
        metrics.add_metric(name="batches", unit="Count", value=1)  # or it warns that there are none
        return function(event, context)

    decorated: Handler = metrics.log_metrics(counting)
    return decorated


def as_data_class(function: Handler) -> Handler:
    kinds: Any = import_module("aws_lambda_powertools.utilities.data_classes")
    decorated: Handler = kinds.event_source(function, data_class=kinds.SQSEvent)
    return decorated


def as_parsed_model(function: Handler) -> Handler:
    parser: Any = import_module("aws_lambda_powertools.utilities.parser")
    models: Any = import_module("aws_lambda_powertools.utilities.parser.models")
    decorated: Handler = parser.event_parser(function, model=models.SqsModel)
    return decorated


def between(function: Handler) -> Handler:
    factory: Any = import_module("aws_lambda_powertools.middleware_factory")

    def middleware(inner: Handler, event: Any, context: Any) -> Any:
        return inner(event, context)

    decorated: Handler = factory.lambda_handler_decorator(middleware)(function)
    return decorated


def all_of_them(function: Handler) -> Handler:
    return logged(traced(measured(as_data_class(between(function)))))


@pytest.mark.parametrize(
    "decorate",
    [logged, traced, measured, as_data_class, as_parsed_model, between, all_of_them],
    ids=lambda it: it.__name__,
)
def test_a_handler_answers_the_same_under_a_decorator(
    emulator: Emulator, client: Client, decorate: Callable[[Handler], Handler]
) -> None:
    def handler(event: Any, context: Any) -> dict[str, Any]:
        return handle(event, context, client)

    answer = decorate(handler)(complete(EVENT), Context())
    assert json.loads(json.dumps(answer)) == ANSWER
    assert sorted(tree["input_id"] for tree in emulator.annotations) == ["a", "b", "c"]


def test_its_logger_has_the_lines_of_this_library(client: Client) -> None:
    utils: Any = import_module("aws_lambda_powertools.logging.utils")
    written = io.StringIO()
    logger = powertools.Logger(service="lines", stream=written)
    utils.copy_config_to_registered_loggers(logger, include={"clarifai_http_annotations"})
    logger.inject_lambda_context(lambda event, context: handle(event, context, client))(EVENT, Context())
    lines = [json.loads(line) for line in written.getvalue().splitlines()]
    assert [line["level"] for line in lines if "SQS message two: This is not JSON" in line["message"]] == ["WARNING"]
    assert {line["function_request_id"] for line in lines} == {Context().aws_request_id}


def complete(event: dict[str, Any]) -> dict[str, Any]:
    """Return a batch with everything that the parser's model wants a record to have."""
    attributes = {
        "ApproximateReceiveCount": "1",
        "SentTimestamp": "1545082649183",
        "SenderId": "AIDAIENQZJOLO23YVJ4VO",
        "ApproximateFirstReceiveTimestamp": "1545082649185",
    }
    return {"Records": [{**record, "attributes": attributes} for record in event["Records"]]}
