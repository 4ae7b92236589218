"""How much of the API's limit upload uses: 15 requests in any sliding second, of 128 annotations each.

    python tests/benchmarks/upload_ceiling.py            # about six minutes
    python tests/benchmarks/upload_ceiling.py --smoke    # a few seconds

The server is in another process: it counts the requests of any second strictly, refuses what is beyond
(which does not count), and answers after 100 ms. Measured are one process, two that are started
together, two of which one is started 20 s later, and, for comparison, what the official SDK does about
a limit (clarifai 12.5.0, ``RetryStub``: up to 10 attempts, 5 s between them) in four threads.

The ratio is annotations a second divided by 15 x 128, once warm (5 s after the last start); beside it
the whole run from the start to the last answer. Throttled is the share of all requests.
"""

from __future__ import annotations

import json
import sys
import threading
import time
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import Any

import httpx
from _server import BATCH, Running, result, row, rows, server, settings, start

from clarifai_http_annotations import Client, UploadReport

RATE = 15
CEILING = RATE * BATCH
WARM = 5.0


# --- in a worker ---------------------------------------------------------------------------------


def upload(url: str, name: str, seconds: float) -> dict[str, Any]:
    """Upload for so many seconds; a mark for each answer: time, stored, requests, throttled."""
    marks: list[tuple[float, int, int, int]] = []

    def note(report: UploadReport) -> None:
        marks.append((time.monotonic(), report.stored, report.requests, report.throttled))

    with Client(**settings(url), rate=RATE) as client:
        begun = time.monotonic()
        report = client.upload(rows(name, until=begun + seconds), on_progress=note)
    report.raise_for_failures()
    return {"name": name, "begun": begun, "marks": marks}


def loop(url: str, name: str, seconds: float) -> dict[str, Any]:
    """Do the same with four threads, each of which sends a batch up to ten times, 5 s apart."""
    marks: list[tuple[float, int, int, int]] = []
    counts = [0, 0, 0]
    lock = threading.Lock()
    batches: SimpleQueue[int] = SimpleQueue()
    for number in range(int(seconds * RATE) + 100):
        batches.put(number)
    begun = time.monotonic()

    def send(http: httpx.Client, number: int) -> None:
        body = [{"id": "a", **row(name, number * BATCH + place)} for place in range(BATCH)]
        for attempt in range(10):
            if attempt:
                time.sleep(5.0)
            answer = http.post(
                f"{url}/v2/users/me/apps/app/annotations",
                headers={"Authorization": "Key x"},
                json={"annotations": body},
            )
            passed = answer.json()["status"]["code"] == 10000
            with lock:
                for place, more in enumerate((BATCH if passed else 0, 1, 0 if passed else 1)):
                    counts[place] += more
                marks.append((time.monotonic(), counts[0], counts[1], counts[2]))
            if passed:
                return

    def work() -> None:
        while time.monotonic() < begun + seconds:
            try:
                send(http, batches.get_nowait())
            except Empty:
                return

    with httpx.Client(trust_env=False, timeout=60.0) as http:
        threads = [threading.Thread(target=work) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    return {"name": name, "begun": begun, "marks": marks}


# --- what they say -------------------------------------------------------------------------------


@dataclass
class Said:
    """What workers say together, as marks of all of them in the order of time."""

    begun: float
    marks: list[tuple[float, int, int, int]]

    @classmethod
    def of(cls, *workers: dict[str, Any]) -> Said:
        """Put together what workers say; the monotonic clock is one for all processes of a machine."""
        events = []
        for worker in workers:
            before = (0, 0, 0)
            for at, *counts in worker["marks"]:
                events.append((at, *(new - old for new, old in zip(counts, before, strict=True))))
                before = tuple(counts)
        marks, total = [], [0, 0, 0]
        for at, *more in sorted(events):
            total = [count + one for count, one in zip(total, more, strict=True)]
            marks.append((at, *total))
        return cls(min(worker["begun"] for worker in workers), marks)

    def share(self, since: float, until: float, base: float) -> float:
        """Return annotations a second from one answer to another, divided by the limit."""
        inside = [mark for mark in self.marks if base + since <= mark[0] <= base + until]
        if len(inside) < 2:
            return 0.0
        return (inside[-1][1] - inside[0][1]) / (inside[-1][0] - inside[0][0]) / CEILING

    @property
    def whole(self) -> float:
        """The same for the whole run, from the start to the last answer."""
        return self.marks[-1][1] / (self.marks[-1][0] - self.begun) / CEILING

    def throttled(self, base: float) -> str:
        """Return the share of requests that were refused, of all and of those that were answered once warm."""
        _, _, requests, throttled = self.marks[-1]
        cold = [mark for mark in self.marks if mark[0] < base + WARM][-1:] or [(0.0, 0, 0, 0)]
        warm, of_warm = throttled - cold[0][3], requests - cold[0][2]
        return f"{throttled / requests:.2%} throttled ({throttled} of {requests}; once warm {warm} of {of_warm})"


def check(running: Running, said: Said) -> None:
    """Complain if the server has not what the workers say, each once."""
    if running.said != {"stored": said.marks[-1][1], "most_times": 1}:
        print(f"  BUT the server says {running.said}, the clients {said.marks[-1][1]}")


def measure(title: str, seconds: float, second_after: float | None = None, what: str = "upload") -> None:
    """Run one or two workers against a server of their own, and print what they did."""
    with server("emulator", rate=RATE, latency=0.1, record=False) as running:
        workers = [start(__file__, what=what, url=running.url, name="one", seconds=seconds)]
        if second_after is not None:
            time.sleep(second_after)
            left = seconds - second_after
            workers.append(start(__file__, what=what, url=running.url, name="two", seconds=left))
        each = [result(worker) for worker in workers]
    both, base = Said.of(*each), each[-1]["begun"]
    end = each[0]["begun"] + seconds - base
    print(f"{title}, {seconds:g} s")
    shares = f"{both.share(WARM, end, base):7.2%} of {CEILING:,}/s once warm, {both.whole:7.2%} whole"
    print(f"  {shares}; {both.throttled(base)}")
    if len(each) == 2:
        for one in each:
            alone = Said.of(one)
            print(f"    {one['name']}: {alone.share(WARM, end, base):7.2%} once warm; {alone.throttled(base)}")
        if second_after:
            before = both.share(WARM, second_after, each[0]["begun"])
            print(f"    before the second: {before:7.2%}; the second's first 5 s: {both.share(0, WARM, base):7.2%}")
        tens = [Said.of(one) for one in each]
        parts = [
            " + ".join(f"{said.share(at, at + 10, base):.0%}" for said in tens) for at in range(0, int(end) - 9, 10)
        ]
        print(f"    each 10 s: {', '.join(parts)}")
    if what == "upload":
        check(running, both)


def main() -> None:
    """Print the figures of each case."""
    if "--worker" in sys.argv:
        options = json.loads(sys.argv[-1])
        work = {"upload": upload, "loop": loop}[options.pop("what")]
        print(json.dumps(work(**options)))
    elif "--smoke" in sys.argv:
        measure("One process", 7.0)
    else:
        measure("One process", 60.0)
        measure("Two processes, started together", 90.0, second_after=0.0)
        measure("Two processes, one 20 s later", 90.0, second_after=20.0)
        measure("The SDK's policy, as a plain loop of four threads", 60.0, what="loop")


if __name__ == "__main__":
    main()
