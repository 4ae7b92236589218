"""Counts what became of annotations into a report, so that Ctrl-C between any two lines neither loses nor doubles one.

What is counted, and which list was counted last, is kept in **one** value that is replaced in one step; the report is
written from it, as often as one likes.
"""

from __future__ import annotations

from typing import Any

from .._wire.guard import find_concepts
from .report import Outcome, UploadReport, UploadResult
from .work import ALREADY_THERE, PROBLEMS, STORED, Became, Settled

NAMES: dict[Became, Outcome] = {
    Became.STORED: "stored",
    Became.ALREADY_THERE: "already_there",
    Became.REPEATED: "repeated",
    Became.SKIPPED: "skipped",
    Became.CONFLICT: "conflict",
    Became.FAILED: "failed",
    Became.UNKNOWN: "unknown",
    Became.NOT_SENT: "not_sent",
}

COUNTERS = [*(became.value for became in Became), "positives", "negatives"]


class Counting:
    """The counters of a report, which may have some already.

    Args:
        report: Is filled.
        most_failures: How many failures it keeps.
    """

    def __init__(self, report: UploadReport, most_failures: int) -> None:
        self._report, self._most_failures = report, most_failures
        self._state: tuple[dict[str, int], int, list[Settled] | None] = (
            {name: getattr(report, name) for name in COUNTERS},
            len(report.failures),
            None,
        )

    def has(self, settled: list[Settled]) -> bool:
        """Tell whether this list is the one that was counted last."""
        return self._state[2] is settled

    def count(self, settled: list[Settled]) -> None:
        """Count what is settled; a list that was counted last is not counted again."""
        counts, kept, last = self._state
        if last is not settled:
            counts = dict(counts)
            failures = self._report.failures
            del failures[kept:]  # of a count that was interrupted
            for entry in settled:
                became = entry.became
                counts[became._value_] += 1  # faster than value, once for each annotation
                if became is STORED or became is ALREADY_THERE:
                    present, absent = _polarities(entry.item.tree)
                    counts["positives"] += present
                    counts["negatives"] += absent
                elif became in PROBLEMS and len(failures) < self._most_failures:
                    failures.append(result_of(entry))
            self._state = counts, len(failures), settled  # in one step
        vars(self._report).update(counts)


def result_of(settled: Settled) -> UploadResult:
    """Return what became of an annotation, for the caller."""
    item, became, error = settled
    return UploadResult(item.index, item.given, item.key[0] or None, item.key[1] or None, NAMES[became], error)


def _polarities(tree: dict[str, Any]) -> tuple[int, int]:
    """Return how many concepts of an annotation are present and how many are absent."""
    data = tree.get("data") or {}
    if len(data) == 1 and "concepts" in data:  # by far the most
        values = [concept["value"] for concept in data["concepts"]]
    else:
        values = [concept["value"] for _, concept in find_concepts(tree)]
    return values.count(1.0), values.count(0.0)
