"""PATCH: from annotations and an action to a request, and from its answer to what became of each.

Rules:

1. The action is always sent: nobody knows what the API takes for one that is left out.
2. An annotation that was read says what was changed since (`changes`); one that was built says
   what was set. Either is checked as strictly as a new one.
3. A patch is sent again after an unclear failure only if doing it twice is doing it once.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

from ..errors import InvalidRequestError, NotFoundError
from ..models._base import read
from ..models.annotation import Annotation, Data, Origin
from . import edits
from .answers import Answer
from .changes import IDS, appends, changes, removal
from .encode import Tree, Unknown, check, refusal, to_tree
from .guard import as_polarity, encode_body
from .outcomes import Item, Key, Verdict, judge
from .requests import App, Request
from .rows import listed

Action = Literal["merge", "overwrite", "remove"]


@dataclass(frozen=True)
class Patch:
    """A patch that is about to be sent.

    Attributes:
        item: What is sent.
        annotation: What the caller gave, if it was an `Annotation`.
        origin: What the server had, as far as was known, when the patch was made.
        sent: A copy of the annotation as it was then: it may be edited while the patch is on its way.
    """

    item: Item
    annotation: Annotation | None = None
    origin: Origin | None = None
    sent: Annotation | None = None

    @property
    def says_nothing(self) -> bool:
        """Whether nothing was changed since the annotation was read."""
        return self.item.tree.keys() <= IDS

    def begin(self) -> None:
        """Note that from here on nobody knows what the server has, until `end`."""
        if self.annotation is not None and self.origin is not None and self.sent is not None:
            sent = to_tree(self.sent, "drop")
            maybe = self.origin.maybe if sent in self.origin.maybe else (*self.origin.maybe, sent)
            self.annotation._origin = Origin(self.origin.tree, self.origin.shown, maybe)

    def end(self, *, is_done: bool) -> None:
        """Note that the server has the annotation as it was sent, or still has it as it was."""
        if self.annotation is None or self.origin is None or self.sent is None:
            return
        if is_done:
            edits.forget_assignments(self.annotation)
            edits.forget_assignments(self.sent)
            self.annotation._origin = Origin(to_tree(self.sent, "keep"), edits.shown(self.sent))
        else:
            self.annotation._origin = self.origin


def plan(annotations: object, action: str) -> list[Patch]:
    """Return the checked patches; of an annotation without changes only its ids.

    Raises:
        InvalidRequestError: If one of them cannot be sent, there are none or more than 128, or two are
            about the same annotation.
    """
    if action not in get_args(Action):
        raise InvalidRequestError(f"action must be one of {', '.join(get_args(Action))}, not {action!r}.")
    patches: dict[Key, Patch] = {}
    for index, annotation in enumerate(listed(annotations, "patch")):
        item = Item(index, _prepare(annotation, action, f"annotations[{index}]"), derived=False)
        patch = Patch(item)
        if isinstance(annotation, Annotation):
            patch = Patch(item, annotation, annotation._origin, annotation.model_copy(deep=True))
        twin = patches.setdefault(item.key, patch)
        if twin is not patch:
            raise InvalidRequestError(
                f"Nothing was sent. annotations[{twin.item.index}] and annotations[{index}] are the same annotation "
                f"{item.key[1]!r} of input {item.key[0]!r}: say its changes in one."
            )
    return list(patches.values())


def _prepare(annotation: object, action: str, place: str) -> Tree:
    try:
        tree = _said(annotation, action, place)
    except InvalidRequestError as error:
        raise error if str(error).startswith("Nothing was sent") else refusal([f"{place}: {error}"]) from None
    checked = check(tree, place, Annotation)
    if not checked.id:
        raise refusal([f"{place} (input {checked.input_id!r}), id: is required, to say which annotation is patched"])
    if isinstance(annotation, Annotation):
        if tree.keys() <= IDS and annotation._origin is None:
            raise refusal([f"{place} (input {checked.input_id!r}): says nothing to change"])
        return tree
    return to_tree(checked)  # type: ignore[no-any-return]  # a dict may say a thing in more ways than the wire does


def _said(annotation: object, action: str, place: str) -> Tree:
    if isinstance(annotation, Annotation) and action == "remove" and annotation._origin is not None:
        raise InvalidRequestError(
            f"Nothing was sent. {place} (input {annotation.input_id!r}): a removal takes out what it names, and this "
            "is all that is left of an annotation which a client returned.",
            hint='Name what is to go: {"id": ..., "input_id": ..., "data": {"concepts": [{"id": ...}]}}.',
        )
    if isinstance(annotation, Annotation) and annotation._origin is not None:
        origin, name = annotation._origin, f"{place} (input {annotation.input_id!r})"
        then = read(Annotation, origin.tree)
        problems = edits.take_edits(annotation, edits.shown(then) if origin.shown is None else origin.shown)
        if problems:
            raise refusal([f"{name}, {problem}" for problem in problems])
        if action == "overwrite":
            return to_tree(annotation)  # type: ignore[no-any-return]  # a dict
        unknown: Unknown = "keep" if origin.is_sure else "drop"
        before, after = to_tree(then, unknown), to_tree(annotation, unknown)
        if "data" in before and isinstance(now := after.get("data"), dict):
            # Who says nothing of what this version does not know does not mean to take it out.
            before["data"] = {k: said for k, said in before["data"].items() if k in now or k in Data.model_fields}
        if any(before.get(key) != after.get(key) for key in IDS):
            raise refusal([f"{name}: the ids of an annotation cannot be changed; create another one"])
        ids = {key: after[key] for key in after if key in IDS}
        for maybe in origin.maybe:  # what a merge cannot say of it either is refused
            changes(maybe, after, name)
        return {**ids, **changes(before, after, name, is_sure=origin.is_sure)}
    tree: Any = to_tree(annotation)
    if not isinstance(tree, dict):
        raise InvalidRequestError(f"is a {type(annotation).__name__}: give Annotation objects")
    return removal(tree, place) if action == "remove" else tree


def request(
    app: App,
    items: Sequence[Item],
    action: str,
    *,
    delete_if_empty_data: bool,
    fractional_values: bool,
    operation: str = "patch",
) -> Request:
    """PATCH 1 to 128 annotations."""
    body: Tree = {"annotations": [item.tree for item in items], "action": action}
    if delete_if_empty_data:
        body["delete_if_empty_data"] = True
    # An annotation that was deleted because it was empty is not found by a second attempt.
    twice_is_once = not delete_if_empty_data if action != "merge" else not appends([item.tree for item in items])
    content = encode_body(body, fractional_values=fractional_values)
    return Request(operation, "PATCH", app.path("/annotations"), content, repeatable=twice_is_once)


def outcome(items: Sequence[Item], action: str, answer: Answer, redact: Any) -> dict[Key, Verdict]:
    """Say for every patch what an answer means for it.

    Raises:
        InvalidResponseError: If the answer has another shape than the API's.
    """
    if action == "remove":  # the values in it say nothing, so they are not compared
        items = [item._replace(tree={key: item.tree[key] for key in IDS}) for item in items]
    return judge(items, answer, redact)


# --- one label -----------------------------------------------------------------------------------


def flip(annotation: Annotation, concept_id: str, value: float, redact: Callable[[str], str] = str) -> bool:
    """Change one concept's value in an annotation; ``False`` if it has that value already.

    Raises:
        NotFoundError: If it has no such concept.
        InvalidRequestError: If it has it in several places, so that nobody knows which is meant.
    """
    concepts = list(annotation.each_concept())
    found = [(place, concept) for place, concept in concepts if concept.id == concept_id]
    name = f"annotation {annotation.id!r} of input {annotation.input_id!r}"
    if not found:
        there = redact(", ".join(repr(concept.id) for _, concept in concepts)) or "none"
        raise NotFoundError(f"answered, but {name} has no concept {concept_id!r}: it has {there}; nothing was changed")
    if len(found) > 1:
        places = " and ".join(place for place, _ in found)
        raise InvalidRequestError(
            f"Nothing was sent. Concept {concept_id!r} is in {places} of {name}.",
            hint="Say which one is meant: change it on what get() returned, and patch() that.",
        )
    [(_, concept)] = found
    if concept.value == value and not concept.value_was_missing:
        return False
    concept.value = value
    return True


def polarity(value: object, *, fractional_values: bool) -> float:
    """Return a value that says a polarity, as the guard would let it out.

    Raises:
        InvalidRequestError: If it is none.
    """
    try:
        return as_polarity(value, fractional_values)
    except ValueError as error:
        raise InvalidRequestError(f"Nothing was sent. value is {value!r}: it {error}.") from None
