"""From values to the tree of plain JSON that is about to be sent.

Rules:

1. Only what was set is written: an empty list or object **replaces** in a PATCH, so it is
   written only if somebody set it. What was filled in from an answer's silence, and what
   only the server decides, is not written (`models._base`).
2. What pydantic thinks of a field (``exclude``, serializers, ``model_fields_set``) never
   decides whether content is written, so nothing that a subclass or a copy does loses it.
3. The tree, not the model, is checked against the strict types before it is sent: whatever
   was done to a model since it was built, it has to say something that can be sent.
"""

from __future__ import annotations

import re
import sys
import warnings
from collections.abc import Mapping
from typing import Any, Literal, TypeVar

from pydantic import ValidationError

from ..errors import InvalidRequestError, MissingValueError
from ..models._base import Named, WireModel, as_number
from ..models.annotation import Annotation, Data
from .guard import FREE_JSON, find_concepts, place_of

Checked = TypeVar("Checked", bound=WireModel)

Tree = dict[str, Any]
"""JSON as exact dict, list, str, int, float, bool and None."""


Unknown = Literal["refuse", "keep", "drop"] | list[str]

MAX_LEVELS = 64
"""Objects and lists within each other that an annotation may have, itself included; the deepest that makes sense is a
polygon in a region of a frame, with 11."""

MAX_FREE_LEVELS = 256
"""Those that the user's own JSON in it may have, beside."""


def to_tree(value: object, unknown: Unknown = "refuse") -> Any:
    """Return the plain JSON of a model, or of anything that a model may hold.

    Args:
        value: The model.
        unknown: What becomes of content that this version does not know. Refused, it is not lost;
            kept or dropped, the tree is for comparing an annotation with what it was, and has no
            polarity that an answer did not say. A list takes the names of what is left out: fields of
            `Data` in which there is no concept; anything else is refused.

    Raises:
        InvalidRequestError: If something in it has no JSON, or it is nested too deep, or holds itself.
    """
    try:
        return _plain(value, unknown, MAX_LEVELS)
    except RecursionError:
        raise _too_deep() from None


def _too_deep() -> InvalidRequestError:
    return InvalidRequestError(
        "An annotation that is nested too deep, or holds itself, cannot be sent: it may have "
        f"{MAX_LEVELS} levels, and its metadata or annotation_info {MAX_FREE_LEVELS} of their own."
    )


def _plain(value: Any, unknown: Unknown, room: int, is_free: bool = False) -> Any:
    kind = type(value)
    if kind is str or kind is float or kind is int or kind is bool or value is None:
        return value
    if kind is not list and kind is not dict:
        # the first is much cheaper than pydantic's answer
        if WireModel in kind.__mro__ or isinstance(value, WireModel):
            return _model_tree(value, unknown, room)
        if isinstance(value, Named):
            return value.name
        if isinstance(value, str):
            return str.__str__(value)
        if isinstance(value, int):
            return int(value)
        if not isinstance(value, (list, tuple, Mapping)):
            return _number(value)
    if room == 0:
        raise _too_deep()
    # Loops: some Pythons make a frame of every comprehension, and it may be deep.
    if isinstance(value, (list, tuple)):
        items = []
        for item in value:
            items.append(_plain(item, unknown, room - 1, is_free))  # noqa: PERF401 # see above
        return items
    tree = {}
    for key, item in value.items():
        if is_free or key not in FREE_JSON:
            tree[_key(key)] = _plain(item, unknown, room - 1, is_free)
        else:
            tree[_key(key)] = _plain(item, unknown, MAX_FREE_LEVELS, True)
    return tree


def _number(value: object) -> float | None:
    try:
        return as_number(value)
    except ValueError:
        if is_js_null(value):
            return None
        raise InvalidRequestError(f"A {type(value).__name__} cannot be sent: JSON has no such thing.") from None


def is_js_null(value: object) -> bool:
    """Tell whether something is JavaScript's ``null``, which newer versions of Pyodide have beside ``None``.

    ``to_py()`` of a JavaScript object leaves it in what it makes.
    """
    kind = type(value)
    return kind.__name__ == "JsNull" and kind.__module__ == "pyodide.ffi"


def _key(key: object) -> str:
    if not isinstance(key, str):
        raise InvalidRequestError(f"The key {key!r} cannot be sent: keys of JSON are text.")
    return str.__str__(key)


def _model_tree(model: WireModel, unknown: Unknown, room: int) -> Tree:
    if room == 0:
        raise _too_deep()
    said, from_server = model.__pydantic_fields_set__, model.from_server
    held = model.__dict__
    tree = {}
    for name in type(model).__pydantic_fields__:
        value = held.get(name)
        if value is None:
            continue
        kind = type(value)
        if name not in said:
            if name in from_server or (not value if kind is list or kind is str else value in ([], "")):
                continue
            if name == "value" and unknown in ("keep", "drop"):  # a polarity that nobody said
                continue
        if kind is str or kind is float:
            tree[name] = value
            continue
        is_free = name in FREE_JSON
        made = _plain(value, unknown, MAX_FREE_LEVELS if is_free else room - 1, is_free)
        if made is not None:
            tree[name] = made
    extra = model.__pydantic_extra__
    if not extra:
        return tree
    lost = extra.keys() - from_server
    if unknown == "keep" and model.holds_content:
        tree |= {name: _plain(extra[name], unknown, room - 1) for name in lost}
    elif unknown != "drop" and model.holds_content and lost:
        fields = {name: extra[name] for name in sorted(lost)}
        if not isinstance(unknown, list) or not isinstance(model, Data) or next(find_concepts(fields), None):
            raise _unknown(model, fields)
        unknown += [name for name, value in fields.items() if value not in ([], {}, "")]
    return tree


def _unknown(model: WireModel, fields: Tree) -> InvalidRequestError:
    return InvalidRequestError(
        f"{type(model).__name__} holds {', '.join(fields)}, which this version of the library does not know and cannot "
        "send.",
        hint="Build the annotation anew from the parts that it knows, or change those alone, by a merge."
        if any(fields.values())
        else "What protobuf prints, print without always_print_fields_with_no_presence.",
    )


# --- checks before sending ---------------------------------------------------------------------


def check(tree: object, place: str, cls: type[Checked]) -> Checked:
    """Return the model that a tree says, as strictly as if a user had built it.

    Args:
        tree: Plain JSON of one annotation.
        place: What to call it in an error, such as ``"annotations[3]"``.
        cls: What it is.

    Raises:
        MissingValueError: If a concept in it has no ``value``.
        InvalidRequestError: If anything else in it cannot be sent. Both list every problem
            with its place, the input and the field.
    """
    try:
        checked = cls.model_validate(tree)
    except ValidationError as invalid:
        details = invalid.errors(include_url=False)
        problems = [f"{where(place, tree)}, {_problem(detail)}" for detail in details]
        missing = any(_is_missing_value(detail) for detail in details)
    else:
        if isinstance(checked, Annotation):
            _warn_of_unusual_ids(checked)
        return checked
    raise refusal(problems, missing=missing)


def refusal(problems: list[str], *, missing: bool = False) -> InvalidRequestError:
    """Return the error for a list of problems, each a sentence with its place."""
    more = [f"  ... and {len(problems) - 10} more in .problems"] if len(problems) > 10 else []
    text = problems[0] if len(problems) == 1 else "\n  ".join([f"{len(problems)} problems:", *problems[:10], *more])
    return (MissingValueError if missing else InvalidRequestError)(f"Nothing was sent. {text}", problems=problems)


def where(place: str, tree: object) -> str:
    """Return the place of an annotation, with its input if it says one."""
    input_id = tree.get("input_id") if isinstance(tree, dict) else None
    return f"{place} (input {input_id!r})" if input_id else place


def _is_missing_value(detail: Any) -> bool:
    return bool(detail["type"] == "missing" and detail["loc"][-1:] == ("value",))


def _problem(detail: Any) -> str:
    field = place_of(detail["loc"]) or "as a whole"
    if detail["type"] == "missing" and not _is_missing_value(detail):
        return f"{field}: is required"
    return f"{field}: {said(detail)}"


def said(detail: Any) -> str:
    """Return what pydantic's detail of an error says, in the words of whoever raised it."""
    text: str = detail["msg"]
    return text.removeprefix("Value error, ")


# --- what comes from gRPC ------------------------------------------------------------------------

FROM_PROTOBUF = (
    "A message of protobuf is read by read_annotations(MessageToDict(message, preserving_proto_field_name=True), "
    'missing_value="negative").'
)


def is_message(value: object) -> bool:
    """Tell whether something is a message of protobuf, such as an ``Annotation`` of clarifai-grpc."""
    return hasattr(type(value), "DESCRIPTOR")


# --- ids ---------------------------------------------------------------------------------------

# What is known of the server's rule is pieced together from official clients and their tests, not published: letters,
# digits, "-" and "_", up to 32 of them for concepts and 48 for inputs. So this warns and does not refuse.
USUAL_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,31}")
USUAL_INPUT_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,47}")

IdKind = Literal["input", "annotation", "concept"]

_USUAL: dict[IdKind, tuple[re.Pattern[str], int]] = {
    "input": (USUAL_INPUT_ID, 48),
    "annotation": (USUAL_ID, 32),
    "concept": (USUAL_ID, 32),
}


class UnusualIdWarning(UserWarning):
    """An id is unlike those that Clarifai's own clients make; the server may refuse it.

    Attributes:
        kind: What it is the id of: ``"input"``, ``"annotation"`` or ``"concept"``.
    """

    kind: IdKind | None = None


_warned: set[str] = set()


def _warn_of_unusual_ids(annotation: Annotation) -> None:
    ids: list[tuple[IdKind, str]] = [("input", annotation.input_id), ("annotation", annotation.id)]
    ids += [("concept", concept.id) for _, concept in annotation.each_concept()]
    for kind, name in ids:
        usual, longest = _USUAL[kind]
        if name and kind not in _warned and not usual.fullmatch(name):
            _warned.add(kind)
            warning = UnusualIdWarning(
                f"{kind} id {name!r} is unlike Clarifai's (letters, digits, '-' and '_', at most {longest}): "
                f"it is sent as it is, and the server may refuse it. Said once for {kind} ids."
            )
            warning.kind = kind
            warnings.warn(warning, stacklevel=_level_of_the_caller())


def _level_of_the_caller() -> int:
    """Return the ``stacklevel`` of the first frame, seen from the caller, that is not of this package."""
    package = __name__.partition(".")[0]
    level, frame = 0, sys._getframe()
    while frame.f_back is not None and frame.f_globals.get("__name__", "").partition(".")[0] == package:
        level, frame = level + 1, frame.f_back
    return level
