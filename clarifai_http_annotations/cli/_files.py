"""The options that say how files are read, and what is in them: counted, and with every problem."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Self, TypeVar, get_args

import click

from .._wire.bodies import ExpectedApp
from .._wire.guard import guard
from .._wire.rows import prepare_row
from ..elsewhere import MissingValue
from ..errors import InvalidRequestError
from ..labels._columns import USUAL, check_names
from ..labels._label import InputId, Label, Problem, Reading, Shape, Threshold
from ..labels._names import Names, concept_name, read_concept_map
from ..labels._open_images import read_classes
from ..labels._read import Format, read_sources
from ..labels._source import Source
from ..labels._spool import Spool
from ..labels._tally import Tally
from ._screen import SHOWN, Screen, number

Command = TypeVar("Command", bound=Callable[..., Any])

EVERY = 1000
"""Annotations after which the screen moves."""


def of_files(function: Command, *, required: bool = True) -> Command:
    """Add the files and the options that say how they are read."""
    path = click.Path(path_type=Path, dir_okay=False)
    existing = click.Path(path_type=Path, allow_dash=True, exists=True)
    for option in (
        click.option("--concept-map", type=path, help="Ids by name: a JSON object, or lines of name,id."),
        click.option("--classes", type=path, help="Class descriptions of Open Images: lines of code,name."),
        click.option("--shape", type=click.Choice(get_args(Shape)), default="box", help="What is taken of COCO (box)."),
        click.option(
            "--input-id",
            type=click.Choice(get_args(InputId)),
            default="id",
            help="Which name of an image is its input's id: its id, its file name, or that without the ending (id).",
        ),
        click.option(
            "--column", multiple=True, metavar="WHAT=NAME", help="A column of a table: --column concept=species."
        ),
        click.option(
            "--threshold", metavar="LOW:HIGH", help="Of probabilities, up to LOW is negative, from HIGH positive."
        ),
        click.option(
            "--missing-value",
            type=click.Choice(get_args(MissingValue)),
            default="error",
            help="What a concept without a polarity is (error).",
        ),
        click.option("--format", type=click.Choice(get_args(Format)), help="Otherwise told from the content."),
        click.argument("files", nargs=-1, required=required, type=existing),
    ):
        function = option(function)
    return function


class Files:
    """The files that a command is given. It may hold a copy of the standard input: use it as a context manager.

    Args:
        screen: Where it says how it reads them.
        files: Their paths; ``-`` is the standard input.
        given: The options of `of_files`.
        app: The app that they are meant for.
    """

    def __init__(self, screen: Screen, files: Sequence[Path], given: dict[str, Any], app: ExpectedApp) -> None:
        self._screen, self._given, self._app, self._stack = screen, given, app, ExitStack()
        self._columns, self._threshold, self._classes, self._concept_map = _parsed(given)
        self._sources = [self._source(path) for path in files]
        self.problems = self.conflicts = self.clashes = 0
        self.reading = self._reading()  # it counts what was left out

    def _source(self, path: Path) -> Source:
        if str(path) != "-":
            return Source(path)
        # closed before it is read: Windows opens no file that is open already
        copy = Path(self._stack.enter_context(tempfile.TemporaryDirectory())) / "standard-input"
        with copy.open("wb") as file:
            while piece := sys.stdin.buffer.read(1 << 20):
                file.write(piece)
        return Source(copy, "standard input")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def labels(self) -> Iterator[Label]:
        """Yield what is in the files, and say every problem."""
        reading = self.reading
        yield from read_sources(self._sources, reading, self._given["format"])
        if reading.between:
            low, high = self._given["threshold"].split(":")
            self._screen.notice(
                f"{number(reading.between, 'row')} between {low} and {high}: left out, as nothing is said"
            )

    def count(self, tally: Tally, on_progress: Callable[[int], object], spool: Spool | None = None) -> None:
        """Read all files, count what they say, and say what is wrong; what is right goes into the spool."""
        for number_read, label in enumerate(self.labels(), 1):
            if number_read % EVERY == 0:
                on_progress(number_read)
            try:
                row = prepare_row(label.annotation, "it")
                if not row.is_plain:  # the guard would keep it from leaving
                    guard({"annotations": [row.tree]})
            except InvalidRequestError as error:
                for problem in error.problems:
                    self.problem(Problem(label.place, problem.removeprefix("it").lstrip(".: ")))
                continue
            tally.add(row.tree, label.place, row.digest)
            if spool is not None:
                if row.derived:  # from its content, again when it is sent
                    del row.tree["id"]
                spool.add(row.tree, row.size)
        for clash in tally.clashes():
            self.clashes += 1
            self.problem(
                Problem(
                    clash.other,
                    f"the annotation {clash.annotation_id!r} of input {clash.input_id!r} says something else here than "
                    f"in {clash.place}, and an id holds one content. Rows of one annotation have to be beside one "
                    "another in a table: sort it by input and annotation id, or give one of the two another id",
                )
            )
        for conflict in tally.conflicts():
            self.conflicts += 1
            self.problem(
                Problem(
                    conflict.negative,
                    f"concept {conflict.concept_id!r} is absent from input {conflict.input_id!r} here, "
                    f"and present in {conflict.positive}: one of them is wrong",
                )
            )

    def problem(self, problem: Problem) -> None:
        """Say what is wrong in a file, and count it."""
        self.problems += 1
        self._screen.object("problem", place=problem.place, message=problem.message)
        if not self._screen.as_json and self.problems <= SHOWN:
            self._screen.say(str(problem), "red")

    def say_more(self) -> None:
        """Say how many problems were not shown."""
        if self.problems > SHOWN:
            self._screen.say(f"... and {self.problems - SHOWN:,} more problems (--json prints all)", "red")

    def _reading(self) -> Reading:
        given = self._given
        return Reading(
            missing_value=given["missing_value"],
            threshold=self._threshold,
            columns=self._columns,
            input_id=given["input_id"],
            shape=given["shape"],
            classes=self._classes,
            names=Names(self._concept_map),
            app=self._app,
            on_problem=self.problem,
            on_notice=self._screen.notice,
        )


def _parsed(given: dict[str, Any]) -> tuple[dict[str, str], Threshold | None, dict[str, str], dict[str, str]]:
    """Return the columns, the threshold, the classes and the concept map that options say, before a file is read.

    Raises:
        click.UsageError: If one of them cannot be read.
    """
    try:
        return (
            _columns(given["column"]),
            None if given["threshold"] is None else Threshold.parse(given["threshold"]),
            _read_file(given["classes"], "--classes", read_classes),
            _read_file(given["concept_map"], "--concept-map", read_concept_map),
        )
    except ValueError as error:
        raise click.UsageError(str(error)) from None


def named(concept_id: str) -> str:
    """Return how a concept is shown: its id, and the name that it was made of if that is another."""
    name = concept_name(concept_id)
    return concept_id if name == concept_id else f"{concept_id} ({name})"


def _columns(texts: Sequence[str]) -> dict[str, str]:
    columns: dict[str, str] = {}
    for text in texts:
        what, equals, name = text.partition("=")
        if not equals or not name or what not in USUAL:
            raise ValueError(f"--column is WHAT=NAME, where WHAT is one of {', '.join(USUAL)}, and not {text!r}")
        if columns.setdefault(what, name) != name:
            raise ValueError(f"--column {what} is given twice, as {columns[what]!r} and {name!r}: which one counts?")
    try:
        check_names(columns)
    except ValueError as error:
        raise ValueError(f"--column: {error}") from None
    return columns


def _read_file(path: Path | None, option: str, read: Callable[[Path], dict[str, str]]) -> dict[str, str]:
    if path is None:
        return {}
    try:
        return read(path)
    except OSError as error:
        raise ValueError(f"{option} {path}: {error.strerror}") from None
    except ValueError as error:
        raise ValueError(f"{option} {path}: {error}") from None
