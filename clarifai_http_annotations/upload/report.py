"""What an upload did: counted while it goes on, readable when it is over."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

from ..errors import ClarifaiError, UploadError

MOST_FAILURES = 10_000
"""Failures that a report keeps; the rest is counted, and given to ``on_result=``."""

Outcome = Literal["stored", "already_there", "repeated", "skipped", "conflict", "failed", "unknown", "not_sent"]


@dataclass(frozen=True, slots=True)
class UploadResult:
    """What became of one annotation of an upload.

    Attributes:
        index: Its position in what was given, from 0.
        annotation: It, as it was given: an `Annotation` or a row.
        input_id: Its input, or ``None`` if nobody can tell.
        id: Its id, derived if it had none, or ``None`` if it could not be sent.
        outcome: ``"stored"``; ``"already_there"`` from before; ``"repeated"``: the same as another
            one that was on its way; ``"skipped"``: the journal knows that it is there;
            ``"conflict"``: its id holds other content; ``"failed"``: refused, here or by the server;
            ``"unknown"``: it may be stored or not; ``"not_sent"``: it was taken, and the upload stopped.
        error: Why, if it is one of the last four.
    """

    index: int
    annotation: Any
    input_id: str | None
    id: str | None
    outcome: Outcome
    error: ClarifaiError | None = None


@dataclass
class UploadReport:
    """What an upload did. One that was given as ``report=`` is filled while it goes on.

    Every annotation that was taken is counted in exactly one of the first eight.

    Attributes:
        stored: Stored by this upload.
        already_there: In the app with this content before it was sent.
        repeated: The same as another one that was on its way, and not sent.
        skipped: Not sent, because the journal knows that it is there.
        conflicts: Its id holds, or is given to, other content.
        failed: Refused; it is not in the app.
        unknown: It may be stored or not. Sent again, it is stored once.
        not_sent: Taken from what was given, and not sent because the upload stopped.
        exhausted: Whether everything that was given was taken; otherwise there is more.
        stopped: Why it stopped before the end, or ``None``.
        positives: Concepts that are present, in what is stored or was there.
        negatives: Concepts that are absent, likewise.
        requests: Requests that were made, with those that only ask.
        retries: Those of them that sent an annotation again.
        throttled: Those of them that were refused because there were too many.
        bytes: Bytes of their bodies.
        seconds: How long it took.
        failures: What is in ``conflicts``, ``failed``, ``unknown`` and ``not_sent``: the first 10,000.
    """

    stored: int = 0
    already_there: int = 0
    repeated: int = 0
    skipped: int = 0
    conflicts: int = 0
    failed: int = 0
    unknown: int = 0
    not_sent: int = 0
    exhausted: bool = False
    stopped: str | None = None
    positives: int = 0
    negatives: int = 0
    requests: int = 0
    retries: int = 0
    throttled: int = 0
    bytes: int = 0
    seconds: float = 0.0
    failures: list[UploadResult] = field(default_factory=list, repr=False)

    @property
    def taken(self) -> int:
        """How many annotations were taken from what was given."""
        return self.confirmed + self.problems

    @property
    def confirmed(self) -> int:
        """How many of them are known to be in the app, or are the same as another one."""
        return self.stored + self.already_there + self.repeated + self.skipped

    @property
    def problems(self) -> int:
        """How many of them somebody has to look at, or to send again."""
        return self.conflicts + self.failed + self.unknown + self.not_sent

    @property
    def is_complete(self) -> bool:
        """Whether everything that was given is in the app."""
        return self.exhausted and not self.problems and self.stopped is None

    def raise_for_failures(self) -> None:
        """Do nothing if everything that was given is in the app.

        Raises:
            UploadError: Otherwise; its ``.report`` is this report.
        """
        if self.is_complete:
            return
        counts = [
            f"{number:,} {what}"
            for number, what in (
                (self.failed, "failed"),
                (self.conflicts, "in conflict with what is stored"),
                (self.unknown, "unknown"),
                (self.not_sent, "not sent"),
            )
            if number
        ]
        said = f"upload: of {self.taken:,} annotations {', '.join(counts)}." if counts else "upload:"
        if self.stopped is not None:
            said += f" It stopped: {self.stopped}."
        if not self.exhausted:
            said += " There is more in what was given."
        error = UploadError(said)
        error.report = self
        raise error

    def __str__(self) -> str:
        rate = f" ({self.confirmed / self.seconds:,.0f}/s)" if self.seconds > 0 and self.confirmed else ""
        more = "" if self.exhausted else ", and there is more"
        lines = [f"{self.taken:,} annotation{'' if self.taken == 1 else 's'} in {self.seconds:,.1f} s{rate}{more}"]
        for number, what in (
            (self.stored, "stored"),
            (self.already_there, "already there"),
            (self.repeated, "repeated in what was given"),
            (self.skipped, "skipped by the journal"),
            (self.conflicts, "in conflict: the id holds other content"),
            (self.failed, "failed"),
            (self.unknown, "unknown: may be stored or not; sent again, it is stored once"),
            (self.not_sent, "not sent"),
        ):
            if number:
                lines.append(f"  {number:>11,}  {what}")
        lines.append(f"  {self.positives:>11,}  positive and {self.negatives:,} negative concepts in what is there")
        lines.append(
            f"  {self.requests:>11,}  requests, {self.retries:,} of them retries, {self.throttled:,} throttled; "
            f"{self.bytes / 1e6:,.1f} MB"
        )
        if self.stopped is not None:
            lines.append(f"stopped: {self.stopped}")
        lines += [f"[{failure.index}] input {failure.input_id!r}: {failure.error}" for failure in self.failures[:3]]
        if len(self.failures) > 3:
            lines.append(f"... and {self.problems - 3:,} more: .failures has {len(self.failures):,} of them")
        return "\n".join(lines)


OnResult = Callable[[UploadResult], object]
OnProgress = Callable[[UploadReport], object]
