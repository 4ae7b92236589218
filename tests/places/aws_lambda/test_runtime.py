"""The example's handler in Lambda's own runtime interface client, ``awslambdaric``, on a fake Runtime API."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import pytest
from lambda_runtime import Function, batch, labelled, runtime, settings_of

from clarifai_http_annotations.testing import Emulator, Server, serve

pytest.importorskip("awslambdaric", reason="Lambda's runtime interface client, `awslambdaric`, is not installed")

NO_VALUE = {"input_id": "in", "data": {"concepts": [{"id": "tree"}]}}


@pytest.fixture
def server(emulator: Emulator) -> Iterator[Server]:
    with serve(emulator) as server:
        yield server


@pytest.fixture
def function(server: Server) -> Iterator[Function]:
    with runtime(settings_of(server.url)) as function:
        yield function


def inputs_of(emulator: Emulator) -> list[str]:
    return sorted(tree["input_id"] for tree in emulator.annotations)


def test_a_batch_is_stored_but_for_the_message_that_is_poison(emulator: Emulator, function: Function) -> None:
    answer = function.invoke(batch({"one": labelled("a"), "two": NO_VALUE, "three": [labelled("b"), labelled("c")]}))
    assert answer == {"batchItemFailures": [{"itemIdentifier": "two"}]}
    assert inputs_of(emulator) == ["a", "b", "c"]
    assert "SQS message two: Concepts without value" in function.log


def test_a_direct_invocation_is_answered_or_is_an_error(emulator: Emulator, function: Function) -> None:
    assert function.invoke(labelled("a")) == {"stored": 1, "already_there": 0, "repeated": 0}
    kind, said = function.api.invoke(NO_VALUE)
    assert (kind, said["errorType"]) == ("error", "MissingValueError")
    assert "concept 'tree' has no value" in said["errorMessage"]
    assert function.invoke(labelled("a")) == {"stored": 0, "already_there": 1, "repeated": 0}
    assert inputs_of(emulator) == ["a"]


def test_what_the_function_has_no_time_for_goes_back(emulator: Emulator, function: Function) -> None:
    answer = function.invoke(batch({"one": labelled("a")}), seconds=4)
    assert answer == {"batchItemFailures": [{"itemIdentifier": "one"}]}
    assert emulator.requests == []
    assert function.invoke(batch({"one": labelled("a")})) == {"batchItemFailures": []}


def test_a_server_that_never_answers_does_not_cost_more_than_the_time_less_the_margin(
    emulator: Emulator, function: Function
) -> None:
    emulator.latency = 30.0
    answer = function.invoke(batch({"one": labelled("a")}), seconds=6.5)
    assert answer == {"batchItemFailures": [{"itemIdentifier": "one"}]}
    assert "its deadline is over" in function.log


def test_a_key_that_is_refused_is_an_error_of_the_function() -> None:
    with serve(Emulator(pat="another")) as server, runtime(settings_of(server.url)) as function:
        kind, said = function.api.invoke(batch({"one": labelled("a")}))
        assert (kind, said["errorType"]) == ("error", "AuthenticationError")
        assert settings_of("")["CLARIFAI_PAT"] not in function.log + str(said)


def test_without_a_key_the_function_is_not_loaded_and_says_why() -> None:
    with runtime({}) as function:
        said = function.api.init_error()
        assert said["errorType"] == "ConfigurationError"
        assert "CLARIFAI_PAT" in said["errorMessage"]
        assert function.process.wait(10) == 1


@pytest.mark.skipif(not hasattr(signal, "SIGSTOP"), reason="this system cannot stop a process")
def test_connections_that_died_while_the_function_was_frozen_are_no_error(emulator: Emulator) -> None:
    """Everything that it was connected to is closed meanwhile, and listens at the same address again."""
    with ExitStack() as before:
        url = before.enter_context(serve(emulator)).url
        with runtime(settings_of(url)) as function:
            assert function.invoke(batch({"one": labelled("a")})) == {"batchItemFailures": []}
            os.killpg(function.process.pid, signal.SIGSTOP)
            before.close()
            with serve(emulator, port=int(url.rpartition(":")[2])):
                os.killpg(function.process.pid, signal.SIGCONT)
                assert function.invoke(batch({"two": labelled("b")})) == {"batchItemFailures": []}
    assert [request.method for request in emulator.requests] == ["POST", "POST"]
    assert inputs_of(emulator) == ["a", "b"]


FORKED_WARM = """
import os, handler
handler.client.create({"input_id": "of-the-parent", "data": {"concepts": [{"id": "tree", "value": 1}]}})
"""
"""The handler is loaded, and its client connected, before the runtime forks its workers."""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
@pytest.mark.parametrize("code", ["", FORKED_WARM], ids=["made after the fork", "made and used before it"])
def test_workers_of_one_environment_store_each_annotation_once(emulator: Emulator, server: Server, code: str) -> None:
    environ = {**settings_of(server.url), "AWS_LAMBDA_MAX_CONCURRENCY": "3"}
    with runtime(environ, code) as function, ThreadPoolExecutor(6) as pool:
        batches = [
            batch({f"{n}-{m}": [labelled(f"{n}-{m}-{k}") for k in range(9)] for m in range(10)}) for n in range(12)
        ]
        answers = list(pool.map(function.invoke, batches))
        assert answers == [{"batchItemFailures": []}] * 12
    assert len(emulator.annotations) == 12 * 10 * 9 + bool(code)
    assert set(emulator.stored_times.values()) == {1}
