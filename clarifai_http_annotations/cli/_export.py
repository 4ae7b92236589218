"""``export``: what is in the app, as a file that ``upload`` takes."""

from __future__ import annotations

import csv
import os
import sys
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import IO, Any

import click

from ..errors import InvalidRequestError
from ..labels._write import HEADER, csv_rows, json_line
from ..models.annotation import Annotation
from ._running import command, connect, of_app
from ._screen import OK, PROBLEMS, SHOWN, Screen, number


@click.command(
    epilog="Example: clarifai-annotations export -o labels.jsonl",
    short_help="Write what is in the app to a file.",
)
@of_app
@click.option("-o", "--output", type=click.Path(path_type=Path, dir_okay=False), help="The file; otherwise the output.")
@click.option("--format", type=click.Choice(["jsonl", "csv"]), help="By the name of the file, otherwise jsonl.")
@click.option(
    "--input-id", "input_ids", metavar="INPUT", multiple=True, help="Of this input alone; repeat it for several."
)
@command
def export(screen: Screen, output: Path | None, format: str | None, input_ids: Sequence[str], **app: Any) -> int:
    """Write the annotations of the app to a file, every polarity as it is, so that upload or check can read them.

    JSON Lines hold everything; CSV holds concepts of inputs and boxes, and what it cannot hold is named and left out.
    With --output, the file is there when all of it is.
    """
    if screen.as_json and output is None:
        raise click.UsageError("--json says what was written, so it needs --output FILE")
    format = format or ("csv" if output is not None and output.suffix == ".csv" else "jsonl")
    count = left_out = 0
    with ExitStack() as stack:
        client = stack.enter_context(connect(**app))
        file = sys.stdout if output is None else stack.enter_context(_replacing(output))
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


class _replacing:  # used like a function
    """Opens a file beside another, which it replaces if all went well."""

    def __init__(self, path: Path) -> None:
        self._path, self._part = path, path.with_name(f"{path.name}.part")

    def __enter__(self) -> IO[str]:
        self._file = self._part.open("w", encoding="utf-8", newline="")
        return self._file

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self._file.close()
        if kind is None:
            os.replace(self._part, self._path)  # noqa: PTH105 # it is what replaces a file everywhere
        else:
            self._part.unlink(missing_ok=True)
