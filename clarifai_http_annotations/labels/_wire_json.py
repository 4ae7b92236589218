"""Annotations as the API has them: JSON Lines, or a document such as a body that is about to be posted.

A line, or the document, is an annotation, a list of them, or an object with ``annotations`` or ``annotation``, as in
requests and answers. Fields that only answers have are left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from .._wire.encode import to_tree
from ..elsewhere import annotations_in, parse, read_annotations
from ..errors import InvalidRequestError
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
            found = annotations_in(parse(line))
        except InvalidRequestError as error:
            reading.problem(place, error.message)
            continue
        for index, tree in enumerate(found):
            yield from _labels(tree, place if len(found) == 1 else f"{place}, annotations[{index}]", reading)


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
        text = data.decode("utf-8-sig")
        found = annotations_in(parse(text))
    except UnicodeDecodeError as error:
        raise Unreadable(
            f"byte {error.start + 1} (0x{data[error.start]:02x}) is no UTF-8: save the file as UTF-8"
        ) from None
    except InvalidRequestError as error:
        raise Unreadable(error.message) from None
    for index, tree in enumerate(found):
        yield from _labels(tree, f"{source.name}, annotations[{index}]", reading)


def _labels(tree: Any, place: str, reading: Reading) -> Iterator[Label]:
    if _is_plain(tree):
        yield Label(tree, place)
        return
    try:
        [annotation] = read_annotations([tree], reading.missing_value)
        yield Label(to_tree(annotation), place)
    except InvalidRequestError as error:
        for problem in error.problems:
            reading.problem(place, _said(problem))


def _is_plain(tree: Any) -> bool:
    """Tell an annotation of concepts alone, each with its value, from one that has to be looked at."""
    if type(tree) is not dict or not tree.keys() <= {"id", "input_id", "data"}:
        return False
    data = tree.get("data")
    if type(data) is not dict or data.keys() != {"concepts"} or type(data["concepts"]) is not list:
        return False
    return all(
        type(concept) is dict and concept.keys() == {"id", "value"} and concept["value"] is not None
        for concept in data["concepts"]
    )


def _said(problem: str) -> str:
    """Return a sentence of `read_annotations` without the place, which is ours to say."""
    return _PLACE.sub("", problem)


_PLACE = re.compile(r"^(?:annotations)?\[0\](?:\.| (?=\()|: )?")
