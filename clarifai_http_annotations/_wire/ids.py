"""Ids that are derived from content, and content that is compared: one rule of what is the same.

An annotation is identified by (``input_id``, ``id``). One that has no id gets 32 hex
characters of a SHA-256 over

    algorithm tag, input id, canonical content         each in UTF-8, joined by a zero byte

The canonical content is the JSON of what the caller set: without ``id`` and ``input_id``, in the
canonical form, keys sorted, no spaces, everything outside ASCII escaped. User and app are not in it:
``me`` and the real name are the same person. What the server stored is what was sent if the two have one
canonical form (`holds`). The form:

1. What protobuf cannot tell from nothing is left out: null, a zero, an empty text, list or object; but not an
   object that says by being there which part is meant (`PLACES`).
2. The API's float fields are rounded to 32 bits, as the server keeps them: 0.1 and numpy's ``float32(0.1)`` are one.
   Its whole numbers are compared as whole numbers: frame 16777217 is not frame 16777216.
3. Concepts are ids and values, each once, sorted by id: names and order do not count. Other lists keep their order.
4. The user's own JSON (``metadata``, ``annotation_info``) is exact: every key that was given, null and order of a list
   counts, and ``True`` is not 1. Its numbers are what the API's ``Struct`` keeps, doubles: 1 is 1.0, -0.0 is 0, and two
   whole numbers that are the same double are the same.
5. A number that is whole is written as an integer, any other as Python's shortest repr.

So sending again, running a file again and a message that is delivered twice make the same id. What is sent is what
was given: the form is of the id alone. The rule is frozen by golden vectors in the tests; to change it is a major
version.
"""

from __future__ import annotations

import hashlib
import json
import struct
from typing import Any

from .guard import FREE_JSON

ALGORITHM = "clarifai-http-annotations/2"

Tree = dict[str, Any]

FLOATS = frozenset(
    {"value", "top_row", "left_col", "bottom_row", "right_col", "row", "col", "z", "quality"}
    | {"begin_time", "end_time", "longitude", "latitude"}
)
"""Fields that the API keeps in 32 bits."""

INTEGERS = frozenset({"time", "number", "index", "num_frames", "char_start", "char_end"})
"""Fields of whole numbers, of which protobuf's JSON prints those of 64 bits as text."""

PLACES = frozenset(
    {"bounding_box", "polygon", "mask", "point", "span", "token", "frame_info", "time_info", "geo_point"}
)
"""Objects that mean something even if all that they hold is zero."""

WRITTEN = INTEGERS | {"visibility"}
"""Fields of numbers that may come as text."""

EXACT = 2**53
"""Up to here every whole number is a double."""


def derive_id(tree: Tree) -> str:
    """Return the id that the content of an annotation's tree makes: 32 hex characters."""
    content = {key: value for key, value in tree.items() if key not in ("id", "input_id")}
    return id_of_content(tree["input_id"], canonical(content))


def id_of_content(input_id: str, text: str) -> str:
    """Return the id that canonical content makes."""
    return hashlib.sha256(f"{ALGORITHM}\0{input_id}\0{text}".encode("utf-8", "surrogatepass")).hexdigest()[:32]


_encode = json.JSONEncoder(sort_keys=True, separators=(",", ":"), allow_nan=False).encode


def canonical(content: Tree) -> str:
    """Return the one text that equal contents share.

    Raises:
        ValueError: If a number in it is none of JSON.
    """
    return _encode(normal(content))


# --- the canonical form --------------------------------------------------------------------------

_single = struct.Struct("<f")
_pack, _unpack = _single.pack, _single.unpack


def float32(number: float) -> float:
    """Return the number as the server keeps it: rounded to 32 bits."""
    try:
        rounded: float = _unpack(_pack(number))[0]
    except (OverflowError, struct.error):  # too large for it: only what is the same number is the same
        return number
    return rounded


def normal(tree: Tree) -> Tree:
    """Return the canonical form of an annotation's JSON, or of a part of it.

    What an answer may hold and a request may not is kept as it is: nothing that was sent is like it.
    """
    form = {}
    for key, value in tree.items():
        kind = type(value)
        if kind is float and key in FLOATS:  # of these there are many, in a polygon
            number = float32(value)
            if number:
                form[key] = int(number) if number.is_integer() else number
        elif kind is str and key not in WRITTEN:
            if value:
                form[key] = value
        else:
            said = _field(key, value, kind)
            if said is not None:
                form[key] = said
    return form


def _field(key: str, value: Any, kind: type) -> Any:
    """Return the form of a field's value; ``None`` for what is like nothing."""
    if kind is float or kind is int or kind is bool:
        return _number(key, value) or None
    if key in FREE_JSON:
        return _own_json(value) or None
    if key == "concepts" and kind is list:
        return _concepts(value) or None
    if kind is dict:
        form = normal(value)
        return form if form or key in PLACES else None
    if kind is list:
        return [normal(item) if type(item) is dict else _item(item) for item in value] or None
    return (_number_in(key, value) or None) if kind is str else value


def _item(value: Any) -> Any:
    if type(value) is dict:
        return normal(value)
    return [_item(item) for item in value] if type(value) is list else value


def _number(key: str, value: float) -> float:
    if key in FLOATS:
        value = float32(value)
    return value if type(value) is float and not value.is_integer() else int(value)


def _number_in(key: str, text: str) -> Any:
    """Return the number that a text is: of 64 bits, which protobuf prints so, or of an enum, which requests name."""
    if key in INTEGERS:
        return int(text) if text.isascii() and text.isdigit() and len(text) <= 20 else text
    from ..models.point import Visibility  # few annotations have a point

    return int(Visibility[text]) if text in Visibility.__members__ else text


def _concepts(listed: list[Any]) -> list[Any]:
    forms: list[Any] = []
    for item in listed:
        form = {"id": item.get("id"), "value": _polarity(item)} if type(item) is dict else item
        if form not in forms:
            forms.append(form)
    return sorted(forms, key=lambda form: str(form["id"]) if type(form) is dict else "")


def _polarity(concept: Tree) -> Any:
    """Return the value of a concept as it reads: 1 if there is none, the rule of HTTP."""
    value = concept.get("value")
    if value is None:
        return 1
    return _number("value", value) if type(value) in (float, int, bool) else value


def _own_json(value: Any) -> Any:
    kind = type(value)
    if kind is float:
        return int(value) if value.is_integer() else value
    if kind is int:
        return value if -EXACT <= value <= EXACT else _double(value)
    if kind is dict:
        form = {}
        for key, item in value.items():  # loops: some Pythons make a frame of every comprehension, and it may be deep
            form[key] = _own_json(item)
        return form
    if kind is list:
        items = []
        for item in value:
            items.append(_own_json(item))  # noqa: PERF401 # likewise
        return items
    return value


def _double(number: int) -> int:
    try:
        return int(float(number))
    except OverflowError:  # too large for any double: only what is the same number is the same
        return number


# --- what the server stored ----------------------------------------------------------------------


def holds(stored: Any, sent: Tree) -> bool:
    """Tell whether what the server stored is what was sent: whether both have one canonical form.

    Compared is what the caller set. What the server adds does not count: more keys, a region's id. Nor does the
    state of the work, which moves on without the content. A list may not have grown.
    """
    content = {key: value for key, value in sent.items() if key != "status"}
    try:
        return isinstance(stored, dict) and canonical(_said_of(stored, content)) == canonical(content)
    except ValueError:  # an infinity, which only a server could say
        return False


def _said_of(stored: Any, sent: Any) -> Any:
    """Return what the server stored without what it added."""
    if type(stored) is dict and type(sent) is dict:
        said = {}
        for key, value in sent.items():
            if key in stored:
                is_set = key == "concepts" and type(value) is list  # compared as a whole: they are found by their ids
                said[key] = stored[key] if is_set else _said_of(stored[key], value)
        return said
    if type(stored) is list and type(sent) is list and len(stored) == len(sent):
        return list(map(_said_of, stored, sent))
    return stored


def contradicts(stored: Any, sent: Any) -> bool:
    """Tell whether an answer contradicts what was sent: another value of a concept at the same place, or others.

    An item of a list is found by its id; one without id by its index, unless there are more.
    """
    if isinstance(sent, list) and isinstance(stored, list):
        return any(contradicts(_like(stored, item, index, len(sent)), item) for index, item in enumerate(sent))
    if not isinstance(sent, dict) or not isinstance(stored, dict):
        return False
    if "concepts" in sent and not _are_alike(stored.get("concepts"), sent["concepts"]):
        said, found = _by_id(sent["concepts"]), _by_id(stored.get("concepts"))
        if found and said.keys() - found.keys():  # another annotation is shown
            return True
        if any(_polarity(found[name]) != _polarity(said[name]) for name in said.keys() & found.keys()):
            return True
    for key, part in sent.items():  # plain loops here and below: every stored annotation comes by
        if not isinstance(part, (dict, list)) or key in FREE_JSON or key == "concepts":  # there is none in a concept
            continue
        if contradicts(stored.get(key), part):
            return True
    return False


def _by_id(concepts: Any) -> dict[Any, Any]:
    listed = concepts if isinstance(concepts, list) else []
    return {str(concept.get("id")): concept for concept in listed if isinstance(concept, dict)}


def _are_alike(stored: Any, sent: Any) -> bool:
    """Tell at a glance that concepts came back as they were sent, as they nearly always do."""
    try:
        for one, other in zip(stored, sent, strict=True):
            if one["id"] != other["id"] or one["value"] != other["value"]:
                return False
    except (TypeError, KeyError, ValueError):  # no list, no concept, or another number of them
        return False
    return True


def _like(stored: list[Any], item: Any, index: int, count: int) -> Any:
    if isinstance(item, dict) and "id" in item:
        return next((found for found in stored if isinstance(found, dict) and found.get("id") == item["id"]), None)
    return stored[index] if len(stored) == count else None
