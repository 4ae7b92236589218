"""Which column of a table is what: told from the usual names of headers, or by the caller.

Rules:

1. A name counts without case, spaces, ``_``, ``-`` and ``.``: ``ImageID``, ``image_id`` and ``image id`` are one.
2. Two columns that could be the same thing are an error that shows the first rows, unless the caller names one.
3. A probability is no polarity. A table that has one and no polarity needs a threshold; one that has both is read
   by its polarity, unless somebody names the probability, too.
4. A column whose 1 would mean "absent", and a box that is said in a way that is not read, are errors: what is not
   read would turn a label, or make one of a whole image of that of a box.
5. A column is one thing. One that is named as two is an error: the name of a class that is also the polarity says
   neither.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from ._label import Unreadable

USUAL = {
    "input": "inputid input imageid image img imgid imagename filename file imagefile filepath imagepath path url uri",
    "concept_id": "conceptid",
    "concept": "concept conceptname label labelname class classname category categoryname tag",
    "value": "value polarity present ispresent presence positive ispositive",
    "probability": "probability prob confidence score",
    "annotation_id": "annotationid",
    "top": "toprow ymin top y1",
    "left": "leftcol xmin left x1",
    "bottom": "bottomrow ymax bottom y2",
    "right": "rightcol xmax right x2",
}
"""Names of headers by what they are."""

BOX = ("top", "left", "bottom", "right")

OPPOSITE = ("absent", "isabsent", "absence", "negative", "isnegative", "missing", "ismissing", "notpresent")
"""Names of columns in which 1 would mean that a concept is absent."""

OTHER_BOXES = ({"x", "y", "width", "height"}, {"x", "y", "w", "h"}, {"xcenter", "ycenter"}, {"left", "top", "width"})
"""Names of columns of boxes that are said by a corner or the middle, and a size."""


class Columns(NamedTuple):
    """Where things are in a row, counted from 0; -1 for what the table does not have."""

    input: int
    concept_id: int
    concept: int
    value: int
    probability: int
    annotation_id: int
    top: int
    left: int
    bottom: int
    right: int

    @property
    def has_box(self) -> bool:
        """Whether the table has places in images."""
        return self.top >= 0


def show(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return the end of a sentence about a table: its first rows, each on a line, and cut if it is long."""
    return "The first rows are:" + "".join(f"\n    {', '.join(row)[:200]}" for row in [header, *rows])


def check_names(given: Mapping[str, str]) -> None:
    """Refuse names of headers that no table can have, before one is read.

    Raises:
        ValueError: If there is no such thing in a table, or a name is given to two of them.
    """
    if unknown := set(given) - set(USUAL):
        raise ValueError(
            f"a table has no {', '.join(sorted(map(str, unknown)))}; what can be named is {', '.join(USUAL)}"
        )
    things: dict[str, str] = {}
    for what, name in given.items():
        other = things.setdefault(name, what)
        if other != what:
            raise ValueError(_two_things(name, other, what))


def _two_things(name: str, one: str, other: str) -> str:
    return f"the column {name!r} cannot be both the {one} and the {other}: name another column for one of them"


def find_columns(header: Sequence[str], given: Mapping[str, str], rows: Sequence[Sequence[str]]) -> Columns:
    """Find the columns of a table.

    Args:
        header: Its first row.
        given: Names of headers by what they are, from the caller; ``value`` may name a probability.
        rows: The next few rows, to show.

    Raises:
        Unreadable: If something is missing, or is there twice.
    """
    shown = show(header, rows)
    names = [_bare(name) for name in header]
    found: dict[str, int] = {}
    for what, usual in USUAL.items():
        if what in given:
            at = [index for index, name in enumerate(header) if name.strip() == given[what]]
            if not at:
                raise Unreadable(f"there is no column {given[what]!r} for the {what}. {shown}")
        else:
            taken = {name for other, name in given.items() if other != what}
            at = [i for i, name in enumerate(names) if name in usual.split() and header[i].strip() not in taken]
        if len(at) > 1 and len({header[index].strip() for index in at}) == 1:
            raise Unreadable(f"{len(at)} columns are called {header[at[0]].strip()!r}: rename all but one. {shown}")
        if len(at) > 1:
            could = " and ".join(repr(header[index].strip()) for index in at)
            raise Unreadable(
                f"the columns {could} could each be the {what}: say which, --column {what}=NAME (columns=). {shown}"
            )
        if other := next((thing for thing, index in found.items() if index in at), None):
            raise Unreadable(f"{_two_things(header[at[0]].strip(), other, what)}. {shown}")
        found[what] = at[0] if at else -1
    columns = Columns(**found)
    if columns.input < 0 or (columns.concept < 0 and columns.concept_id < 0):
        missing = "input" if columns.input < 0 else "concept"
        raise Unreadable(
            f"no column is the {missing}. A row is one input and one concept, and the first line names the columns: "
            f"call it {missing}_id (or one of {', '.join(USUAL[missing].split())}), or say which it is with "
            f"--column {missing}=NAME (columns=). {shown}"
        )
    if columns.value >= 0 and names[columns.value] in OPPOSITE:
        raise Unreadable(
            f"in the column {header[columns.value].strip()!r} a 1 would mean absent, and 1 is read as present: turn "
            f"its values around and rename it. {shown}"
        )
    if columns.value >= 0 and "probability" in given:
        raise Unreadable(
            f"the table has a polarity ({header[columns.value].strip()!r}) and a probability "
            f"({given['probability']!r}), and one can count: take --column value={given['probability']}. {shown}"
        )
    edges = [name for name in BOX if getattr(columns, name) < 0]
    if 0 < len(edges) < len(BOX):
        raise Unreadable(f"the table has edges of a box, but no {', '.join(edges)}. {shown}")
    if edges and (any(set(names) >= other for other in OTHER_BOXES) or any(name.startswith("bbox") for name in names)):
        raise Unreadable(
            "the table has boxes that are not said by their edges: make columns top_row, left_col, bottom_row and "
            f"right_col of them, in parts of the image from 0 to 1, or remove them. {shown}"
        )
    return columns


def _bare(name: str) -> str:
    return re.sub(r"[\s_.-]+", "", name).lower()
