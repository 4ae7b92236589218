"""``upload``: from files to the app, so that running it again goes on where it ended.

Rules:

1. All files are read before anything is sent, and what is sent is what was read and checked then. If there is a
   problem in them, nothing is, unless ``--skip-problems`` says that the rest should be. Two polarities of one thing, or
   two contents of one id, are never sent.
2. What is confirmed is in a journal. It is deleted when everything is in the app.
3. What failed is written to a file that ``upload`` takes.
"""

from __future__ import annotations

import os
import shlex
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from itertools import count
from pathlib import Path
from typing import IO, Any

import click
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeRemainingColumn

from .._wire.encode import to_tree
from ..client import Client
from ..errors import ClarifaiError, ConfigurationError
from ..labels._spool import Spool
from ..labels._tally import Tally
from ..upload.journal import BESIDE, Identity, check_journal, delete_journal
from ..upload.report import UploadReport, UploadResult
from ._check import counted, show_concepts, show_summary
from ._files import Files, of_files
from ._journal import held, journal_of
from ._running import command, connect, expected_app, of_app, options_of
from ._screen import API, INTERRUPTED, OK, PROBLEMS, SOME_FAILED, Screen, line, number
from ._trouble import heard, reach


@click.command(
    epilog="Example: clarifai-annotations upload train.csv boxes.json --failures failed.jsonl",
    short_help="Store what is in files; run it again to go on.",
)
@of_app
@click.option("--dry-run", is_flag=True, help="Say what would be sent, and send nothing.")
@click.option("--fresh", is_flag=True, help="Forget what an earlier run confirmed.")
@click.option("--skip-problems", is_flag=True, help="Send what is right although there are problems in the files.")
@click.option("--journal", type=click.Path(path_type=Path, dir_okay=False), help="Where it is kept what is confirmed.")
@click.option(
    "--failures",
    type=click.Path(path_type=Path, dir_okay=False),
    help="A new file for what failed (failures.jsonl, failures-2.jsonl, ...).",
)
@click.option("--rate", type=float, help="Requests a second, at most (15).")
@click.option("--timeout", type=float, help="Seconds for a request (60).")
@click.option("--check-existing", is_flag=True, help="Ask for each annotation before it is sent.")
@of_files
@command
def upload(
    screen: Screen,
    files: Sequence[Path],
    user_id: str | None,
    app_id: str | None,
    base_url: str | None,
    dry_run: bool,
    fresh: bool,
    skip_problems: bool,
    journal: Path | None,
    failures: Path | None,
    rate: float | None,
    timeout: float | None,
    check_existing: bool,
    **given: Any,
) -> int:
    """Add what is in FILES to the app, every annotation once.

    What is in the app already stays: a label that was corrected in a file is another annotation, beside the old one.
    Turn that with flip, or delete it.

    All files are read first, and nothing is sent if there is a problem in them. What is confirmed is kept in a
    journal, so that running the same command again goes on; after everything is stored it is deleted.
    """
    taken = _taken([*files, given["concept_map"], given["classes"]], journal=journal, failures=failures)
    with ExitStack() as stack:
        client = None
        if not dry_run:
            failures = _new_file(failures, taken)
            journal = journal and check_journal(journal)
            client = stack.enter_context(connect(user_id, app_id, base_url, rate=rate, timeout=timeout))
            if not client._settings.app_id:
                raise click.UsageError("the journal of an upload is of one app: name it, with --user-id and --app-id")
        read = stack.enter_context(Files(screen, files, given, expected_app(user_id, app_id)))
        spool = None if dry_run else stack.enter_context(Spool())
        with Tally() as tally:
            counted(screen, read, tally, spool)
            if client is None:
                show_concepts(screen, tally)
            show_summary(screen, tally, read.problems, read.reading)
        if read.conflicts:
            screen.error("Nothing was sent. Nobody can tell which of two polarities is right: remove one of each pair.")
            return PROBLEMS
        if read.clashes:
            screen.error("Nothing was sent. An annotation id holds one content: nobody can tell which of two is right.")
            return PROBLEMS
        if read.problems and not skip_problems:
            screen.error("Nothing was sent. Mend the problems, or send the rest with --skip-problems.")
            return PROBLEMS
        if client is None or spool is None or failures is None:
            screen.say("Nothing was sent: this was a dry run.")
            return OK
        journal = journal or journal_of(client._settings)
        stack.enter_context(held(journal))
        reach(client)
        if fresh:
            delete_journal(journal, Identity.of(client._settings))
        screen.notice(f"journal: {journal}")
        app = options_of(user_id, app_id, base_url)
        code = _Run(screen, client, app, journal, failures, tally.annotations).run(spool, check_existing)
        return PROBLEMS if read.problems and code == OK else code


def _taken(read: Iterable[Path | None], *, journal: Path | None, failures: Path | None) -> set[str]:
    """Return the files that are read or written.

    Raises:
        click.UsageError: If one would be written that is read, or twice.
    """
    taken = {os.path.realpath(path) for path in read if path is not None}
    for option, path, endings in (("--journal", journal, ("", "-lock", *BESIDE)), ("--failures", failures, ("",))):
        if path is not None:
            written = {os.path.realpath(path) + ending for ending in endings}
            if taken & written:
                raise click.UsageError(f"{option} {path}: this file is read or written already: give a new one")
            taken |= written
    return taken


def _new_file(asked: Path | None, taken: set[str]) -> Path:
    """Return where failures go: nothing that is there is ever overwritten.

    Raises:
        click.UsageError: If the file that was asked for is there, or cannot be.
    """
    names = (Path(f"failures{'' if number == 1 else f'-{number}'}.jsonl") for number in count(1))
    path = asked or next(path for path in names if not _is_there(path) and os.path.realpath(path) not in taken)
    if _is_there(path):
        raise click.UsageError(f"--failures {path}: this file is there already, and is not overwritten")
    if not path.parent.is_dir() or not os.access(path.parent, os.W_OK):
        raise click.UsageError(f"--failures {path}: nothing can be written into {path.parent}/")
    return path


def _is_there(path: Path) -> bool:
    return os.path.lexists(path)  # a link to nowhere is


class _Run:
    """One upload, from the first request to the last word."""

    def __init__(
        self, screen: Screen, client: Client, app: Sequence[str], journal: Path, failures: Path, total: int
    ) -> None:
        self._screen, self._client, self._app, self._journal, self._total = screen, client, app, journal, total
        self._report = UploadReport()
        self._failures = _Failures(failures, self._report, screen)

    def run(self, spool: Spool, check_existing: bool) -> int:
        """Upload, and return the exit code."""
        error: ClarifaiError | None = None
        interrupted = False
        try:
            with _progress(self._screen) as progress, heard(self._screen):
                self._client.upload(
                    spool,
                    journal=self._journal,
                    check_existing=check_existing,
                    report=self._report,
                    on_result=self._failures.take,
                    on_progress=_moving(progress, self._total),
                )
        except KeyboardInterrupt:
            interrupted = True
        except ConfigurationError:
            raise
        except ClarifaiError as stopped:
            error = stopped
        finally:
            self._failures.close()
        self._say(error, is_interrupted=interrupted)
        if interrupted:
            self._screen.error("Interrupted. Run the same command again to go on: the journal has what is stored.")
            return INTERRUPTED
        if error is not None:
            return API
        if self._report.is_complete:
            delete_journal(self._journal, Identity.of(self._client._settings))
            return OK
        return SOME_FAILED

    def _say(self, error: ClarifaiError | None, *, is_interrupted: bool) -> None:
        report, screen = self._report, self._screen
        screen.object("upload", **_counts(report), failures=self._failures.written)
        screen.say(str(report).partition("\nstopped:")[0].split("\n[")[0])
        for failure in [] if is_interrupted else report.failures[:3]:
            screen.say(f"input {failure.input_id!r}: {failure.error}", "red")
        if self._failures.written:
            written = number(self._failures.written, "annotation")
            screen.say(f"{written} not stored, written to {self._failures.path}.", "yellow")
            if self._failures.written > report.conflicts:
                screen.say("To send them again:", "yellow")
                screen.say("  " + shlex.join(["clarifai-annotations", "upload", str(self._failures.path), *self._app]))
        if report.conflicts:
            screen.say(
                "In conflict: the app holds other content under the id, as after a flip. To send it again", "yellow"
            )
            screen.say("does not help: see it with list --input-id, and turn it with flip, or delete it.", "yellow")
        if report.skipped:
            screen.notice("Skipped is what an earlier run confirmed; --fresh asks for all of it again.")
        if error is not None:
            screen.error(f"It stopped: {error}")
        elif report.stopped is not None and not is_interrupted:
            screen.error(f"It stopped: {report.stopped}. Run the same command again to go on.")


class _Failures:
    """The file of what was not stored; it is made with the first of them."""

    def __init__(self, path: Path, report: UploadReport, screen: Screen) -> None:
        self.path, self._report, self._screen = path, report, screen
        self.written = 0
        self._file: IO[str] | None = None

    def take(self, result: UploadResult) -> None:
        """Write down an annotation that is not stored, and why."""
        is_left = result.outcome == "not_sent" or (result.outcome == "unknown" and self._report.stopped is not None)
        if is_left or result.outcome not in ("failed", "conflict", "unknown"):
            return  # what an upload that stopped left over is sent when the same command is run again
        if self._file is None:
            self._file = self.path.open("x", encoding="utf-8")
        why = {"outcome": result.outcome, "error": str(result.error)}
        self._file.write(line({"annotation": to_tree(result.annotation), **why}) + "\n")
        self._screen.object("failure", input_id=result.input_id, id=result.id, **why)
        self.written += 1

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            self._file.close()


def _progress(screen: Screen) -> Progress:
    return Progress(
        SpinnerColumn(),
        BarColumn(bar_width=30),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]}"),
        TimeRemainingColumn(),
        TextColumn("[red]{task.fields[failed]}"),
        console=screen.err,
        disable=not screen.is_live,
    )


def _moving(progress: Progress, total: int) -> Callable[[UploadReport], None]:
    """Return what shows a report as it grows."""
    task = progress.add_task("", total=total, rate="", failed="")
    begin = time.monotonic()

    def show(report: UploadReport) -> None:
        seconds = time.monotonic() - begin
        rate = f"{report.confirmed / seconds:,.0f}/s" if seconds > 0.5 else ""
        failed = f"{report.problems:,} failed" if report.problems else ""
        progress.update(task, completed=report.confirmed + report.problems, rate=rate, failed=failed)

    return show


def _counts(report: UploadReport) -> dict[str, Any]:
    names = (
        "taken stored already_there repeated skipped conflicts failed unknown not_sent positives negatives requests "
        "retries throttled bytes seconds stopped is_complete"
    )
    return {name: getattr(report, name) for name in names.split()}
