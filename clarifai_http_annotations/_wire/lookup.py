"""What the server has under an id, and what that means for an annotation of which nothing else tells."""

from collections.abc import Iterable, Mapping
from typing import Any

from ..errors import ConflictError
from ..models.annotation import Annotation
from . import answers
from .answers import Answer
from .ids import holds
from .outcomes import Failed, Item, Key, Stored, Unclear, key_of

ASKS = 4
"""How often an annotation that is not listed is asked for: lists may lag behind."""

CHOOSE = "Choose another id, or leave it out to have one derived from the content."

COMPARE = "See what get() shows under this id before anything is trained on it."

FORBIDDEN = (
    "This key may not read annotations, so nobody can tell what is stored: give it the scope Annotations_Get, or look "
    "with another key."
)

Listed = tuple[dict[str, Any], Annotation]
"""An annotation as the server listed it: as it came, and read."""


def read_listed(answer: Answer, filters: Mapping[str, Any]) -> list[Listed]:
    """Return what a page lists; what has no ids is nothing that was asked about.

    Raises:
        InvalidResponseError: If one of it has another shape than the API's, or was not asked for (``filters``).
    """
    answers.check_asked(answer, (key_of(tree) for tree in answers.items_of(answer) if isinstance(tree, dict)), filters)
    return [
        (tree, answers.read_model(answer, tree, f"annotations[{index}]", Annotation))
        for index, tree in enumerate(answers.items_of(answer))
        if isinstance(tree, dict) and None not in key_of(tree)
    ]


def settle(item: Item, found: Iterable[Listed], verdict: Unclear) -> Stored | Failed:
    """Say what an unclear item is, now that the server was asked what it has under its id.

    Args:
        item: The item.
        found: What the server listed.
        verdict: What it was until now.
    """
    for tree, annotation in found:
        if key_of(tree) == item.key:
            if holds(tree, item.tree):
                return Stored(annotation)
            return Failed(other_content(item.key))
    if verdict.is_taken:
        return Failed(not_compared(item.key))
    verdict.error.maybe_done |= verdict.is_accepted
    return Failed(verdict.error)


def missing(items: Iterable[Item], found: Iterable[Listed], unclear: Mapping[Key, Unclear]) -> list[Item]:
    """Return the items that must be there and are not listed, yet: lists may lag behind."""
    listed = {key_of(tree) for tree, _ in found}
    must = (item for item in items if unclear[item.key].is_taken or unclear[item.key].is_accepted)
    return [item for item in must if item.key not in listed]


def other_content(key: Key) -> ConflictError:
    """Return the error of an annotation under whose id the server has another one."""
    return ConflictError(f"was not stored: id {key[1]!r} of input {key[0]!r} holds other content", hint=CHOOSE)


def not_compared(key: Key) -> ConflictError:
    """Return the error of an annotation whose id is taken, and the server does not show by what."""
    error = ConflictError(
        f"may be stored or not: id {key[1]!r}, which this content made, is taken in input {key[0]!r}, "
        "and the server does not show what is under it",
        hint=COMPARE,
    )
    error.maybe_done = True
    return error
