"""Ids that are derived from content, and content that is compared.

An annotation is identified by (``input_id``, ``id``). One that has no id gets 32 hex
characters of a SHA-256 over

    algorithm tag, input id, canonical content         each in UTF-8, joined by a zero byte

The canonical content is the JSON of what the caller set: without ``id`` and ``input_id``,
keys sorted, no spaces, everything outside ASCII escaped, a number that is whole written
as an integer (so 1, 1.0 and ``True`` are alike, and -0.0 is 0), any other as Python's
shortest repr. User and app are not in it: ``me`` and the real name are the same person.

So sending again, running a file again and a message that is delivered twice make the same
id. The rule is frozen by golden vectors in the tests; to change it is a major version.
"""

from __future__ import annotations

import hashlib
import json
import struct
from typing import Any

from .guard import FREE_JSON

ALGORITHM = "clarifai-http-annotations/1"


def derive_id(tree: dict[str, Any]) -> str:
    """Return the id that the content of an annotation's tree makes: 32 hex characters."""
    content = {key: value for key, value in tree.items() if key not in ("id", "input_id")}
    return id_of_content(tree["input_id"], canonical(content))


def id_of_content(input_id: str, text: str) -> str:
    """Return the id that canonical content makes."""
    return hashlib.sha256(f"{ALGORITHM}\0{input_id}\0{text}".encode("utf-8", "surrogatepass")).hexdigest()[:32]


_canonical = json.JSONEncoder(sort_keys=True, separators=(",", ":")).encode


def canonical(content: Any) -> str:
    """Return the one text that equal contents share."""
    return _canonical(_whole(content))


def _whole(value: Any) -> Any:
    kind = type(value)
    if kind is float or kind is bool:
        return int(value) if value == int(value) else value
    if kind is dict:
        return {key: _whole(item) for key, item in value.items()}
    if kind is list:
        return [_whole(item) for item in value]
    return value


# --- what the server stored --------------------------------------------------------------------


def float32(number: float) -> float:
    """Return the number as the server keeps it: rounded to 32 bits."""
    try:
        rounded: float = struct.unpack("<f", struct.pack("<f", number))[0]
    except (OverflowError, struct.error):  # too large for it: only what is the same number is the same
        return number
    return rounded


def float64(number: float) -> float:
    """Return the number as the server keeps it in the caller's own JSON: in 64 bits."""
    try:
        return float(number)
    except OverflowError:  # a whole number that is too large, which only a server could say
        return number


def holds(stored: Any, sent: Any) -> bool:
    """Tell whether what the server stored is what was sent.

    Compared is what the caller set, numbers at float32. What the server adds does not
    count: more keys, a status's texts, a region's id. Concepts are matched by id, anything
    else in a list by place; a list may not have grown.
    """
    if isinstance(sent, dict):
        return isinstance(stored, dict) and all(_holds_field(stored, key, value) for key, value in sent.items())
    if isinstance(sent, list):
        return isinstance(stored, list) and len(stored) == len(sent) and all(map(holds, stored, sent))
    if isinstance(sent, (int, float)) and isinstance(stored, (int, float)):
        return float32(stored) == float32(sent)
    if isinstance(sent, int) and isinstance(stored, str):  # protobuf's JSON prints 64 bits as text
        return stored == str(int(sent))
    return bool(stored == sent)


def _holds_field(stored: dict[str, Any], key: str, sent: Any) -> bool:
    if key in FREE_JSON:
        return _holds_json(stored.get(key) or {}, sent)
    if key == "status":
        return True  # the state of the work moves on without the content
    if key == "concepts":
        return holds(_by_id(stored.get(key)), _by_id(sent)) and len(stored.get(key) or ()) == len(sent)
    if key == "value":
        said = stored.get(key)
        return holds(1.0 if said is None else said, sent)  # as it reads: the HTTP rule
    if key == "visibility":
        return bool(_visibility(stored.get(key)) == _visibility(sent))
    if sent in ([], {}) or sent == 0:
        return holds(stored.get(key) or sent, sent)  # protobuf's JSON may leave out what is empty or zero
    return holds(stored.get(key), sent)


def _holds_json(stored: Any, sent: Any) -> bool:
    """Tell the same of the caller's own JSON, in which no word means anything and numbers have 64 bits."""
    if isinstance(sent, dict):
        return isinstance(stored, dict) and all(_holds_json(stored.get(key), value) for key, value in sent.items())
    if isinstance(sent, list):
        return isinstance(stored, list) and len(stored) == len(sent) and all(map(_holds_json, stored, sent))
    if isinstance(sent, (int, float)) and isinstance(stored, (int, float)):
        return isinstance(sent, bool) == isinstance(stored, bool) and float64(stored) == float64(sent)
    return bool(stored == sent)


def _visibility(said: Any) -> Any:
    """Return a point's visibility as one value: requests have its name, Clarifai's answers numbers; absent is 0."""
    from ..models.point import Visibility  # few annotations have a point

    return Visibility.__members__.get(said, said) if isinstance(said, str) else said or Visibility.NOT_SET


def _by_id(concepts: Any) -> dict[Any, Any]:
    listed = concepts if isinstance(concepts, list) else []
    return {
        str(concept.get("id")): {key: concept[key] for key in concept.keys() & {"id", "value"}}  # and not the name
        for concept in listed
        if isinstance(concept, dict)
    }


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
        if any(not _holds_field(found[name], "value", said[name]["value"]) for name in said.keys() & found.keys()):
            return True
    for key, part in sent.items():  # plain loops here and below: every stored annotation comes by
        if not isinstance(part, (dict, list)) or key in FREE_JSON or key == "concepts":  # there is none in a concept
            continue
        if contradicts(stored.get(key), part):
            return True
    return False


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
