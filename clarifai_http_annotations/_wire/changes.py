"""What a patch says: the changes since an annotation was read, in words that the API's merge has.

Rules of the API (docs: "Patching"):

- ``merge`` goes into objects, overwrites scalars, merges the items of a list by their ``id``
  and **appends** the others; an empty list or object replaces; null does nothing.
- ``remove`` deletes the items of a list whose ids are named, each as a whole.
- ``overwrite`` replaces what is named by what is given.

Rules of this file:

1. A merge names only what was changed: so nothing is appended a second time (the points of
   a polygon have no ids), and a change of somebody else's meanwhile is left alone.
2. What a merge cannot say (something was taken out, a list without ids was changed) is
   refused with what to do instead. Nothing is approximated.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from ..errors import InvalidRequestError
from .guard import FREE_JSON, Place, find_concepts, place_of

Tree = dict[str, Any]

IDS = frozenset({"id", "input_id"})

WHOLE = frozenset({"region_info", "frame_info", "time_info", "geo", "status", "worker"})
"""Objects that are sent whole if anything in them was changed."""

NOTHING = object()
"""What there is to say of something that was not changed."""

INSTEAD = (
    'patch({"id": ..., "input_id": ..., "data": {"concepts": [{"id": ...}]}}, action="remove") takes out what it '
    'names; action="overwrite" replaces what there is by all of this.'
)


def changes(before: Tree, after: Tree, name: str, *, is_sure: bool = True) -> Tree:
    """Return what a merge has to say to make one annotation of another, without the ids.

    Args:
        before: The annotation as it was read.
        after: The annotation as it is wanted.
        name: What to call it in an error.
        is_sure: Whether the server still has it as it was read; otherwise everything is said that can
            be said twice.

    Raises:
        InvalidRequestError: If a merge cannot say it.
    """
    merge = _Merge(is_sure)
    changed = merge.object(before, after, ())
    if merge.problems:
        raise _refusal(name, merge.problems, INSTEAD)
    return changed


def _refusal(name: str, problems: list[str], hint: str) -> InvalidRequestError:
    sentences = [f"{name}, {problem}." for problem in problems]
    text = f" {sentences[0]}" if len(sentences) == 1 else "\n  ".join(["", *sentences]) + "\n"
    return InvalidRequestError(f"Nothing was sent.{text}", hint=hint, problems=sentences)


@dataclass
class _Merge:
    """Finds what a merge has to say, and what it cannot."""

    is_sure: bool
    problems: list[str] = field(default_factory=list)

    def object(self, before: Tree, after: Tree, place: Place, *, is_free: bool = False) -> Tree:
        gone = [key for key in before if key not in after or (after[key] is None and before[key] is not None)]
        gone = [key for key in gone if is_free or before[key] is not None]
        self.problems += [f"{place_of((*place, key))}: a merge cannot take it out" for key in gone]
        changed: Tree = {}
        for key, now in after.items():
            if now is None and is_free:
                if key not in before:
                    self.problems.append(f"{place_of((*place, key))}: a merge cannot write null")
                continue
            said = self.value(before.get(key), now, (*place, key), is_free=is_free or key in FREE_JSON)
            if is_free:
                changed |= {} if said is NOTHING else {key: said}
            elif said is not NOTHING and not (key in IDS and now == before.get(key)):
                changed[key] = now if key in WHOLE else said
        return changed

    def value(self, then: Any, now: Any, place: Place, *, is_free: bool) -> Any:
        if isinstance(now, dict) and now and isinstance(then, dict):
            return self.object(then, now, place, is_free=is_free) or NOTHING
        if isinstance(now, list) and now and isinstance(then, list) and then:
            if _are_same(then, now) and _by_id(now) is None:
                return NOTHING
            return self.items(then, now, place, is_free=is_free) or NOTHING
        return NOTHING if self.is_sure and _are_same(then, now) else now

    def items(self, then: list[Any], now: list[Any], place: Place, *, is_free: bool) -> list[Any]:
        before, after = _by_id(then), _by_id(now)
        if before is None or after is None:
            self.problems.append(f"{place_of(place)}: a merge cannot change a list whose items have no ids")
            return now
        taken = before.keys() - after
        self.problems += [f"{place_of(place)}: a merge cannot take {name!r} out" for name in taken]
        are_concepts = place[-1] == "concepts" and not is_free
        if not taken and not are_concepts and list(after)[: len(before)] != list(before):
            self.problems.append(
                f"{place_of(place)}: a merge cannot change the order of a list; it appends what is new"
            )
        changed = []
        for index, (name, item) in enumerate(after.items()):
            difference = self.object(before.get(name, {}), item, (*place, index), is_free=is_free)
            if difference:
                value = {"value": item["value"]} if are_concepts and "value" in item else {}
                changed.append({"id": name, **value, **difference})
        return changed


def _are_same(then: Any, now: Any) -> bool:
    """Compare JSON, in which ``true`` is not 1."""
    if isinstance(now, dict) and isinstance(then, dict):
        return now.keys() == then.keys() and all(_are_same(then[key], now[key]) for key in now)
    if isinstance(now, list) and isinstance(then, list):
        return len(now) == len(then) and all(map(_are_same, then, now))
    return type(now) is type(then) and bool(now == then)


def _by_id(items: list[Any]) -> dict[str, Tree] | None:
    """Return items by their ids; ``None`` if one has none, or two have the same."""
    named = {
        item["id"]: item for item in items if isinstance(item, dict) and isinstance(item.get("id"), str) and item["id"]
    }
    return named if len(named) == len(items) else None


# --- remove --------------------------------------------------------------------------------------


def removal(tree: Tree, name: str) -> Tree:
    """Return the patch that removes what a tree names by id; a concept in it has the value 0.

    Raises:
        InvalidRequestError: If the tree names anything that a removal cannot mean.
    """
    problems = list(_not_removable(tree))
    if problems:
        hint = (
            "Name items of data by their ids alone. For anything else get() the annotation, take it out, and "
            'patch(..., action="overwrite").'
        )
        raise _refusal(name, problems, hint)
    for _, concept in find_concepts(tree):
        concept.setdefault("value", 0.0)
    return tree


def _not_removable(tree: Tree) -> Iterator[str]:
    yield from (f"{key}: a removal takes items out of lists" for key in tree if key not in ("id", "input_id", "data"))
    data = tree.get("data")
    for key, items in data.items() if isinstance(data, dict) else ():
        if not isinstance(items, list):
            yield f"data.{key}: a removal takes items out of lists"
            continue
        for index, item in enumerate(items):
            place = f"data.{key}[{index}]"
            if not isinstance(item, dict) or not item.get("id"):
                yield f"{place}: a removal needs its id"
            elif key != "concepts" and item.keys() - {"id"}:
                yield f"{place}: a removal takes the whole of {item['id']!r} away; name it by its id alone"
    if not isinstance(data, dict) or not any(data.values()):
        yield "data: names nothing to remove"


# --- sending again -------------------------------------------------------------------------------


def appends(tree: Any) -> bool:
    """Tell whether merging a patch a second time would append something a second time."""
    if isinstance(tree, list):
        return any(not isinstance(item, dict) or "id" not in item or appends(item) for item in tree)
    if isinstance(tree, dict):
        return any(bool(_lists_in(item)) if key in FREE_JSON else appends(item) for key, item in tree.items())
    return False


def _lists_in(value: Any) -> bool:
    if isinstance(value, dict):
        return any(map(_lists_in, value.values()))
    return isinstance(value, list) and bool(value)
