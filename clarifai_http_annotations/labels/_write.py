"""From annotations to files that can be read again: JSON Lines, which hold everything, and CSV."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping
from typing import IO, Any

from .._wire.encode import to_tree
from .._wire.guard import encode_body
from ..errors import InvalidRequestError
from ..models.annotation import Annotation

HEADER = ("input_id", "annotation_id", "concept_id", "value", "top_row", "left_col", "bottom_row", "right_col")
EDGES = HEADER[4:]


def json_line(annotation: Annotation | Mapping[str, Any]) -> str:
    """Return an annotation as a line of JSON, with the ``value`` of every concept, and without what only answers have.

    Raises:
        InvalidRequestError: If it has no JSON, or a concept in it no polarity.
    """
    return encode_body(to_tree(annotation), fractional_values=True).decode() + "\n"


def csv_rows(annotation: Annotation | Mapping[str, Any]) -> list[list[str]]:
    """Return an annotation as rows of CSV under `HEADER`, one for each of its concepts.

    Raises:
        InvalidRequestError: If it holds more than concepts, of the whole input or of a box.
    """
    tree = to_tree(annotation)
    encode_body(tree, fractional_values=True)  # the guard: no row without its polarity
    data, box = tree.get("data", {}), [""] * len(EDGES)
    if tree.keys() <= {"id", "input_id", "data"} and data.keys() == {"regions"} and len(data["regions"]) == 1:
        [region] = data["regions"]
        edges = region.get("region_info", {}).get("bounding_box")
        if region.keys() <= {"id", "region_info", "data"} and edges is not None:
            data, box = region.get("data", {}), [repr(edges[name]) for name in EDGES]
    concepts = data.get("concepts")
    is_plain = tree.keys() <= {"id", "input_id", "data"} and data.keys() == {"concepts"} and concepts
    if not is_plain or any(concept.keys() - {"name"} != {"id", "value"} for concept in concepts):
        raise InvalidRequestError(
            f"The annotation {tree.get('id', '')!r} of input {tree.get('input_id')!r} holds more than concepts of an "
            "input or a box, which is all that CSV has: write JSON Lines."
        )
    names = [tree["input_id"], tree.get("id", "")]
    for name in (*names, *(concept["id"] for concept in concepts)):
        if name != name.strip() or "\0" in name or "\r" in name:
            raise InvalidRequestError(f"The id {name!r} cannot be written as CSV and read again: write JSON Lines.")
    return [[*names, concept["id"], _text(concept["value"]), *box] for concept in concepts]


def _text(value: float) -> str:
    return str(int(value)) if value in (0.0, 1.0) else repr(value)


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
