"""CSV and TSV: a row is an input and a concept, with its polarity and perhaps a box.

Rules:

1. The first row names the columns (`_columns`). A row is an annotation of its own; rows beside one another with the
   same annotation id are one.
2. A polarity is 1 or 0, true or false, yes or no, positive or negative, present or absent. Anything else is a problem
   of that row: ``-1`` could be a negative or "nobody looked".
3. An empty polarity, or none, is what ``missing_value`` says; a number between 0 and 1 what ``threshold`` says.
4. Edges of a box are parts of the image's height and width, 0 to 1. Pixels cannot be: the size of the image is not
   in the table.
5. The place of a row is its first line, also where a quoted field has more of them.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain, islice
from typing import Any

from ..models.concept import NO_VALUE
from ._columns import BOX, Columns, find_columns, show
from ._label import Label, Reading, Unreadable, claim_input
from ._source import Source

WORDS = {
    **dict.fromkeys(("1", "1.0", "true", "t", "yes", "y", "positive", "pos", "present"), 1.0),
    **dict.fromkeys(("0", "0.0", "false", "f", "no", "n", "negative", "neg", "absent"), 0.0),
}
"""Polarities as people write them, in small letters."""

KNOWN = "1 or 0, true or false, yes or no, positive or negative, present or absent"


EDGES = ("top_row", "left_col", "bottom_row", "right_col")
"""The API's names of the edges of a box."""

_ZEROS = re.compile(r"^([01])\.0*$")


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
    rows = _numbered(source, delimiter or delimiter_of(source.first_lines(1)[0]))
    _, header = next(rows, (1, []))
    first, broken = _first(rows)
    shown = [row for _, row in first]
    columns = find_columns(header, {**(given or {}), **reading.columns}, shown)
    _say(columns, header, source, reading)
    _check_polarity(columns, header, shown, reading)
    yield from _Rows(source, reading, columns, len(header)).labels(chain(first, rows))
    if broken is not None:
        raise broken


def _numbered(source: Source, delimiter: str) -> Iterator[tuple[int, Sequence[str]]]:
    """Yield the rows that are not blank, each with the number of its first line.

    Raises:
        Unreadable: If a row is none.
    """
    rows = csv.reader(source.lines(), delimiter=delimiter, strict=True)
    while True:
        number = rows.line_num + 1
        try:
            row = next(rows, None)
        except csv.Error as error:
            why = f"this is no row of a table: {error}. Is a quote missing, or one too many?"
            if "new-line character" in str(error):
                why = "a line ends as on an old Mac, with a carriage return alone: save it with ends of Unix or Windows"
            raise Unreadable(why, source.at(number)) from None
        if row is None:
            return
        if len(row) > 1 or any(field.strip() for field in row):
            yield number, row


def _first(rows: Iterator[tuple[int, Sequence[str]]]) -> tuple[list[tuple[int, Sequence[str]]], Unreadable | None]:
    """Return the first rows, to show, and what ended them; the labels before that are read all the same."""
    first: list[tuple[int, Sequence[str]]] = []
    try:
        first.extend(islice(rows, 3))
    except Unreadable as error:
        return first, error
    return first, None


def delimiter_of(line: str) -> str:
    """Return what stands between the columns: what the first line has most of."""
    return max(("\t", ",", ";", "|"), key=line.count)


def _say(columns: Columns, header: Sequence[str], source: Source, reading: Reading) -> None:
    used = {what: at for what, at in zip(columns._fields, columns, strict=True) if at >= 0}
    if columns.value >= 0:
        used.pop("probability", None)
    told = ", ".join(f"{what} = {header[at].strip()!r}" for what, at in used.items())
    others = [repr(name.strip()) for index, name in enumerate(header) if index not in used.values()]
    reading.on_notice(f"{source.name}: columns {told}" + (f"; not used: {', '.join(others)}" if others else ""))


def _check_polarity(columns: Columns, header: Sequence[str], rows: Sequence[Sequence[str]], reading: Reading) -> None:
    """Refuse a table in which no column is the polarity, unless somebody said what that means."""
    if columns.value >= 0 or (columns.probability >= 0 and reading.threshold is not None):
        return
    shown = show(header, rows)
    if columns.probability >= 0:
        name = header[columns.probability].strip()
        raise Unreadable(
            f"the column {name!r} could be a probability or a polarity. Say --threshold LOW:HIGH (threshold=) if it is "
            f"a probability, or --column value={name} if 1 is present and 0 is absent. {shown}"
        )
    if reading.missing_value == "error":
        raise Unreadable(
            "no column says whether a concept is present or absent. Say --missing-value positive (or negative) if "
            f"every row does, or --column value=NAME. {shown}"
        )


class _Rows:
    """Makes annotations of rows."""

    def __init__(self, source: Source, reading: Reading, columns: Columns, width: int) -> None:
        self._source, self._reading, self._columns, self._width = source, reading, columns, width
        missing = {"positive": 1.0, "negative": 0.0}
        self._missing = missing.get(reading.missing_value)
        self._inputs: dict[str, str] = {}  # empty unless names are shortened, which may make one of two

    def labels(self, rows: Iterator[tuple[int, Sequence[str]]]) -> Iterator[Label]:
        """Yield annotations; rows beside one another that have the same annotation id are one."""
        at = self._columns.annotation_id
        open: Label | None = None
        for number, row in rows:
            place = self._source.at(number)
            try:
                annotation = self._annotation(row)
                is_continued = open is not None and annotation is not None and _is_continued(open, annotation)
            except ValueError as error:
                self._reading.problem(place, str(error))
                continue
            if annotation is None:
                self._reading.between += 1
                continue
            label = Label(annotation, place)
            if at < 0:
                yield label
                continue
            if open is not None and is_continued:
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
        input_id = self._input(row[columns.input].strip())
        data: dict[str, Any] = {"concepts": [{"id": concept_id, "value": value}]}
        if columns.has_box and (box := self._box(row)):
            data = {"regions": [{"region_info": {"bounding_box": box}, "data": data}]}
        annotation: dict[str, Any] = {"input_id": input_id, "data": data}
        if columns.annotation_id >= 0 and (id := row[columns.annotation_id].strip()):
            annotation["id"] = id
        return annotation

    def _input(self, name: str) -> str:
        input_id = self._reading.input_of(name)
        if not input_id:
            raise ValueError("the input is empty")
        if self._reading.input_id != "id":
            claim_input(self._inputs, input_id, name)
        return input_id

    def _concept(self, row: Sequence[str]) -> str:
        name = row[self._columns.concept].strip()
        if "\n" in name:
            raise ValueError(f"the concept {name[:60]!r} has a line break in its name: is a quote missing?")
        called = self._reading.classes.get(name)
        return self._reading.names.id_of(name) if called is None else self._reading.names.id_of(called, name)

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
        if columns.value >= 0:
            text = _ZEROS.sub(r"\1", text)
            if text in WORDS:
                return WORDS[text]
        return _from_probability(text, reading)

    def _box(self, row: Sequence[str]) -> dict[str, float] | None:
        texts = [row[getattr(self._columns, name)].strip() for name in BOX]
        if not any(texts):
            return None
        box = f"the box {', '.join(texts)} (top, left, bottom, right)"
        try:
            edges = [float(text) for text in texts]
        except ValueError:
            raise ValueError(f"{box} is not four numbers") from None
        if any(edge > 1.0 for edge in edges):
            raise ValueError(
                f"{box} is not within 0 and 1: pixels have to be divided by the height and width of the image, which "
                "this table does not have"
            )
        found = dict(zip(EDGES, edges, strict=True))
        if not has_area(found):
            raise ValueError(
                f"{box} has no area: its edges are numbers from 0 to 1, top before bottom, left before right"
            )
        return found


def has_area(box: dict[str, Any]) -> bool:
    """Tell whether a box is one that the API takes."""
    if box.keys() != set(EDGES):
        return False
    top, left, bottom, right = edges = [box[name] for name in EDGES]
    if not all(type(edge) in (int, float) for edge in edges):
        return False
    return bool(0.0 <= top < bottom <= 1.0 and 0.0 <= left < right <= 1.0)


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


def _is_continued(before: Label, now: dict[str, Any]) -> bool:
    """Tell whether a row goes on with the annotation of the rows before it.

    Raises:
        ValueError: If it says the opposite of one of them.
    """
    then = before.annotation
    if "id" not in now or then.get("id") != now["id"] or then["input_id"] != now["input_id"]:
        return False
    if _place_of(then) != _place_of(now):
        return False
    [said] = _concepts_of(now)
    if any(concept["id"] == said["id"] and concept["value"] != said["value"] for concept in _concepts_of(then)):
        raise ValueError(
            f"concept {said['id']!r} is both present and absent in annotation {now['id']!r}, which begins in "
            f"{before.place}: take one of the two out"
        )
    return True
