"""What the command prints: for people, or with ``--json`` one object a line.

Rules:

1. Results go to standard output; progress, notices and errors to standard error.
2. Nothing moves unless standard error is a terminal. A table is never cut to the width of a pipe.
3. An object has a ``type``; what it has beside that does not change its meaning in a version to come.
"""

from __future__ import annotations

import io
import json
import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal, TextIO

from rich.console import Console
from rich.markup import escape
from rich.table import Table

OK, PROBLEMS, USAGE, SOME_FAILED, API, INTERRUPTED = 0, 1, 2, 3, 4, 130

SHOWN = 20
"""Problems that are shown to people; all are counted, and ``--json`` has them all."""

WIDE = 140

LONGEST = 44
"""Letters of a cell; the rest becomes an ellipsis, and ``--json`` has it whole."""


def line(said: dict[str, Any]) -> str:
    """Return an object as a line."""
    return json.dumps(said, ensure_ascii=False, default=str)


def number(count: int, noun: str) -> str:
    """Return how many there are of something: ``1 input``, ``2,000 inputs``."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def levels(input_level: int, without_labels: int, fields_left_out: Mapping[str, int]) -> list[str]:
    """Return what there is to say of annotations that came with their inputs, and of fields that are not known."""
    without = f", {without_labels:,} of them without labels and skipped" if without_labels else ""
    fields = ", ".join(f"{name} ({count:,})" for name, count in sorted(fields_left_out.items()))
    said = [f"{number(input_level, 'input-level annotation')}{without}"] if input_level else []
    return said + ([f"fields left out: {fields}"] if fields else [])


def _width(stream: TextIO) -> int | None:
    """Return the letters of a line: those of the terminal, or what the environment says, or plenty."""
    said = os.environ.get("COLUMNS", "")
    return None if stream.isatty() else int(said) if said.isdigit() and int(said) else WIDE


class Screen:
    """Where a command prints.

    Args:
        as_json: Whether it prints objects.
    """

    def __init__(self, as_json: bool) -> None:
        self.as_json = as_json
        for stream in (sys.stdout, sys.stderr):
            if isinstance(stream, io.TextIOWrapper):  # a terminal that has no such letter shows its number
                stream.reconfigure(errors="backslashreplace")
        self.out = Console(highlight=False, width=_width(sys.stdout))
        self.err = Console(stderr=True, highlight=False, width=_width(sys.stderr))

    @property
    def is_live(self) -> bool:
        """Whether there is somebody to see something move."""
        return not self.as_json and self.err.is_terminal

    def object(self, type: str, **said: Any) -> None:
        """Print an object, if objects are wanted."""
        if self.as_json:
            print(line({"type": type, **said}), flush=True)

    def say(self, text: str, style: str | None = None) -> None:
        """Print a line of a result to people."""
        if not self.as_json:
            self.out.print(escape(text), style=style, soft_wrap=True)

    def notice(self, text: str) -> None:
        """Say something about how a thing is done."""
        self.object("notice", text=text)
        if not self.as_json:
            self.err.print(escape(text), style="dim", soft_wrap=True)

    def error(self, text: str) -> None:
        """Say what is wrong."""
        self.object("error", message=text)
        if not self.as_json:
            self.err.print(escape(text), style="red", soft_wrap=True)

    def table(self, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
        """Print a table; all columns but the first are numbers, and a last one without a name is a bar."""
        if self.as_json:
            return
        table = Table(box=None, pad_edge=False, header_style="bold")
        for index, name in enumerate(columns):
            is_number = index > 0 and name != ""
            justify: Literal["left", "right"] = "right" if is_number else "left"
            table.add_column(
                name, justify=justify, no_wrap=True, min_width=len(name) if is_number else None, max_width=LONGEST
            )
        for row in rows:
            table.add_row(*(cell if name == "" else escape(cell) for name, cell in zip(columns, row, strict=True)))
        self.out.print(table)
