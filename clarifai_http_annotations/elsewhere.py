"""JSON that was written elsewhere, in which a missing ``value`` may mean either polarity."""

from __future__ import annotations

import json
import re
from typing import Any, Literal, get_args

from pydantic import ValidationError

from ._wire.bodies import GIVE_CONTENT, ExpectedApp, Found, annotations_in
from ._wire.encode import FROM_PROTOBUF, is_message, said, to_tree
from ._wire.guard import FREE_JSON, describe, find_concepts, has_no_value, place_of
from .errors import InvalidRequestError, MissingValueError
from .models._base import read
from .models.annotation import Annotation
from .models.concept import NO_VALUE

ONE_BY_ONE = "JSON Lines are read line by line: [*read_annotations(line)] for each line of the file."

MissingValue = Literal["error", "positive", "negative"]


def read_annotations(
    source: object, missing_value: MissingValue = "error", *, user_id: str | None = None, app_id: str | None = None
) -> list[Annotation]:
    """Read annotations from JSON that this library did not write.

    protobuf's JSON printer (``MessageToDict``, ``MessageToJson``) leaves out a ``value`` of 0, so in
    what it printed a concept without one is negative; in a body for the REST API it is positive.
    Nobody can tell one from the other, so by default such JSON is refused.

    Args:
        source: JSON text or bytes, or what ``json.load`` made of it: an annotation, a list of them,
            or an object with ``annotations``, ``annotation`` or ``hits``, as in requests and answers of the API.
        missing_value: What a concept without ``value`` is: ``"error"`` refuses it, ``"positive"`` is
            what HTTP would make of it, ``"negative"`` is what gRPC would, and is right for anything
            that protobuf printed (with ``preserving_proto_field_name=True``, the API's own names). An empty
            ``frame_info`` is then the frame at 0, likewise. A coordinate that is left out is 0 to both
            protocols, so it always is.
        user_id: The user whose app is meant, to be compared with what a body says (``user_app_id``).
        app_id: The app that is meant, likewise. A body that names an app is refused if it is another one, or if
            nobody says which is meant: its annotations would be stored in an app that it is not for.

    Returns:
        The annotations. Fields that only answers have, or that this version does not know, are kept
        on them and are not sent. An input-level annotation is one of them (``input_level``): without concepts
        it is no task, and cannot be stored as another one.

    Raises:
        MissingValueError: If a concept has no ``value`` and ``missing_value`` is ``"error"``; its
            ``problems`` list every such place.
        InvalidRequestError: If it is not JSON, or not annotations; if it is a body of PATCH, which would add what it
            changes or takes out; if it is for another app; or if one is nested too deep: it may have 64 levels, and
            its ``metadata`` and ``annotation_info`` 256 of their own.
        ValueError: If ``missing_value`` is something else.
    """
    if missing_value not in get_args(MissingValue):
        raise ValueError(f"missing_value must be one of {', '.join(get_args(MissingValue))}, not {missing_value!r}.")
    parsed = parse(source)
    if any(map(is_message, parsed if isinstance(parsed, (list, tuple)) else [parsed])):
        raise InvalidRequestError("This is a message of protobuf, and no JSON.", hint=FROM_PROTOBUF)
    listed = list(parsed) if isinstance(parsed, tuple) else parsed
    found = [
        Found(place, _tree_of(item, place)) for place, item in annotations_in(listed, ExpectedApp(user_id, app_id))
    ]
    missing = [
        (f"{where}.{describe(item, place)}", concept)
        for where, item in found
        if isinstance(item, (dict, list))
        for place, concept in find_concepts(item)
        if has_no_value(concept)
    ]
    if missing and missing_value == "error":
        problems = [f"{where} {NO_VALUE}." for where, _ in missing]
        raise MissingValueError(
            "\n  ".join(["Concepts without value:", *problems]),
            hint='\nSay what they are: missing_value="negative" for JSON that protobuf printed, '
            '"positive" for a body that was meant for the REST API.',
            problems=problems,
        )
    for _, concept in missing:
        concept["value"] = 1.0 if missing_value == "positive" else 0.0
    if missing_value == "negative":
        _name_first_frames([item for _, item in found])
    return [_read(item, where) for where, item in found]


def parse(source: object) -> Any:
    """Return the JSON of a text, or what ``json.load`` made of one.

    Raises:
        InvalidRequestError: If it is no JSON, or a key is there twice.
    """
    if isinstance(source, (str, bytes, bytearray)):
        try:
            return json.loads(source, object_pairs_hook=_once_each)
        except RecursionError:
            return _parse_without_depths(source)
        except ValueError as error:
            hint = ONE_BY_ONE if str(error).startswith("Extra data") else GIVE_CONTENT
            raise InvalidRequestError(f"This is not JSON: {error}.", hint=hint) from None
    if not isinstance(source, (dict, list, tuple)) and not is_message(source):
        raise InvalidRequestError(f"There are no annotations in a {type(source).__name__}.", hint=GIVE_CONTENT)
    return source


_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*+"?|[\[\]{}]', re.DOTALL)
"""A text, one without an end too: each letter is looked at once, however many texts seem to begin in it."""

DEEP = 400
"""Levels of a text that are read when Python itself cannot read them all: more than any annotation in it may have."""


def _parse_without_depths(source: str | bytes | bytearray) -> Any:
    """Return the JSON of a text that is nested too deep for Python, with null for what is too deep.

    So that it is one of the annotations in it that is refused, and not all of them.
    """
    text = source if isinstance(source, str) else source.decode(json.detect_encoding(source), "replace")
    kept, level, end = [], 0, 0
    for token in _TOKEN.finditer(text):
        mark = token[0]
        if mark in "[{":
            level += 1
            if level == DEEP:
                kept.append(text[end : token.start()])
        elif mark in "]}":
            level -= 1
            if level == DEEP - 1:
                kept.append("null")
                end = token.end()
    try:
        return json.loads("".join([*kept, text[end:]]), object_pairs_hook=_once_each)
    except (ValueError, RecursionError):
        raise InvalidRequestError("This is not JSON that can be read: it is nested too deep.") from None


def _once_each(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    tree = dict(pairs)
    if len(tree) < len(pairs):  # which "value" would count?
        raise ValueError(f"a key is there twice in {sorted(key for key, _ in pairs)}")
    return tree


def _tree_of(item: object, place: str) -> Any:
    """Return exact JSON; each annotation may be as deep as any other."""
    try:
        return to_tree(item)
    except InvalidRequestError as error:
        raise InvalidRequestError(f"{place}: {error.message}", hint=error.hint) from None


def _name_first_frames(tree: Any) -> None:
    """Say which frame is meant where protobuf printed an empty ``frame_info``: that at 0, a zero like any other."""
    if isinstance(tree, list):
        for item in tree:
            _name_first_frames(item)
    if not isinstance(tree, dict):
        return
    if tree.get("frame_info") == {}:
        tree["frame_info"] = {"time": 0}
    for key, item in tree.items():
        if key not in FREE_JSON:
            _name_first_frames(item)


def _read(tree: Any, where: str) -> Annotation:
    if camel := _camel_case_in(tree):
        raise InvalidRequestError(
            f"{where} has names in camelCase ({camel}), as protobuf prints them by default.",
            hint="Print it with preserving_proto_field_name=True: the API's names are like input_id.",
        )
    if isinstance(tree, dict) and "input_id" not in tree:
        raise InvalidRequestError(f"{where} has no input_id, so it is no annotation.", hint=GIVE_CONTENT)
    try:
        annotation = read(Annotation, tree)
    except ValidationError as invalid:
        problems = [f"{place_of((where, *e['loc']))}: {said(e)}" for e in invalid.errors()]
        raise InvalidRequestError("\n  ".join(problems), problems=problems) from None
    unknown = set(annotation.model_extra or ()) - Annotation.from_server
    if annotation.data is None and unknown and not annotation.input_level:  # an input may have come with nothing
        from .models._unknown import no_such_field  # for an error alone

        name = sorted(unknown)[0]  # kept and not sent, an annotation would be stored that says nothing
        raise InvalidRequestError(
            f"{where} has no data, but {name!r}: {no_such_field(Annotation, name)}.",
            hint=GIVE_CONTENT,
        )
    if annotation.status is not None and annotation.status.code:
        # In an answer the status is the server's; in a file it is somebody's word, and is sent.
        annotation.__pydantic_fields_set__.add("status")
    return annotation


_CAMEL_CASE = frozenset(
    {"inputId", "regionInfo", "boundingBox", "topRow", "leftCol", "bottomRow", "rightCol", "frameInfo", "timeSegments"}
)


def _camel_case_in(tree: Any) -> str | None:
    """Return the first name of a field that only protobuf's default JSON has."""
    if isinstance(tree, dict):
        found = next(iter(_CAMEL_CASE & tree.keys()), None)
        inner = [item for key, item in tree.items() if key not in FREE_JSON]
    else:
        found, inner = None, tree if isinstance(tree, list) else []
    return found or next(filter(None, map(_camel_case_in, inner)), None)
