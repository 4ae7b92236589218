"""DELETE of many annotations: by pairs of ids, or everything of some inputs.

Without ``ids`` the API deletes every annotation of the inputs that are named. So no request
for pairs ever leaves with an empty list of ids, and the request without ids has a maker of its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ..errors import APIError, Failure, InvalidRequestError, PartialFailureError
from ..models.annotation import Annotation
from .guard import encode_body
from .outcomes import Key
from .requests import MAX_ANNOTATIONS, App, Request, asking, id_list

Target = Key | str
"""What is to be gone: an annotation by (input, id), or everything of an input."""


def pairs(annotations: object, ids: object, input_ids: object) -> list[Key]:
    """Return the (input, id) pairs that are meant, in the order asked.

    Raises:
        InvalidRequestError: If they are said in no way or in two, or one of them lacks an id.
    """
    if (annotations is None) == (ids is None and input_ids is None):
        raise InvalidRequestError("Nothing was sent: delete_many takes annotations, or ids= and input_ids=.")
    if annotations is not None:
        return [_key(item, f"annotations[{index}]") for index, item in enumerate(_each(annotations))]
    names, inputs = id_list(ids, "ids"), id_list(input_ids, "input_ids")
    if names is None or inputs is None or len(names) != len(inputs):
        count = ["no" if given is None else str(len(given)) for given in (names, inputs)]
        raise InvalidRequestError(
            f"Nothing was sent: ids and input_ids are pairs, of the same length and order: {count[0]} ids and "
            f"{count[1]} input_ids.",
            hint="delete_all_of_inputs() deletes every annotation of inputs.",
        )
    return list(zip(inputs, names, strict=True))


def _each(annotations: Any) -> Iterable[object]:
    if isinstance(annotations, (Annotation, Mapping)):
        return [annotations]
    if isinstance(annotations, (str, bytes)) or not isinstance(annotations, Iterable):
        kind = type(annotations).__name__
        raise InvalidRequestError(f"Nothing was sent: delete_many takes annotations (with their ids), not {kind}.")
    return annotations


def _key(item: object, place: str) -> Key:
    if isinstance(item, Annotation):
        key: tuple[Any, Any] = (getattr(item, "input_id", None), getattr(item, "id", None))
    elif isinstance(item, Mapping):
        key = (item.get("input_id"), item.get("id"))
    else:
        raise InvalidRequestError(
            f"Nothing was sent. {place} is a {type(item).__name__}: give an Annotation, or a dict with id and input_id."
        )
    for name, value in zip(("input_id", "id"), key, strict=True):
        if not isinstance(value, str) or not value.strip():
            raise InvalidRequestError(f"Nothing was sent. {place}, {name}: must be a text that is not empty.")
    return key


def inputs(input_ids: object) -> list[str]:
    """Return the inputs that are meant, in the order asked.

    Raises:
        InvalidRequestError: If one of them is no text, or empty.
    """
    if input_ids is None:
        raise InvalidRequestError("Nothing was sent: delete_all_of_inputs needs the ids of inputs.")
    return id_list(input_ids, "input_ids") or []


def parts(targets: Sequence[Target]) -> list[list[Target]]:
    """Split into requests, each target once: as many as the API takes of anything else in one (it does not say)."""
    once = list(dict.fromkeys(targets))
    return [once[start : start + MAX_ANNOTATIONS] for start in range(0, len(once), MAX_ANNOTATIONS)]


def request(app: App, targets: Sequence[Target]) -> Request:
    """DELETE annotations; repeatable, because "it is gone" is then success."""
    if all(isinstance(target, str) for target in targets):
        body: dict[str, Any] = {"input_ids": list(targets)}
        operation = "delete_all_of_inputs"
    else:
        body = {"input_ids": [key[0] for key in targets], "ids": [key[1] for key in targets]}
        operation = "delete_many"
    return Request(operation, "DELETE", app.path("/annotations"), encode_body(body))


def filters(targets: Sequence[Target]) -> dict[str, Any]:
    """Return the query that lists what is left of targets."""
    pairs = [target for target in targets if not isinstance(target, str)]
    if pairs:
        return asking(pairs)
    return {"input_ids": list(targets), "list_all_annotations": True}


def left(targets: Sequence[Target], found: Iterable[Annotation]) -> list[Target]:
    """Return the targets that are still there; what came with an input goes only with it."""
    there: set[Target] = set()
    for annotation in found:
        if not annotation.input_level:
            there |= {annotation.input_id, (annotation.input_id, annotation.id)}
    return [target for target in targets if target in there]


def failure(gone: Sequence[Target], targets: Sequence[Target], error: APIError) -> PartialFailureError:
    """Return the error that says which of the targets are gone and which are left."""
    are_gone = set(gone)
    left = [(index, target) for index, target in enumerate(targets) if target not in are_gone]
    what = "inputs' annotations" if isinstance(targets[0], str) else "annotations"
    return PartialFailureError(
        f"{error.operation}: {len(left)} of {len(targets)} {what} are not known to be gone; the others are "
        "(.succeeded).",
        succeeded=[_named(target) for target in targets if target in are_gone],
        failed=[Failure(index, _named(target), error) for index, target in left],
    )


def _named(target: Target) -> Annotation:
    if isinstance(target, str):
        return Annotation(input_id=target)
    return Annotation(input_id=target[0], id=target[1])
