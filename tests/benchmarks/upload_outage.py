"""Requests that are made while nothing succeeds: upload for 60 s, and 1,000 single calls.

    python tests/benchmarks/upload_outage.py            # about two minutes
    python tests/benchmarks/upload_outage.py --smoke    # the fake clock only, a few seconds

Upload sees an outage after five failures in a row, and then has one request at a time on its way, with
a backoff before each. The first table is that with a clock that is put forward instead of waiting, and with
jitter fixed at its longest: the times of the requests beside the plain steps of the backoff. The second
one is with the jitter as it is, over many seeds. The third is the real thing, over 60 s of a real
clock: a port where nothing listens, and a server in another process that answers everything with 503.

Single calls share a quota of retries: requests / calls <= 1 + quota / (cost x calls).
"""

from __future__ import annotations

import itertools
import logging
import random
import socket
import statistics
import sys
import time
from collections.abc import Callable
from typing import Any
from unittest.mock import patch

import httpx
from _server import model, rows, server, settings

from clarifai_http_annotations import APIError, Client, UploadReport
from clarifai_http_annotations._retry import Quota, backoff
from clarifai_http_annotations.upload.planner import Planner
from clarifai_http_annotations.upload.pulse import OUTAGE

LONG = 60.0


class FakeTime:
    """A clock that is put forward by whoever waits."""

    def __init__(self, client: Client) -> None:
        self.now = 0.0
        client._clock = lambda: self.now
        client._sleep = self.sleep  # type: ignore[method-assign]

    async def sleep(self, seconds: float) -> None:
        self.now += seconds


def refuses(request: httpx.Request) -> httpx.Response:
    raise httpx.ConnectError("Connection refused", request=request)


def unavailable(request: httpx.Request) -> httpx.Response:
    return httpx.Response(503, json={"status": {"code": 98004, "description": "Internal server issue"}})


OUTAGES: dict[str, Callable[[httpx.Request], httpx.Response]] = {"refused": refuses, "503": unavailable}


# --- upload --------------------------------------------------------------------------------------


def times_of(handler: Callable[[httpx.Request], httpx.Response]) -> list[float]:
    """Return when upload made a request, in 60 s of a clock that is put forward."""
    times = []

    def noting(request: httpx.Request) -> httpx.Response:
        times.append(clock.now)
        return handler(request)

    transport = httpx.MockTransport(noting)
    with Client(**settings("http://localhost"), transport=transport) as client:
        clock = FakeTime(client)
        report = client.upload(rows("input", count=100_000), deadline=LONG)
    assert not report.confirmed
    return times


def steps(jitter: Callable[[], float]) -> list[float]:
    """Return the steps of a plain backoff: seconds from the beginning, up to 60."""
    pauses = (backoff(retry, retry_after=None, jitter=jitter) for retry in itertools.count(1))
    return list(itertools.takewhile(lambda at: at < LONG, itertools.accumulate(pauses)))


def fake(seeds: int) -> None:
    """Print the times of requests with fixed jitter, and how many there are with real jitter."""
    plan = steps(lambda: 1.0)
    print(f"{LONG:g} s of outage, jitter at its longest; a plain backoff would probe at")
    print(f"  {'':8} {' '.join(f'{at:5.1f}' for at in plan)}: {len(plan)} times")
    for name, handler in OUTAGES.items():
        with patch.dict(Planner.__init__.__kwdefaults__, jitter=lambda: 1.0):
            times = times_of(handler)
        before, after = times[:OUTAGE], times[OUTAGE:]
        print(f"  {name:8} {' '.join(f'{at:5.1f}' for at in after)}: {len(after)} times,")
        print(f"  {'':8} after the {len(before)} that made it an outage, at {' '.join(f'{at:.1f}' for at in before)}")
    print(
        f"{LONG:g} s of outage, jitter as it is, {seeds} seeds: requests, without the {OUTAGE} that make it an outage"
    )
    counts = [len(steps(random.Random(seed).random)) for seed in range(seeds)]
    print(f"  {'plain':8} {spread(counts)}")
    for name, handler in OUTAGES.items():
        counts = []
        for seed in range(seeds):
            random.seed(seed)
            counts.append(len(times_of(handler)) - OUTAGE)
        print(f"  {name:8} {spread(counts)}")


def spread(counts: list[int]) -> str:
    return f"{statistics.mean(counts):4.1f} on average, {min(counts)} to {max(counts)}"


def real(url: str) -> tuple[UploadReport, list[float]]:
    """Upload for 60 s; return the report, and when failures were seen."""
    begun, seen = time.monotonic(), []
    with Client(**settings(url)) as client:
        report = client.upload(
            rows("input", count=100_000), deadline=LONG, on_progress=lambda _: seen.append(time.monotonic() - begun)
        )
    return report, seen[:-1]  # the last one is the end


def with_a_real_clock() -> None:
    """Print the times of the requests of two real outages."""
    print(f"{LONG:g} s of outage, with a real clock: requests at")
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"  # closed here, so nothing listens
    report, seen = real(url)
    print(f"  {'refused':8} {' '.join(f'{at:.1f}' for at in seen)}: {report.requests}")
    with server("plain", status=503, times=True) as running:
        begun = time.monotonic()
        report, _ = real(running.url)
    came = running.said["times"]
    print(f"  {'503':8} {' '.join(f'{at - begun:.1f}' for at in came)}: {report.requests}, {len(came)} at the server")


# --- single calls --------------------------------------------------------------------------------


def single(calls: int) -> None:
    """Print how many requests so many calls make."""
    quota = Quota()
    most = 1.0 + quota.capacity / quota.cost / calls
    for name, handler in OUTAGES.items():
        made = 0

        def counting(request: httpx.Request, handler: Any = handler) -> httpx.Response:
            nonlocal made
            made += 1
            answer: httpx.Response = handler(request)
            return answer

        with Client(**settings("http://localhost"), transport=httpx.MockTransport(counting)) as client:
            FakeTime(client)
            for number in range(calls):
                try:
                    client.create(model("input", number))
                except APIError:
                    continue
                raise SystemExit("a call succeeded")
        print(f"{calls:,} calls of create(), {name:8}: {made / calls:.3f} requests a call (at most {most:.3f})")


def main() -> None:
    """Print the figures."""
    is_smoke = "--smoke" in sys.argv
    logging.getLogger("clarifai_http_annotations").setLevel(logging.ERROR)  # a line for each retry
    fake(5 if is_smoke else 100)
    single(100 if is_smoke else 1000)
    if not is_smoke:
        with_a_real_clock()


if __name__ == "__main__":
    main()
