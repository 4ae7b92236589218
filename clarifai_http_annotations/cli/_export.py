"""``export``: what is in the app, as a file that ``upload`` takes."""

from __future__ import annotations

import csv
import gzip
import io
import itertools
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO, Any

import click

from ..errors import InvalidRequestError
from ..labels._write import HEADER, csv_rows, json_line
from ..models.annotation import Annotation
from ._running import command, connect, of_app, of_inputs
from ._screen import OK, PROBLEMS, SHOWN, Screen, number


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

    JSON Lines hold everything; CSV holds concepts of inputs and boxes, and what it cannot hold is named and left out.
    With --output, the file is there when all of it is; one that ends in .gz is packed.
    """
    if screen.as_json and output is None:
        raise click.UsageError("--json says what was written, so it needs --output FILE")
    format = format or ("csv" if output is not None and ".csv" in output.suffixes[-2:] else "jsonl")
    if output is None and isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(encoding="utf-8")
    count = left_out = 0
    with ExitStack() as stack:
        client = stack.enter_context(connect(**app))
        file = sys.stdout if output is None else stack.enter_context(_opened(output))
        write = _writer(file, format)
        for annotation in client.list(input_ids=input_ids or None, per_page=1000):
            try:
                write(annotation)
                count += 1
            except InvalidRequestError as error:
                left_out += 1
                screen.object("problem", place=f"annotation {annotation.id}", message=str(error))
                if left_out <= SHOWN and not screen.as_json:
                    screen.error(str(error))
    screen.object("export", annotations=count, left_out=left_out, file=str(output))
    if output is not None or left_out:
        screen.notice(f"{number(count, 'annotation')} written{f', {left_out:,} left out' if left_out else ''}")
    return PROBLEMS if left_out else OK


def _writer(file: IO[str], format: str) -> Callable[[Annotation], object]:
    if format == "jsonl":
        return lambda annotation: file.write(json_line(annotation))
    rows = csv.writer(file)
    rows.writerow(HEADER)
    return lambda annotation: rows.writerows(csv_rows(annotation))


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
