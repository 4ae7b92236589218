"""The guard: no concept leaves this process without its polarity.

Over HTTP Clarifai stores a concept without ``value`` as 1.0 (positive), over gRPC as 0.0
(negative): docs, "Positive and negative annotations". protobuf's own JSON printer leaves
zeros out. One missing key turns a label around, in silence.

Rules:

1. Every request body goes through `encode_body`, and there is no other way to a body.
2. In the tree that is about to become bytes, every concept under a key ``concepts`` or ``concept``
   (of an annotation, a region, a frame, a time segment, a track, a patch, a search filter: anywhere
   but inside free JSON) has a ``value`` that is a finite number between 0 and 1. It is written back
   as a float, so that ``True`` leaves as ``1.0``.
3. A fraction is for predictions: the API defines only 1 and 0 for annotations (docs, the same
   page). It leaves only if the client was made with ``fractional_values=True``.
4. What breaks a rule is refused, with every place in which it does. Nothing is guessed.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from ..errors import InvalidRequestError, MissingValueError
from ..models._base import as_number
from ..models.concept import MISSING_VALUE

Place = tuple[str | int, ...]

FREE_JSON = frozenset({"metadata", "annotation_info", "consensus_info"})
"""Keys whose values are the user's own JSON, in which ``concepts`` means nothing."""


def encode_body(tree: dict[str, Any], *, fractional_values: bool = False) -> bytes:
    """Check every concept of a request, write its value, and return the request's bytes.

    Args:
        tree: Body as exact dicts, lists and scalars (`encode.to_tree`); values are normalised in place.
        fractional_values: Whether a value strictly between 0 and 1 may leave.

    Raises:
        MissingValueError: If a concept has no ``value``.
        InvalidRequestError: If a value is not a polarity, or the tree cannot be JSON.
    """
    guard(tree, fractional_values=fractional_values)
    try:
        return as_bytes(tree)
    except (ValueError, TypeError, RecursionError) as error:  # a surrogate, NaN, a stray object, a loop
        raise InvalidRequestError(f"Nothing was sent: the request cannot be written as JSON ({error}).") from None


_encode = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode


def as_bytes(tree: dict[str, Any]) -> bytes:
    """Return JSON as it is in a request.

    Raises:
        ValueError: If a number in it is none of JSON; a ``UnicodeEncodeError`` for half a surrogate pair.
    """
    return _encode(tree).encode()


def guard(tree: Any, *, fractional_values: bool = False) -> None:
    """Refuse a tree in which a concept's polarity is not said; write the others as floats.

    Raises:
        MissingValueError: If a concept has no ``value``.
        InvalidRequestError: If a value is not a number from 0 to 1, or is a fraction that may not leave.
    """
    if _is_plain(tree):
        return
    problems: list[tuple[Place, str]] = []
    missing = False
    try:
        for place, concept in find_concepts(tree):
            if type(concept) is not dict:
                problems.append((place, "is not a concept with an id and a value"))
            elif has_no_value(concept):
                missing = True
                problems.append((place, MISSING_VALUE))
            else:
                try:
                    concept["value"] = as_polarity(concept["value"], fractional_values)
                except ValueError as error:
                    problems.append((place, f"has the value {concept['value']!r}: it {error}"))
    except RecursionError:
        raise InvalidRequestError("Nothing was sent: the request is nested too deep, or holds itself.") from None
    if problems:
        sentences = [f"{describe(tree, place)} {problem}" for place, problem in problems]
        listed = sentences[0] if len(sentences) == 1 else "\n  ".join(["", *sentences])
        kind = MissingValueError if missing else InvalidRequestError
        raise kind(f"Nothing was sent. {listed}", problems=sentences)


def _is_plain(tree: Any) -> bool:
    """Check at a glance what nearly every request is: annotations that hold concepts of 1.0 and 0.0 and nothing else.

    ``False`` says nothing of a tree but that `find_concepts` has to walk it.
    """
    try:
        for annotation in tree["annotations"]:
            data = annotation["data"]
            concepts = data["concepts"]
            if len(annotation) != 3 or len(data) != 1 or type(concepts) is not list:
                return False
            if type(annotation["id"]) is not str or type(annotation["input_id"]) is not str:
                return False
            for concept in concepts:
                value = concept["value"]
                if type(concept) is not dict or type(value) is not float or (value != 1.0 and value != 0.0):
                    return False
                concept["value"] = value + 0.0  # -0.0 is 0.0
    except (TypeError, KeyError):
        return False
    return len(tree) == 1


def as_polarity(value: object, fractional_values: bool) -> float:
    """Return the value that a concept leaves with.

    Raises:
        ValueError: If it is no number from 0 to 1, or a fraction that may not leave.
    """
    number = as_number(value)
    if number == 1.0 or number == 0.0:
        return number + 0.0  # and -0.0 is 0.0
    if not 0.0 <= number <= 1.0:
        raise ValueError("must be between 0 and 1")
    if not fractional_values:
        raise ValueError(
            "must be 1 (present) or 0 (absent), as the API defines for annotations; "
            "Client(fractional_values=True) sends a fraction all the same"
        )
    return number


def find_concepts(tree: Any, place: Place = ()) -> Iterator[tuple[Place, Any]]:
    """Yield every concept of a tree of JSON with its place; also what stands where one should."""
    if type(tree) is list:
        for index, item in enumerate(tree):
            if type(item) is dict or type(item) is list:
                yield from find_concepts(item, (*place, index))
        return
    for key, item in tree.items():
        if key == "concepts" and item is not None:
            if type(item) is not list:
                yield (*place, key), None
                continue
            for index, concept in enumerate(item):
                yield (*place, key, index), concept
        elif key == "concept" and item is not None:
            yield (*place, key), item
        elif (type(item) is dict or type(item) is list) and key not in FREE_JSON:
            yield from find_concepts(item, (*place, key))


def has_no_value(concept: Any) -> bool:
    """Tell whether this is a concept without ``value``; null says nothing either."""
    return isinstance(concept, dict) and concept.get("value") is None


def place_of(place: Place) -> str:
    """Write a place as a path: ``("data", "concepts", 0)`` is ``data.concepts[0]``."""
    return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in place).lstrip(".")


def describe(tree: Any, place: Place) -> str:
    """Name a concept by its place, its input and its id, as far as the tree tells them."""
    input_id, node = None, tree
    for step in place:
        if type(node) is dict:
            input_id = node.get("input_id", input_id)
        node = node[step]
    name = f" concept {node.get('id')!r}" if type(node) is dict else ""
    return f"{place_of(place)}{f' (input {input_id!r})' if input_id else ''}:{name}"
