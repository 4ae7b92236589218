"""``export``: what is in the app, as a file that ``upload`` takes."""

from __future__ import annotations

import csv
import gzip
import io
import itertools
import os
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

import click

from ..errors import InvalidRequestError
from ..labels._write import HEADER, csv_rows, json_line, writable
from ..models.annotation import Annotation
from ._running import command, connect, of_app, of_inputs
from ._screen import OK, PROBLEMS, SHOWN, Screen, levels, number


@click.command(
    epilog="Example: clarifai-annotations export -o labels.jsonl",
    short_help="Write what is in the app to a file.",
)
@of_app
@click.option("-o", "--output", type=click.Path(path_type=Path, dir_okay=False), help="The file; otherwise the output.")
@click.option("--format", type=click.Choice(["jsonl", "csv"]), help="By the name of the file, otherwise jsonl.")
@of_inputs
@command
def export(screen: Screen, output: Path | None, format: str | None, input_ids: Sequence[str], **app: Any) -> int:
    """Write the annotations of the app to a file, every polarity as it is, so that upload or check can read them.

    JSON Lines hold everything but who wrote it and when; CSV holds concepts of inputs and boxes, and what it cannot
    hold is named and left out.
    An input-level annotation, which came with its input, is written with its labels, and skipped if it has none.
    With --output, the file is there when all of it is; one that ends in .gz is packed.
    """
    if screen.as_json and output is None:
        raise click.UsageError("--json says what was written, so it needs --output FILE")
    format = format or ("csv" if output is not None and ".csv" in output.suffixes[-2:] else "jsonl")
    if output is None and isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(encoding="utf-8")
    counts = _Counts()
    with ExitStack() as stack:
        client = stack.enter_context(connect(**app))
        file = sys.stdout if output is None else stack.enter_context(_opened(output))
        write = _writer(file, format)
        for annotation in client.list(input_ids=input_ids or None, per_page=1000):
            counts.input_level += annotation.input_level is True
            try:
                tree, fields = writable(annotation, as_csv=format == "csv")
                if tree is not None:
                    write(tree)
            except InvalidRequestError as error:
                counts.left_out += 1
                _say(screen, counts, annotation, str(error))
                continue
            counts.annotations += tree is not None
            counts.without_labels += tree is None
            counts.fields_left_out.update(fields)
            if fields and not annotation.input_level:
                counts.in_part += 1
                _say(
                    screen,
                    counts,
                    annotation,
                    f"{annotation.id!r} of input {annotation.input_id!r} was written "
                    f"without {', '.join(fields)}, which this version does not know.",
                )
    screen.object("export", **vars(counts), file=str(output))
    if output is not None or counts.problems:
        screen.notice(str(counts))
    return PROBLEMS if counts.problems else OK


@dataclass
class _Counts:
    """What an export did.

    Attributes:
        annotations: How many were written.
        left_out: How many could not be.
        in_part: How many were written without something that this version does not know.
        input_level: How many had come with their inputs.
        without_labels: How many of those hold no label: they are skipped.
        fields_left_out: How often a field was not written.
    """

    annotations: int = 0
    left_out: int = 0
    in_part: int = 0
    input_level: int = 0
    without_labels: int = 0
    fields_left_out: Counter[str] = field(default_factory=Counter)

    @property
    def problems(self) -> int:
        """How many are not in the file as they are in the app."""
        return self.left_out + self.in_part

    def __str__(self) -> str:
        said = [f"{number(self.annotations, 'annotation')} written"]
        said += [f"{self.in_part:,} of them in part"] if self.in_part else []
        said += [f"{self.left_out:,} left out"] if self.left_out else []
        return "; ".join([", ".join(said), *levels(self.input_level, self.without_labels, self.fields_left_out)])


def _say(screen: Screen, counts: _Counts, annotation: Annotation, message: str) -> None:
    """Say what is not in the file; of many, to people the first ones alone."""
    screen.object("problem", place=f"annotation {annotation.id}", message=message)
    if counts.problems <= SHOWN and not screen.as_json:
        screen.error(message)


def _writer(file: IO[str], format: str) -> Callable[[dict[str, Any]], object]:
    if format == "jsonl":
        return lambda tree: file.write(json_line(tree))
    rows = csv.writer(file)
    rows.writerow(HEADER)
    return lambda tree: rows.writerows(csv_rows(tree))


@contextmanager
def _opened(path: Path) -> Iterator[IO[str]]:
    """Open a file beside another, which it replaces if all went well; what is no regular file is written into."""
    if path.exists() and not path.is_file():
        with path.open("w", encoding="utf-8", newline="") as file:
            yield file
        return
    path = path.resolve()  # a link is written through
    names = (path.with_name(f"{path.name}.part{'' if number == 1 else number}") for number in itertools.count(1))
    part = next(name for name in names if not os.path.lexists(name))  # one that is there is somebody's
    with _text(part, packed=path.suffix == ".gz") as file:
        try:
            yield file
            file.close()
            os.replace(part, path)  # noqa: PTH105 # it is what replaces a file everywhere
        finally:
            file.close()  # Windows removes no file that is open
            part.unlink(missing_ok=True)


def _text(path: Path, *, packed: bool) -> IO[str]:
    if packed:
        return gzip.open(path, "xt", encoding="utf-8", newline="")
    return path.open("x", encoding="utf-8", newline="")
