"""One upload without the waiting: what the driver of threads and the driver of tasks share.

It stands between the planner, which knows no clock and no JSON, and the outside: what was given,
the journal, the report and the callbacks. What is confirmed goes into the journal before it is counted.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from .._wire.guard import find_concepts, guard
from .._wire.rows import prepare_row
from ..errors import ClarifaiError, InvalidRequestError, JournalError
from ..models.annotation import Annotation
from .ledger import conflict
from .planner import Planner
from .report import MOST_FAILURES, OnProgress, OnResult, Outcome, UploadReport, UploadResult
from .work import ALREADY_THERE, PROBLEMS, STORED, Became, Broken, Item, Job, Settled, Step, Trouble
from .work import Outcome as JobOutcome

if TYPE_CHECKING:  # sqlite3 is loaded with a journal only
    from .journal import Journal

LONG = 0.05
"""Seconds after which taking makes way for the answers that have come."""

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


class Upload:
    """An upload that goes on.

    Args:
        planner: Decides.
        report: Is filled.
        clock: Seconds.
        journal: Keeps what is confirmed, or ``None``.
        fractional_values: Whether values between 0 and 1 may leave.
        on_result: Called for each annotation, or ``None``.
        on_progress: Called after each answer, or ``None``.
    """

    def __init__(
        self,
        planner: Planner,
        report: UploadReport,
        clock: Callable[[], float],
        *,
        journal: Journal | None = None,
        fractional_values: bool = False,
        on_result: OnResult | None = None,
        on_progress: OnProgress | None = None,
    ) -> None:
        self.planner = planner
        self.report = report
        self.error: Exception | None = None
        self._clock = clock
        self._journal = journal
        self._fractional_values = fractional_values
        self._on_result, self._on_progress = on_result, on_progress
        self._taken = 0
        self._pending: list[Item] = []
        self._take_until = 0.0
        self._begun = clock() - report.seconds
        report.exhausted, report.stopped = False, None

    def now(self) -> float:
        """Return the time."""
        return self._clock()

    def next(self) -> Step:
        """Say what to do now."""
        now = self._clock()
        self._take_until = now + LONG
        return self.planner.next(now)

    # --- taking ----------------------------------------------------------------------------------

    def take(self, given: Any) -> bool:
        """Take what was given; tell whether to go on taking before anything else."""
        index, self._taken = self._taken, self._taken + 1
        try:
            row = prepare_row(given, f"annotations[{index}]")
            if not row.is_plain:
                self._guard(row.tree, index)
        except InvalidRequestError as error:
            error.message = error.message.removeprefix("Nothing was sent. ")
            self.planner.settle(Item(index, given, _ids_of(given), "", False, 0), Became.FAILED, error)
        else:
            key = row.tree["input_id"], row.tree["id"]
            self._pending.append(Item(index, given, key, row.digest, row.derived, row.size, row.tree))
        return self._clock() < self._take_until

    def _guard(self, tree: dict[str, Any], index: int) -> None:
        """Refuse here, by its position, what would not leave in a batch."""
        try:
            guard({"annotations": [tree]}, fractional_values=self._fractional_values)
        except InvalidRequestError as error:
            said = [problem.replace("annotations[0]", f"annotations[{index}]", 1) for problem in error.problems]
            raise type(error)("\n  ".join(said), problems=said) from None

    def taken(self) -> None:
        """Hand what was taken to the planner, without what the journal knows."""
        pending, self._pending = self._pending, []
        for item, there in zip(pending, self._known(pending), strict=True):
            if there is None:
                self.planner.offer(item)
            elif there:
                self.planner.settle(item, Became.SKIPPED)
            else:
                self.planner.settle(item, Became.CONFLICT, conflict(item, "the journal knows it with other content"))
        self._settle()

    def _known(self, items: list[Item]) -> list[bool | None]:
        """Say what the journal knows of annotations; if it breaks, the upload stops, and it knows nothing."""
        if self._journal is not None and items:
            try:
                return self._journal.known([(*item.key, item.digest) for item in items])
            except JournalError as error:
                self._lose_journal(error)
        return [None] * len(items)

    def _confirm(self, entries: list[tuple[str, str, str]]) -> None:
        """Write into the journal what is in the app; if it breaks, the upload stops, and the report knows it."""
        if self._journal is not None and entries:
            try:
                self._journal.confirm(entries)
            except JournalError as error:
                self._lose_journal(error)

    def _lose_journal(self, error: JournalError) -> None:
        self._journal = None
        self.fail(error, "the journal")

    def end(self) -> None:
        """Learn that everything that was given was taken."""
        self.planner.end()
        self.report.exhausted = True

    # --- answers ---------------------------------------------------------------------------------

    def started(self, job: Job) -> None:
        """Count a request."""
        self.report.requests += 1
        self.report.retries += job.is_retry and not job.is_asking

    def ended(self, job: Job, outcome: JobOutcome) -> None:
        """Learn what came of a request."""
        self.report.bytes += outcome.size
        self.report.throttled += isinstance(outcome, Broken) and outcome.trouble is Trouble.THROTTLED
        self.planner.ended(job, outcome, self._clock())
        self._settle()
        on_progress = self._on_progress
        if on_progress is not None and self.error is None:
            self._guarded(lambda: on_progress(self.report))

    def _settle(self, *, in_peace: bool = True) -> None:
        """Write down what is settled: journal, report, callback, in this order."""
        settled = self.planner.settled()
        if self._journal is not None:
            self._confirm(
                [(*item.key, item.digest) for item, became, _ in settled if became in (STORED, ALREADY_THERE)]
            )
        report = self.report
        for entry in settled:
            became = entry.became
            if became is STORED:
                report.stored += 1
            else:
                setattr(report, became.value, getattr(report, became.value) + 1)
            is_there = became is STORED or became is ALREADY_THERE
            if is_there:
                present, absent = _polarities(entry.item.tree)
                report.positives += present
                report.negatives += absent
            if self._on_result is not None or (not is_there and became in PROBLEMS):
                self._tell(entry, in_peace)
        report.seconds = self._clock() - self._begun

    def _tell(self, settled: Settled, in_peace: bool) -> None:
        """Keep what is a problem, and tell what became of an annotation."""
        item, became, error = settled
        result = UploadResult(item.index, item.given, item.key[0] or None, item.key[1] or None, NAMES[became], error)
        if became in PROBLEMS and len(self.report.failures) < MOST_FAILURES:
            self.report.failures.append(result)
        on_result = self._on_result
        if on_result is not None and in_peace and self.error is None:
            self._guarded(lambda: on_result(result))

    def _guarded(self, callback: Callable[[], object]) -> None:
        try:
            callback()
        except Exception as error:  # noqa: BLE001 # it is raised again, when what is on its way has ended
            self.fail(error, "a callback")

    # --- the end ---------------------------------------------------------------------------------

    def fail(self, error: Exception, where: str) -> None:
        """Stop because of an error of the caller's own code, which is raised when what is on its way has ended."""
        self.error = self.error or error
        self.planner.stop(f"{where} raised {type(error).__name__}", self._clock())

    def finish(self) -> UploadReport:
        """Settle what is left and return the report.

        Raises:
            APIError: What stopped it, with the report attached.
            Exception: What the caller's own code raised.
        """
        self._close()
        error = self.error or self.planner.fatal
        if error is None:
            return self.report
        if isinstance(error, ClarifaiError):
            error.report = self.report
        raise error

    def interrupt(self) -> None:
        """Settle what is left, and call nothing: an exception is on its way through."""
        self._close(in_peace=False)

    def _close(self, *, in_peace: bool = True) -> None:
        pending, self._pending = self._pending, []
        for item in pending:
            self.planner.offer(item)
        self.report.stopped = self.planner.stopped or (None if in_peace else "it was interrupted")
        self.planner.abandon()
        self._settle(in_peace=in_peace)
        if self._on_progress is not None and in_peace and self.error is None:
            self._on_progress(self.report)


def _ids_of(given: object) -> tuple[str, str]:
    """Return the input and the id of what could not be read, as far as it tells."""
    said = given.__dict__ if isinstance(given, Annotation) else given
    if not isinstance(said, Mapping):
        return "", ""
    input_id, name = said.get("input_id"), said.get("id")
    return input_id if isinstance(input_id, str) else "", name if isinstance(name, str) else ""


def _polarities(tree: dict[str, Any]) -> tuple[int, int]:
    """Return how many concepts of an annotation are present and how many are absent."""
    data = tree.get("data") or {}
    if len(data) == 1 and "concepts" in data:  # by far the most
        values = [concept["value"] for concept in data["concepts"]]
    else:
        values = [concept["value"] for _, concept in find_concepts(tree)]
    return values.count(1.0), values.count(0.0)
