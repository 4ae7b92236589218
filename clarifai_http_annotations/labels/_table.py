"""CSV and TSV: a row is an input and a concept, with its polarity and perhaps a box.

Rules:

1. The first row names the columns (`_columns`). A row is an annotation of its own; rows beside one another with the
   same annotation id are one.
2. A polarity is 1 or 0, true or false, yes or no, positive or negative, present or absent. Anything else is a problem
   of that row: ``-1`` could be a negative or "nobody looked".
3. An empty polarity, or none, is what ``missing_value`` says; a number between 0 and 1 what ``threshold`` says.
4. Edges of a box are parts of the image's height and width, 0 to 1. Pixels cannot be: the size of the image is not
   in the table.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain, islice
from typing import Any

from ..models.concept import NO_VALUE
from ._columns import BOX, Columns, find_columns
from ._label import Label, Reading, Unreadable
from ._source import Source

WORDS = {
    **dict.fromkeys(("1", "1.0", "true", "t", "yes", "y", "positive", "pos", "present"), 1.0),
    **dict.fromkeys(("0", "0.0", "false", "f", "no", "n", "negative", "neg", "absent"), 0.0),
}
"""Polarities as people write them, in small letters."""

KNOWN = "1 or 0, true or false, yes or no, positive or negative, present or absent"


def read_table(
    source: Source, reading: Reading, delimiter: str | None = None, given: Mapping[str, str] | None = None
) -> Iterator[Label]:
    """Yield the annotations of a table.

    Args:
        source: The file.
        reading: How it is read.
        delimiter: What stands between columns; told from the first line if absent.
        given: Names of headers that the format has, before those that the caller names.

    Raises:
        Unreadable: If it is no table, or nobody can tell what its columns are.
    """
    rows = csv.reader(source.lines(), delimiter=delimiter or delimiter_of(source.head()), strict=True)
    try:
        header = next(rows, [])
        numbered = ((rows.line_num, row) for row in rows)
        first = list(islice(numbered, 3))
        shown = [row for _, row in first]
        columns = find_columns(header, {**(given or {}), **reading.columns}, shown)
        _say(columns, header, source, reading)
        _check_polarity(columns, header, shown, reading)
        yield from _Rows(source, reading, columns, len(header)).labels(chain(first, numbered))
    except csv.Error as error:
        raise Unreadable(f"this is no table: {error}. Is a quote missing?", source.at(rows.line_num)) from None


def delimiter_of(head: str) -> str:
    """Return what stands between the columns: what the first line has most of."""
    line = next(iter(head.splitlines()), "")
    return max(("\t", ",", ";", "|"), key=line.count)


def _say(columns: Columns, header: Sequence[str], source: Source, reading: Reading) -> None:
    told = [f"{what} = {header[at].strip()!r}" for what, at in zip(columns._fields, columns, strict=True) if at >= 0]
    reading.on_notice(f"{source.name}: columns {', '.join(told)}")


def _check_polarity(columns: Columns, header: Sequence[str], rows: Sequence[Sequence[str]], reading: Reading) -> None:
    """Refuse a table in which no column is the polarity, unless somebody said what that means."""
    if columns.value >= 0 or (columns.probability >= 0 and reading.threshold is not None):
        return
    shown = "".join(f"\n    {', '.join(row)}" for row in [header, *rows])
    if columns.probability >= 0:
        name = header[columns.probability].strip()
        raise Unreadable(
            f"the column {name!r} could be a probability or a polarity. Say --threshold LOW:HIGH (threshold=) if it is "
            f"a probability, or --column value={name} if 1 is present and 0 is absent. The first rows are:{shown}"
        )
    if reading.missing_value == "error":
        raise Unreadable(
            "no column says whether a concept is present or absent. Say --missing-value positive (or negative) if "
            f"every row does, or --column value=NAME. The first rows are:{shown}"
        )


class _Rows:
    """Makes annotations of rows."""

    def __init__(self, source: Source, reading: Reading, columns: Columns, width: int) -> None:
        self._source, self._reading, self._columns, self._width = source, reading, columns, width
        missing = {"positive": 1.0, "negative": 0.0}
        self._missing = missing.get(reading.missing_value)

    def labels(self, rows: Iterator[tuple[int, Sequence[str]]]) -> Iterator[Label]:
        """Yield annotations; rows beside one another that have the same annotation id are one."""
        at = self._columns.annotation_id
        open: Label | None = None
        for number, row in rows:
            if not row:
                continue
            try:
                annotation = self._annotation(row)
            except ValueError as error:
                self._reading.problem(self._source.at(number), str(error))
                continue
            if annotation is None:
                self._reading.between += 1
                continue
            label = Label(annotation, self._source.at(number))
            if at < 0:
                yield label
                continue
            if open is not None and _is_continued(open.annotation, annotation):
                _concepts_of(open.annotation).extend(_concepts_of(annotation))
                continue
            if open is not None:
                yield open
            open = label
        if open is not None:
            yield open

    def _annotation(self, row: Sequence[str]) -> dict[str, Any] | None:
        """Return the annotation of a row; ``None`` for one that says nothing.

        Raises:
            ValueError: If something in the row is wrong.
        """
        columns = self._columns
        if len(row) != self._width:
            raise ValueError(f"the row has {len(row)} fields, and the first line has {self._width}")
        value = self._value(row)
        if value is None:
            return None
        concept_id = row[columns.concept_id].strip() if columns.concept_id >= 0 else self._concept(row)
        if not concept_id:
            raise ValueError("the concept is empty")
        input_id = self._reading.input_of(row[columns.input].strip())
        if not input_id:
            raise ValueError("the input is empty")
        data: dict[str, Any] = {"concepts": [{"id": concept_id, "value": value}]}
        if columns.has_box and (box := self._box(row)):
            data = {"regions": [{"region_info": {"bounding_box": box}, "data": data}]}
        annotation: dict[str, Any] = {"input_id": input_id, "data": data}
        if columns.annotation_id >= 0 and (id := row[columns.annotation_id].strip()):
            annotation["id"] = id
        return annotation

    def _concept(self, row: Sequence[str]) -> str:
        name = row[self._columns.concept].strip()
        return self._reading.names.id_of(self._reading.classes.get(name, name))

    def _value(self, row: Sequence[str]) -> float | None:
        reading, columns = self._reading, self._columns
        at = columns.value if columns.value >= 0 else columns.probability
        text = row[at] if at >= 0 else ""
        value = WORDS.get(text) if columns.value >= 0 else None
        if value is not None:
            return value
        text = text.strip().lower()
        if not text:
            if self._missing is None:
                concept = row[columns.concept_id if columns.concept_id >= 0 else columns.concept]
                raise ValueError(f"concept {concept.strip()!r} {NO_VALUE}: write it, or say --missing-value")
            return self._missing
        if columns.value >= 0 and text in WORDS:
            return WORDS[text]
        return _from_probability(text, reading)

    def _box(self, row: Sequence[str]) -> dict[str, float] | None:
        texts = [row[getattr(self._columns, name)].strip() for name in BOX]
        if not any(texts):
            return None
        try:
            edges = [float(text) for text in texts]
        except ValueError:
            raise ValueError(f"the box {', '.join(texts)} is not four numbers (top, left, bottom, right)") from None
        if any(edge > 1.0 for edge in edges):
            raise ValueError(
                f"the box {', '.join(texts)} (top, left, bottom, right) is in pixels: divide by the height and "
                "width of the image, which this table does not have"
            )
        return dict(zip(("top_row", "left_col", "bottom_row", "right_col"), edges, strict=True))


def _from_probability(text: str, reading: Reading) -> float | None:
    try:
        number = float(text)
    except ValueError:
        raise ValueError(f"{text!r} is no polarity: write {KNOWN}") from None
    if number == -1.0:
        raise ValueError("-1 is no polarity: it could be a negative, or that nobody looked. Write 0 if it is absent")
    if not 0.0 <= number <= 1.0:
        raise ValueError(f"{text} is no polarity: write {KNOWN}")
    if reading.threshold is None:
        raise ValueError(
            f"{text} is a probability and no polarity: say --threshold LOW:HIGH (threshold=), from where to where "
            "it is negative and positive"
        )
    return reading.threshold.polarity(number)


def _concepts_of(annotation: dict[str, Any]) -> list[dict[str, Any]]:
    data = annotation["data"]
    found: list[dict[str, Any]] = (data["regions"][0]["data"] if "regions" in data else data)["concepts"]
    return found


def _place_of(annotation: dict[str, Any]) -> Any:
    data = annotation["data"]
    return data["regions"][0]["region_info"] if "regions" in data else None


def _is_continued(before: dict[str, Any], now: dict[str, Any]) -> bool:
    return (
        "id" in now
        and before.get("id") == now["id"]
        and before["input_id"] == now["input_id"]
        and _place_of(before) == _place_of(now)
    )
