"""From annotations to files that can be read again: JSON Lines, which hold everything, and CSV."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping
from typing import IO, Any

from .._wire.encode import to_tree
from .._wire.guard import encode_body
from ..errors import InvalidRequestError
from ..models.annotation import Annotation
from ._table import EDGES, has_area

HEADER = ("input_id", "annotation_id", "concept_id", "value", *EDGES)

NOT_IN_CSV = "which CSV has no columns for: write JSON Lines"


def json_line(annotation: Annotation | Mapping[str, Any]) -> str:
    """Return an annotation as a line of JSON, with the ``value`` of every concept, and without what only answers have.

    Raises:
        InvalidRequestError: If it has no JSON, or a concept in it no polarity.
    """
    return _guarded(to_tree(annotation)).decode() + "\n"


def csv_rows(annotation: Annotation | Mapping[str, Any]) -> list[list[str]]:
    """Return an annotation as rows of CSV under `HEADER`, one for each of its concepts.

    The id of a region, which the server makes, and names of concepts are left out.

    Raises:
        InvalidRequestError: If it holds more than concepts, of the whole input or of a box.
    """
    tree = to_tree(annotation)
    _guarded(tree)  # no row without its polarity
    who = f"The annotation {tree.get('id', '')!r} of input {tree.get('input_id')!r}"
    data, box = _flat(tree.get("data") or {})
    concepts = data.get("concepts")
    if not tree.keys() <= {"id", "input_id", "data"} or data.keys() != {"concepts"} or not concepts:
        raise InvalidRequestError(f"{who} holds more than concepts of an input or a box, {NOT_IN_CSV}.")
    names = [tree.get("input_id", ""), tree.get("id", "")]
    if len(concepts) > 1 and not names[1]:
        raise InvalidRequestError(
            f"{who} has {len(concepts)} concepts and no id to keep their rows together: give it one."
        )
    for concept in concepts:
        if concept.keys() - {"name"} != {"id", "value"}:
            raise InvalidRequestError(f"{who} has a concept with {', '.join(sorted(concept))}, {NOT_IN_CSV}.")
        if concept["value"] not in (0.0, 1.0):
            raise InvalidRequestError(
                f"{who} has the value {concept['value']} for concept {concept['id']!r}, and a row says 1 or 0: "
                "write JSON Lines."
            )
    for id in (names[0], *(concept["id"] for concept in concepts), names[1] or "-"):
        if not id or id != id.strip() or "\0" in id or "\r" in id:
            raise InvalidRequestError(
                f"{who} has the id {id!r}, which is not the same when CSV is read: write JSON Lines."
            )
    return [[*names, concept["id"], str(int(concept["value"])), *box] for concept in concepts]


def _flat(data: dict[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """Return what is in a box, and its edges; of all else what is given, and none."""
    match data:
        case {"regions": [{"region_info": {"bounding_box": dict(edges), **others}, "data": dict(inner), **more}]}:
            if len(data) == 1 and not others and more.keys() <= {"id"} and has_area(edges):
                return inner, [repr(edges[name]) for name in EDGES]
    return data, [""] * len(EDGES)


def _guarded(tree: Any) -> bytes:
    try:
        return encode_body(tree, fractional_values=True)
    except InvalidRequestError as error:
        text = error.message.replace("Nothing was sent", "This cannot be written", 1)
        raise type(error)(text, hint=error.hint, problems=error.problems) from None


def write_json_lines(file: IO[str], annotations: Iterable[Annotation | Mapping[str, Any]]) -> int:
    """Write annotations as JSON Lines; return how many.

    Args:
        file: A text file, opened with ``encoding="utf-8"``.
        annotations: The annotations.

    Raises:
        InvalidRequestError: If one cannot be written.
    """
    count = 0
    for annotation in annotations:
        file.write(json_line(annotation))
        count += 1
    return count


def write_csv(file: IO[str], annotations: Iterable[Annotation | Mapping[str, Any]]) -> int:
    """Write annotations as CSV; return how many.

    Args:
        file: A text file, opened with ``encoding="utf-8", newline=""``.
        annotations: The annotations: concepts of an input or of a box, and nothing else.

    Raises:
        InvalidRequestError: If one holds more than CSV has.
    """
    writer = csv.writer(file)
    writer.writerow(HEADER)
    count = 0
    for annotation in annotations:
        writer.writerows(csv_rows(annotation))
        count += 1
    return count
