"""Open Images: human labels of images, and boxes (storage.googleapis.com/openimages, CSV files).

Rules:

1. ``Confidence`` of a person's label is 1 for what is present and 0 for what was looked for and is absent. A
   number between, as machines give, is a probability, and needs a threshold.
2. A box is of something present. Its edges are parts of the width (X) and the height (Y).
3. ``LabelName`` is a code such as ``/m/011k07``; the file of class descriptions gives it a name.
"""

from __future__ import annotations

import csv
import os
from collections.abc import Iterator
from pathlib import Path

from ._label import Label, Reading, Unreadable
from ._source import Source
from ._table import delimiter_of, read_table

COLUMNS = {"input": "ImageID", "concept": "LabelName", "value": "Confidence"}
BOX = {"top": "YMin", "left": "XMin", "bottom": "YMax", "right": "XMax"}


def header_of(source: Source) -> list[str]:
    """Return the names of the columns of a table."""
    [line] = source.first_lines(1)
    try:
        return [name.strip() for name in next(csv.reader([line], delimiter=delimiter_of(line)))]
    except csv.Error:  # the reader of the table says where
        return []


def is_open_images(header: list[str]) -> bool:
    """Tell a table of Open Images by its header."""
    return {"ImageID", "LabelName", "Confidence"} <= set(header)


def read_open_images(source: Source, reading: Reading) -> Iterator[Label]:
    """Yield the labels or boxes of a file of Open Images.

    Raises:
        Unreadable: If it is another table.
    """
    header = header_of(source)
    if not is_open_images(header):
        raise Unreadable(
            f"a file of Open Images has ImageID, LabelName and Confidence, and this one {', '.join(header)[:200]}: "
            "leave --format (format=) out, and the format is told from the content"
        )
    columns = {**COLUMNS, **(BOX if "XMin" in header else {})}
    yield from read_table(source, reading, ",", columns)


def read_classes(path: str | os.PathLike[str]) -> dict[str, str]:
    """Read class descriptions: lines of ``/m/011k07,Tortoise``; a header is left out.

    Raises:
        ValueError: If a line has not two fields, or gives a code another name.
    """
    classes: dict[str, str] = {}
    with Path(path).open(encoding="utf-8-sig", newline="") as file:
        rows = csv.reader(file)
        try:
            for row in rows:
                if not row:
                    continue
                if len(row) != 2:
                    raise ValueError(f"line {rows.line_num} is not a code and a name: {','.join(row)[:80]!r}")
                code, name = row[0].strip(), row[1].strip()
                if rows.line_num == 1 and not code.startswith("/"):
                    continue  # a header
                if classes.setdefault(code, name) != name:
                    raise ValueError(f"line {rows.line_num} gives {code!r} a second name beside {classes[code]!r}")
        except csv.Error as error:
            raise ValueError(f"line {rows.line_num} is not a code and a name: {error}") from None
    return classes
