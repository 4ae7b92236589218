"""DELETE of many annotations: by pairs of ids, or everything of some inputs.

Without ``ids`` the API deletes every annotation of the inputs that are named. So no request
for pairs ever leaves with an empty list of ids, and the request without ids has a maker of its own.

What was made with an input, its input-level annotation, is deleted with the input only: the API refuses it by its
id (docs: "DeleteAnnotations"). So no pair that is known to be one leaves.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence, Set
from typing import Any, NamedTuple

from ..errors import APIError, Failure, InvalidRequestError, PartialFailureError
from ..models.annotation import Annotation
from .guard import encode_body
from .outcomes import Key
from .requests import MAX_ANNOTATIONS, App, Request, asking, id_list

Target = Key | str
"""What is to be gone: an annotation by (input, id), or everything of an input."""


class DeleteResult(NamedTuple):
    """What `Client.delete_many` did.

    Attributes:
        deleted: How many annotations are gone, each counted once; one that did not exist counts too.
        skipped: Input and id of each input-level annotation: it came with its input, and is deleted with it only.
    """

    deleted: int
    skipped: list[Key]


def pairs(annotations: object, ids: object, input_ids: object) -> tuple[list[Key], dict[Key, None]]:
    """Return the (input, id) pairs that are meant, in the order asked, and those of them that are input-level.

    Raises:
        InvalidRequestError: If they are said in no way or in two, or one of them lacks an id.
    """
    if (annotations is None) == (ids is None and input_ids is None):
        raise InvalidRequestError("Nothing was sent: delete_many takes annotations, or ids= and input_ids=.")
    if annotations is not None:
        keys, skipped = [], dict[Key, None]()  # a set that keeps their order
        for index, item in enumerate(_each(annotations)):
            keys.append(_key(item, f"annotations[{index}]"))
            if _is_input_level(item):
                skipped[keys[-1]] = None
        return keys, skipped
    names, inputs = id_list(ids, "ids"), id_list(input_ids, "input_ids")
    if names is None or inputs is None or len(names) != len(inputs):
        count = ["no" if given is None else str(len(given)) for given in (names, inputs)]
        raise InvalidRequestError(
            f"Nothing was sent: ids and input_ids are pairs, of the same length and order: {count[0]} ids and "
            f"{count[1]} input_ids.",
            hint="delete_all_of_inputs() deletes every annotation of inputs.",
        )
    return list(zip(inputs, names, strict=True)), {}


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


def _is_input_level(item: object) -> bool:
    said = item.get("input_level") if isinstance(item, Mapping) else getattr(item, "input_level", None)
    return said is True


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


def left(targets: Sequence[Target], found: Iterable[Annotation]) -> tuple[list[Target], list[Key]]:
    """Return the targets that are still there, and those of them that are input-level, which nobody can delete."""
    there: dict[bool, set[Target]] = {False: set(), True: set()}
    for annotation in found:
        there[annotation.input_level is True] |= {annotation.input_id, (annotation.input_id, annotation.id)}
    skipped = [target for target in targets if not isinstance(target, str) and target in there[True]]
    return [target for target in targets if target in there[False]], skipped


def failure(
    gone: Set[Target], skipped: Collection[Key], targets: Sequence[Target], error: APIError
) -> PartialFailureError:
    """Return the error that says which of the targets are gone and which are left."""
    left = [(index, target) for index, target in enumerate(targets) if target not in gone and target not in skipped]
    what = "inputs' annotations" if isinstance(targets[0], str) else "annotations"
    more = f"; input-level and skipped: {len(skipped)}" if skipped else ""
    return PartialFailureError(
        f"{error.operation}: {len(left)} of {len(targets)} {what} are not known to be gone; the others are "
        f"(.succeeded){more}.",
        succeeded=[_named(target) for target in targets if target in gone],
        failed=[Failure(index, _named(target), error) for index, target in left],
    )


def _named(target: Target) -> Annotation:
    if isinstance(target, str):
        return Annotation(input_id=target)
    return Annotation(input_id=target[0], id=target[1])
