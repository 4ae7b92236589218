"""The rate limit: never too many in any second, a cut when the server throttles, and back again."""

from __future__ import annotations

import heapq
import os
import random
from collections import deque
from collections.abc import Callable
from itertools import count, pairwise
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clarifai_http_annotations import Annotation, APITimeoutError, ConfigurationError, RateLimitError, positive
from clarifai_http_annotations._rate import RateLimiter
from clarifai_http_annotations.testing import Emulator, no_waiting

steps = st.lists(
    st.tuples(st.floats(0.0, 0.5), st.booleans(), st.sampled_from(["take", "passed", "throttled", "hold"])),
    max_size=120,
)


@given(st.sampled_from([0.5, 1.0, 2.5, 15.0]), steps)
def test_no_second_has_more_requests_than_the_rate(rate: float, events: list[tuple[float, bool, str]]) -> None:
    limiter, now, sent = RateLimiter(rate), 0.0, []
    for passed, spread, event in events:
        now += passed
        if event == "take":
            at = limiter.take(now, spread=spread)
            assert at >= now
            sent.append(at)
        elif event == "hold":
            limiter.hold(now + 0.3)
        else:
            limiter.answered(now, sent=now - 0.05, throttled=event == "throttled")
    for index, at in enumerate(sent):
        window = max(1.0, 1.0 / rate)
        assert sum(at <= other < at + window for other in sent[index:]) <= max(1, int(rate))


def test_bulk_is_spread_and_single_calls_use_what_is_left() -> None:
    limiter = RateLimiter(10)
    limiter.take(-9.0, spread=True)
    spread = [limiter.take(0.0, spread=True) for _ in range(5)]
    assert [round(later - earlier, 3) for earlier, later in pairwise(spread)] == [0.101] * 4
    limiter = RateLimiter(10)
    assert [limiter.take(0.0) for _ in range(10)] == [0.0] * 10
    assert limiter.take(0.0) == pytest.approx(1.01)


def test_what_could_only_go_later_than_it_may_is_not_counted() -> None:
    limiter = RateLimiter(1)
    assert limiter.take(0.0, latest=0.0) == 0.0
    later = limiter.take(0.5, latest=0.5)
    assert later > 0.5
    assert limiter.take(0.5) == later


def test_bulk_begins_at_half_the_rate() -> None:
    limiter, now, sent = RateLimiter(10), 0.0, []
    while now < 6.0:
        now = limiter.take(now, spread=True)
        sent.append(now)
    assert sum(at < 1.0 for at in sent) in (5, 6)
    assert sum(3.0 <= at < 5.0 for at in sent) == 20


def test_a_little_lateness_does_not_add_up() -> None:
    limiter = RateLimiter(10)
    limiter.take(-9.0, spread=True)
    for number in range(100):
        at = limiter.next(0.0, spread=True)
        assert at == pytest.approx(0.101 * number, abs=1e-6)
        late = 0.004 if number else 0.0
        assert limiter.take(at + late, spread=True) == at + late
    assert limiter.take(20.0, spread=True) == 20.0
    assert limiter.next(20.0, spread=True) == pytest.approx(20.101)  # what is more than late is not made up for


def test_a_second_begins_when_a_request_really_went() -> None:
    limiter = RateLimiter(2)
    taken = limiter.take(0.0)
    limiter.take(0.0)
    limiter.went(taken, 0.3)
    limiter.went(7.0, 8.0)  # long forgotten
    assert limiter.next(0.0) == pytest.approx(1.31)


def test_a_retry_after_holds_every_request() -> None:
    limiter = RateLimiter(None)
    limiter.hold(7.0)
    limiter.hold(5.0)
    assert limiter.take(0.0) == 7.0
    assert limiter.take(8.0) == 8.0


def test_a_cut_leaves_a_little_less_than_what_got_through() -> None:
    limiter = RateLimiter(20)
    for index in range(10):
        limiter.answered(index / 10, sent=index / 10 - 0.05, throttled=False)
    for _ in range(2):
        limiter.answered(1.0, sent=0.95, throttled=True)
    assert limiter.current(1.0) == pytest.approx(10.0)  # at most by half at once


def test_what_was_on_its_way_when_the_limit_was_cut_does_not_cut_it_again() -> None:
    limiter = RateLimiter(15)
    limiter.answered(1.0, sent=0.9, throttled=True)
    after = limiter.current(1.0)
    for _ in range(5):
        limiter.answered(1.0, sent=0.95, throttled=True)
    assert limiter.current(1.0) == after < 15.0
    limiter.answered(2.0, sent=1.5, throttled=True)
    assert limiter.current(2.0) < after


def test_the_limit_has_a_floor_and_comes_back_to_the_rate() -> None:
    limiter = RateLimiter(15)
    for second in range(1, 100):
        limiter.answered(float(second), sent=second - 0.1, throttled=True)
    assert limiter.current(99.0) == pytest.approx(0.75)
    assert [limiter.current(99.0 + passed) for passed in (10.0, 120.0)] == [pytest.approx(0.77), 15.0]


def test_one_request_that_came_a_moment_too_early_costs_little() -> None:
    limiter = RateLimiter(15)
    for index in range(30):
        limiter.answered(index / 15, sent=index / 15 - 0.1, throttled=False)
    limiter.answered(2.0, sent=1.95, throttled=True)
    assert limiter.current(2.0) == pytest.approx(0.985 * 15)


def test_without_a_rate_throttling_makes_one_for_bulk_alone() -> None:
    limiter = RateLimiter(None)
    for index in range(40):
        limiter.answered(index / 40, sent=index / 40, throttled=False)
    limiter.answered(1.0, sent=0.99, throttled=True)
    limiter.take(1.0)
    assert 20.0 < limiter.current(1.0) < 40.0
    assert limiter.next(1.0, spread=True) > 1.0
    assert limiter.next(1.0) == 1.0


def simulate(processes: int, seconds: float, seed: int) -> tuple[float, float]:
    """Return how much of 15 a second got through once warm, and the share of requests that were throttled."""
    dice, order = random.Random(seed), count()
    limiters = [RateLimiter(15) for _ in range(processes)]
    events = [(0.0, next(order), "send", number, 0.0) for number in range(processes)]
    window: deque[float] = deque()
    passed = throttled = 0
    while events[0][0] < seconds:
        now, _, event, number, sent = heapq.heappop(events)
        if event == "send":
            at = limiters[number].take(now, spread=True)
            heapq.heappush(events, (at + 0.05 + dice.expovariate(1000.0), next(order), "arrive", number, at))
            heapq.heappush(events, (at, next(order), "send", number, 0.0))
        elif event == "arrive":
            while window and window[0] <= now - 1.0:
                window.popleft()
            is_let = len(window) < 15
            window.extend([now] if is_let else [])
            heapq.heappush(events, (now + 0.05, next(order), "yes" if is_let else "no", number, sent))
        else:
            limiters[number].answered(now, sent=sent, throttled=event == "no")
            if now >= 10.0:
                passed += event == "yes"
                throttled += event == "no"
    return passed / (seconds - 10.0) / 15.0, throttled / (passed + throttled)


@pytest.mark.parametrize(("processes", "least"), [(1, 0.98), (2, 0.9), (4, 0.9)])
def test_processes_that_share_an_account_settle(processes: int, least: float) -> None:
    """In a time that nobody waits for, against a server that counts every sliding second."""
    for seed in range(3):
        used, throttled = simulate(processes, 120.0, seed)
        assert used >= least, f"seed {seed}"
        assert throttled < 0.01 * max(1, processes / 2), f"seed {seed}"


def test_a_fork_takes_no_lock_along() -> None:
    limiter = RateLimiter(15)
    limiter._lock.acquire()  # as if another thread were in the middle of a request
    limiter._pid = os.getpid() - 1  # and this were the child
    assert limiter.take(0.0) == 0.0


# --- in a client ---------------------------------------------------------------------------------


def test_calls_beyond_the_rate_wait(connect: Callable[..., Any], clock: Any, emulator: Emulator) -> None:
    client = connect(emulator, rate=2)
    for number in range(5):
        client.create(Annotation.of(f"in-{number}", positive("tree")))
    assert clock.slept == [pytest.approx(1.01), pytest.approx(1.01)]


def test_copies_share_the_limit(connect: Callable[..., Any], clock: Any, emulator: Emulator) -> None:
    client = connect(emulator, rate=1)
    client.create(Annotation.of("in-1", positive("tree")))
    client.with_options(app_id="other").create(Annotation.of("in-1", positive("tree")))
    assert clock.slept == [pytest.approx(1.01)]


def test_a_wait_that_the_deadline_has_no_room_for_is_not_begun(
    connect: Callable[..., Any], clock: Any, emulator: Emulator
) -> None:
    client = connect(emulator, rate=0.1)
    client.create(Annotation.of("in-1", positive("tree")))
    with pytest.raises(APITimeoutError, match=r"no room for the 10.1 s .* rate limit \(rate=\)"):
        client.create(Annotation.of("in-2", positive("tree")), deadline=5)
    assert clock.slept == []
    assert len(emulator.requests) == 1


def test_a_retry_after_holds_the_other_calls_of_a_client(connect: Callable[..., Any], clock: Any) -> None:
    answers = iter([httpx.Response(429, headers={"retry-after": "7"}, json={"status": {"code": 11005}})])
    emulator = Emulator()
    client = connect(lambda request: next(answers, None) or emulator(request), max_retries=0)
    with pytest.raises(RateLimitError):
        client.create(Annotation.of("in-1", positive("tree")))
    client.create(Annotation.of("in-2", positive("tree")))
    assert clock.slept == [7.0]


def test_no_waiting_waits_for_no_rate_either(connect: Callable[..., Any], clock: Any, emulator: Emulator) -> None:
    client = connect(emulator, rate=1)
    with no_waiting():
        for number in range(5):
            client.create(Annotation.of(f"in-{number}", positive("tree")))
    assert clock.slept == []


@pytest.mark.parametrize("rate", [0, -1, "15", True, float("nan"), float("inf")])
def test_a_rate_that_is_none_is_refused(connect: Callable[..., Any], rate: object) -> None:
    with pytest.raises(ConfigurationError, match=r"rate must be requests a second, above 0, or None"):
        connect(rate=rate)
