"""From annotations to files that can be read again: JSON Lines, which hold all but who wrote it and when, and CSV."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Mapping
from typing import IO, Any

from .._wire.encode import Tree, to_tree
from .._wire.guard import encode_body
from .._wire.received import sendable, state_of, warn
from ..errors import InvalidRequestError
from ..models.annotation import Annotation
from ._table import EDGES, has_area

HEADER = ("input_id", "annotation_id", "concept_id", "value", *EDGES)

OF_THE_INPUT = ("metadata", "geo")
"""Fields that an input-level annotation has from its input, and CSV has no columns for."""

NOT_IN_CSV = "which CSV has no columns for: write JSON Lines"


def writable(annotation: Annotation | Mapping[str, Any], *, as_csv: bool = False) -> tuple[Tree | None, list[str]]:
    """Return the JSON of an annotation as it is written, and the fields of an answer that are left out of it.

    ``None`` is an input-level annotation without a label. Of one with labels CSV has the labels: the rest is the
    input's, and goes with it. A state of the work that is not done is written: without it, what waits for somebody,
    or was denied, would be done when it is stored again.

    Raises:
        InvalidRequestError: If it has no JSON, or holds what is not known and cannot be left out.
    """
    if not isinstance(annotation, Annotation):
        return to_tree(annotation), []
    tree, left_out = sendable(annotation)
    if tree is not None and (state := state_of(annotation)) is not None:
        tree["status"] = state
    if tree is not None and as_csv and annotation.input_level:
        left_out += [name for name in OF_THE_INPUT if tree["data"].pop(name, None) is not None]
    return tree, left_out


def json_line(tree: Tree) -> str:
    """Return an annotation as a line of JSON, with the ``value`` of every concept, and without what only answers have.

    Raises:
        InvalidRequestError: If a concept in it has no polarity.
    """
    return _guarded(tree).decode() + "\n"


def csv_rows(tree: Tree) -> list[list[str]]:
    """Return an annotation as rows of CSV under `HEADER`, one for each of its concepts.

    The id of a region, which the server makes, and names of concepts are left out.

    Raises:
        InvalidRequestError: If it holds more than concepts, of the whole input or of a box.
    """
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


def _each(annotations: Iterable[Annotation | Mapping[str, Any]]) -> Iterable[Annotation | Mapping[str, Any]]:
    """Return what is to be written; one annotation is no list of its fields.

    Raises:
        InvalidRequestError: If it is one annotation, or cannot be iterated.
    """
    if isinstance(annotations, (Annotation, Mapping, str, bytes)) or not isinstance(annotations, Iterable):
        raise InvalidRequestError(
            f"An iterable of annotations can be written, and this is one {type(annotations).__name__}.",
            hint="Give a list: [annotation].",
        )
    return annotations


def _guarded(tree: Any) -> bytes:
    if not isinstance(tree, dict):
        raise InvalidRequestError(f"This cannot be written: it is no annotation, but a {type(tree).__name__}.")
    try:
        return encode_body(tree, fractional_values=True)
    except InvalidRequestError as error:
        text = error.message.replace("Nothing was sent", "This cannot be written", 1)
        raise type(error)(text, hint=error.hint, problems=error.problems) from None


def write_json_lines(file: IO[str], annotations: Iterable[Annotation | Mapping[str, Any]]) -> int:
    """Write annotations as JSON Lines; return how many.

    Of annotations that a client returned, those that came with an input and hold no label are not written, and
    fields that this version does not know are left out, with an `UnknownFieldWarning`.

    Args:
        file: A text file, opened with ``encoding="utf-8"``.
        annotations: The annotations.

    Raises:
        InvalidRequestError: If one cannot be written.
    """
    return _write(_each(annotations), lambda tree: file.write(json_line(tree)))


def write_csv(file: IO[str], annotations: Iterable[Annotation | Mapping[str, Any]]) -> int:
    """Write annotations as CSV; return how many.

    What is left out is that of `write_json_lines`; of what came with an input also its ``metadata`` and ``geo``.

    Args:
        file: A text file, opened with ``encoding="utf-8", newline=""``.
        annotations: The annotations: concepts of an input or of a box, and nothing else.

    Raises:
        InvalidRequestError: If one holds more than CSV has.
    """
    given = _each(annotations)
    writer = csv.writer(file)
    writer.writerow(HEADER)
    return _write(given, lambda tree: writer.writerows(csv_rows(tree)), as_csv=True)


def _write(
    annotations: Iterable[Annotation | Mapping[str, Any]], write: Callable[[Tree], object], *, as_csv: bool = False
) -> int:
    count, unknown = 0, dict[str, None]()
    for annotation in annotations:
        tree, left_out = writable(annotation, as_csv=as_csv)
        unknown |= dict.fromkeys(name for name in left_out if name not in OF_THE_INPUT)
        if tree is not None:
            write(tree)
            count += 1
    warn([*unknown])
    return count
