"""Resident memory of a process that uploads from a generator, above what it had after the first 10,000.

    python tests/benchmarks/upload_memory.py            # some minutes
    python tests/benchmarks/upload_memory.py --smoke    # a few seconds

The server is in another process, keeps nothing and answers quickly, and there is no rate limit, so that
as much is on its way as ever is. Rows, models, and rows with a journal each have a process of their own.
Its memory is looked at whenever 1,000 more were taken; where there is no /proc, only the highest so far
is known.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from _server import model, result, row, server, settings, start

from clarifai_http_annotations import Client

FIRST = 10_000
EVERY = 1_000

STATM = Path("/proc/self/statm")


def resident() -> float:
    """Return the resident memory of this process in MB (or the most that it was)."""
    if STATM.exists():
        import os

        return int(STATM.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6
    import resource

    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most / (1e6 if sys.platform == "darwin" else 1e3)


def work(url: str, what: str, count: int, journal: str | None) -> dict[str, Any]:
    """Upload so many, and say how much memory there was when."""
    make = {"rows": row, "models": model}[what]
    seen: list[float] = []

    def given() -> Iterator[Any]:
        for number in range(count):
            if number % EVERY == 0:
                seen.append(resident())
            yield make("input", number)

    begun = time.perf_counter()
    with Client(**settings(url), rate=None) as client:
        report = client.upload(given(), journal=journal)
    report.raise_for_failures()
    seen.append(resident())
    assert report.stored == count
    after = seen[FIRST // EVERY :]
    return {"first": after[0], "most": max(after), "last": after[-1], "seconds": time.perf_counter() - begun}


def measure(what: str, count: int, *, with_journal: bool = False) -> None:
    """Print a line."""
    with server("plain") as running, tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "journal"
        journal = str(path) if with_journal else None
        said = result(start(__file__, url=running.url, what=what, count=count, journal=journal))
        kept = f", journal of {path.stat().st_size / 1e6:.0f} MB" if with_journal else ""
    print(
        f"{count:9,} {what:6}: {said['first']:5.1f} MB after {FIRST:,}, from there at most "
        f"{said['most'] - said['first']:+5.1f} MB, {said['last'] - said['first']:+5.1f} MB at the end "
        f"({said['seconds']:.0f} s{kept})"
    )


def main() -> None:
    """Print a line for each kind of what is given."""
    if "--worker" in sys.argv:
        print(json.dumps(work(**json.loads(sys.argv[-1]))))
        return
    part = 20 if "--smoke" in sys.argv else 1
    measure("rows", 1_000_000 // part)
    measure("models", max(100_000 // part, 2 * FIRST))
    measure("rows", max(200_000 // part, 2 * FIRST), with_journal=True)


if __name__ == "__main__":
    main()
