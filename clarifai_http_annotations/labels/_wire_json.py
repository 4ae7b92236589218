"""Annotations as the API has them: JSON Lines, or a document such as a body that is about to be posted.

A line, or the document, is an annotation, a list of them, or a request or an answer (`_wire.bodies`). Fields that only
answers have are left out. A value between 0 and 1 stays as it is: it is a
prediction's, and leaves only from a client that was made with ``fractional_values=True``.

An answer that was saved lists for each input the annotation that came with it. Its labels are read; without any it is
left out, and counted. So are fields of an answer that this version does not know: beside ``data``, and in ``data`` if
the annotation has what only answers have. One that is spelled nearly as one that is known is a typo, and a problem.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

from .._wire.bodies import annotations_in
from .._wire.guard import find_concepts, guard
from .._wire.received import sendable
from ..elsewhere import parse, read_annotations
from ..errors import InvalidRequestError, MissingValueError
from ..models.annotation import Annotation, Data
from ._label import Label, Reading, Unreadable
from ._source import Source

MAX_DOCUMENT = 128 * 1024 * 1024
"""Longest document in bytes, as long as the longest answer of the API: it is read as a whole."""


def read_json_lines(source: Source, reading: Reading) -> Iterator[Label]:
    """Yield the annotations of a file that has JSON on every line.

    Raises:
        Unreadable: If a line is no text.
    """
    for number, line in enumerate(source.lines(), 1):
        if line.isspace():
            continue
        place = source.at(number)
        try:
            found = annotations_in(parse(line.strip()), reading.app)
        except InvalidRequestError as error:
            reading.problem(place, _IN_LINE.sub(r" at character \1", error.message))
            continue
        for where, tree in found:
            yield from _labels(tree, place if len(found) == 1 else f"{place}, {where}", reading)


def read_json(source: Source, reading: Reading) -> Iterator[Label]:
    """Yield the annotations of one JSON document.

    Raises:
        Unreadable: If it is no JSON, holds no annotations, or is too long.
    """
    with source.open() as file:
        data = file.read(MAX_DOCUMENT + 1)
    if len(data) > MAX_DOCUMENT:
        raise Unreadable(
            f"the document is longer than {MAX_DOCUMENT >> 20} MiB. Make JSON Lines of it, an annotation a line: "
            "jq -c '.annotations[]'"
        )
    try:
        text = data.decode("utf-8")
        found = annotations_in(parse(text), reading.app)
    except UnicodeDecodeError as error:
        raise Unreadable(
            f"byte {error.start + 1} of the file (0x{data[error.start]:02x}) is no UTF-8: save the file as UTF-8",
            source.at(data.count(b"\n", 0, error.start) + 1),
        ) from None
    except InvalidRequestError as error:
        is_lines = "Extra data" in error.message
        hint = " If each line is an annotation, say --format jsonl (format=)." if is_lines else ""
        raise Unreadable(error.message + hint) from None
    for where, tree in found:
        yield from _labels(tree, f"{source.name}, {where}", reading)


def _labels(tree: Any, place: str, reading: Reading) -> Iterator[Label]:
    if _is_plain(tree):
        yield Label(tree, place)
        return
    try:
        [annotation] = read_annotations([tree], reading.missing_value, **reading.app._asdict())
        read, left_out = sendable(annotation)
        left_out += _beside_data(annotation, left_out)
        if read is not None:
            guard(read, fractional_values=True)
    except InvalidRequestError as error:
        for problem in error.problems:
            reading.problem(place, _PLACE.sub("", problem) + _hint(error))
        return
    reading.fields_left_out.update(left_out)
    reading.input_level += annotation.input_level is True
    if read is None:
        reading.without_labels += 1
    else:
        yield Label(read, place)


def _beside_data(annotation: Annotation, in_data: list[str]) -> list[str]:
    """Return the fields beside ``data`` that are not known, and are left out like those in it.

    Raises:
        InvalidRequestError: If one of either is a typo, or one beside ``data`` holds concepts.
    """
    from ..models._unknown import no_such_field  # for an error alone

    extra = annotation.model_extra or {}
    beside = sorted(extra.keys() - Annotation.from_server)
    typos = [name for name in beside if _is_typo(name, _SENT)]
    problems = [f"{name}: {no_such_field(Annotation, name)}" for name in typos]
    problems += [f"data.{name}: {no_such_field(Data, name)}" for name in in_data if _is_typo(name, Data.model_fields)]
    problems += [
        f"{name}: there is no such field, and it holds concepts"
        for name in beside
        if name not in typos and next(find_concepts({name: extra[name]}), None) is not None
    ]
    if problems:
        raise InvalidRequestError("\n  ".join(problems), problems=problems)
    return beside


_SENT = ("id", "input_id", "data", "status", "annotation_info", "task_id")
"""Fields of an annotation that are read from a file, and sent."""


def _is_typo(name: str, fields: Iterable[str]) -> bool:
    from difflib import get_close_matches  # only for fields that are not known

    return bool(get_close_matches(name, list(fields), cutoff=0.8))


def _is_plain(tree: Any) -> bool:
    """Tell an annotation of concepts alone, each of 1 or 0, from one that has to be looked at."""
    if type(tree) is not dict or not tree.keys() <= {"id", "input_id", "data"} or not _is_id(tree.get("input_id")):
        return False
    data = tree.get("data")
    if type(data) is not dict or data.keys() != {"concepts"} or type(data["concepts"]) is not list:
        return False
    return _is_id(tree.get("id", "a")) and all(
        type(concept) is dict
        and concept.keys() == {"id", "value"}
        and _is_id(concept["id"])
        and type(concept["value"]) in (int, float)
        and concept["value"] in (0, 1)
        for concept in data["concepts"]
    )


def _is_id(id: Any) -> bool:
    return type(id) is str and id != ""


def _hint(error: InvalidRequestError) -> str:
    """Return what to do, for a file: what `read_annotations` advises is for a program."""
    if isinstance(error, MissingValueError):
        return (
            " Say --missing-value negative (missing_value=) if protobuf printed it, and positive if it was meant for "
            "the REST API."
        )
    return f" {error.hint}" if "camelCase" in error.message else ""


_PLACE = re.compile(r"^(?:annotations)?\[0\](?:\.| (?=\()|: | )?")
"""The place of an annotation in a list of one; the place in the file is said before."""

_IN_LINE = re.compile(r": line 1 column (\d+) \(char \d+\)")
"""The place in a text that is one line of a file."""
