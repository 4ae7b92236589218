"""The quota of retries: an outage is not multiplied, and passing trouble costs nothing."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clarifai_http_annotations._retry import Quota
from clarifai_http_annotations.errors import ClarifaiError

QUOTA = 100
"""Retries that a client has in an outage."""

OK = 200


class Server:
    """Answers with one HTTP status after the other, and with the last one for ever."""

    def __init__(self, *statuses: int) -> None:
        self.statuses = statuses
        self.count = 0

    def __call__(self, request: httpx.Request) -> httpx.Response:
        status = self.statuses[min(self.count, len(self.statuses) - 1)]
        self.count += 1
        return httpx.Response(status, json={"status": {"code": 10000}, "annotation": {"id": "a-1"}})


def get(client: Any) -> Any:
    return client.get("a-1", input_id="in-1")


def failure_of(client: Any) -> Any:
    with pytest.raises(ClarifaiError) as caught:
        get(client)
    return caught.value


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(calls=st.integers(0, 250), max_retries=st.integers(0, 9), outage=st.sampled_from([503, 429]))
def test_an_outage_is_not_multiplied(calls: int, max_retries: int, outage: int, connect: Any) -> None:
    down = Server(outage)
    client = connect(down, max_retries=max_retries, deadline=None)
    for _ in range(calls):
        failure_of(client)
    # never more than calls * 1.1 + QUOTA, however many calls and retries are asked for
    assert down.count == calls + min(calls * max_retries, QUOTA)


def test_a_call_without_quota_says_so(connect: Any) -> None:
    client = connect(Server(503), max_retries=QUOTA + 1, deadline=None)
    error = failure_of(client)
    assert error.attempts == QUOTA + 1
    assert "retry quota" in str(error)


def test_copies_share_the_quota(connect: Any) -> None:
    client = connect(Server(503), max_retries=QUOTA, deadline=None)
    failure_of(client)
    assert failure_of(client.with_options(timeout=5.0)).attempts == 1


def test_a_retry_that_succeeds_costs_nothing(connect: Any) -> None:
    client = connect(Server(*[503, OK] * (2 * QUOTA)))
    assert [get(client).id for _ in range(2 * QUOTA)] == ["a-1"] * (2 * QUOTA)


def test_successes_fill_the_quota_again(connect: Any) -> None:
    client = connect(Server(*[503] * (QUOTA + 1), *[OK] * 5, 503), max_retries=QUOTA, deadline=None)
    failure_of(client)
    for _ in range(5):
        get(client)
    assert [failure_of(client).attempts for _ in range(2)] == [2, 1]


@given(st.lists(st.sampled_from(["take", "plain", "retried"]), max_size=300))
def test_a_quota_is_never_overdrawn_and_never_overfull(steps: list[str]) -> None:
    quota = Quota(capacity=20.0, cost=5.0, tokens=20.0)
    for step in steps:
        before = quota.tokens
        if step == "take":
            assert quota.take() is (before >= 5.0)
        else:
            quota.give_back(retried=step == "retried")
        assert 0.0 <= quota.tokens <= 20.0
