"""The three actions of PATCH, as functions from what is stored and what was sent to what is stored then.

Rules (docs, "Patching"):

1. ``merge`` goes into objects and replaces everything else. Items of a list are found by their
   ``id`` and merged; what has no ``id``, or one that is new, is appended. ``{}`` and ``[]``
   replace, and null does nothing.
2. ``overwrite`` replaces every field that is named, whole.
3. ``remove`` takes the items that are named by ``id`` out of their lists.

Of ``remove`` the docs' examples also show scalars that replace or delete what they stand for.
That is not done here: what is no list of objects with ids is passed over (a guess).
"""

from __future__ import annotations

from typing import Any

from ._storing import Tree

AT_MOST_ONE = ("regions", "frames")
"""What an annotation has at most one of."""

PARTS = {"regions": "region_info", "frames": "frame_info", "time_segments": "time_info", "tracks": "time_info"}
"""What has data of its own, and where it says which part of the input it is."""

SERVERS_OWN = frozenset(
    {"id", "input_id", "user_id", "worker", "created_at", "modified_at", "input_level", "trusted", "consensus_info"}
)
"""Fields that a patch may repeat and does not change (a guess)."""


def patched(stored: Tree, asked: Tree, action: str) -> Tree:
    """Return an annotation as a patch leaves it, but for what only the server decides."""
    said = {key: value for key, value in asked.items() if value is not None and key not in SERVERS_OWN}
    if action == "overwrite":
        return {**stored, **said}
    if action == "remove":
        left: Tree = removed(stored, said)
        return left
    merged = {**stored, **{key: merge(stored.get(key), value) for key, value in said.items()}}
    if said.get("data") and stored.get("data"):
        merged["data"] = merge_data(stored["data"], said["data"])
    return merged


# --- merge -----------------------------------------------------------------------------------------


def merge(stored: Any, asked: Any) -> Any:
    """Return JSON with other JSON merged into it: rule 1."""
    if asked is None:
        return stored
    if isinstance(stored, dict) and isinstance(asked, dict) and asked:
        new = {key: value for key, value in asked.items() if value is not None}
        return {**stored, **{key: merge(stored[key], new[key]) if key in stored else new[key] for key in new}}
    if isinstance(stored, list) and isinstance(asked, list) and asked:
        merged = list(stored)
        for item in asked:
            index = _index_of(item, merged)
            if index is None:
                merged.append(item)
            else:
                merged[index] = merge(merged[index], item)
        return merged
    return asked


def merge_data(stored: Tree, asked: Tree) -> Tree:
    """Return data with other data merged into it.

    An annotation has at most one region and one frame. So one that comes without ``id`` is the one
    that is there: it takes its place, and its data is merged (a live test of the official SDK).
    That holds in the data of every part (a guess).
    """
    merged: Tree = merge(stored, asked)
    for key, info in PARTS.items():
        before, now = stored.get(key), asked.get(key)
        if before and now:
            is_the_one = key in AT_MOST_ONE and len(before) == len(now) == 1 and not now[0].get("id")
            parts = list(before)
            for part in now:
                index = 0 if is_the_one else _index_of(part, parts)
                if index is None:
                    parts.append(part)
                else:
                    parts[index] = _merge_part(parts[index], part, info, replace=is_the_one)
            merged[key] = parts
    return merged


def _merge_part(stored: Tree, asked: Tree, info: str, *, replace: bool) -> Tree:
    merged: Tree = {**merge(stored, asked), "id": stored.get("id")}
    where = {key: value for key, value in (asked.get(info) or {}).items() if value is not None}
    if where:
        merged[info] = where if replace else _merge_info(stored.get(info), where, info)
    if stored.get("data") and asked.get("data"):
        merged["data"] = merge_data(stored["data"], asked["data"])
    return merged


def _merge_info(stored: Any, asked: Tree, info: str) -> Tree:
    """Return where a part is. A region is in one place: only the kind that is named is kept (a guess)."""
    merged: Tree = merge(stored, asked)
    return {key: value for key, value in merged.items() if key in asked} if info == "region_info" else merged


def _index_of(item: Any, listed: list[Any]) -> int | None:
    name = _id_of(item)
    return next((index for index, other in enumerate(listed) if name is not None and _id_of(other) == name), None)


def _id_of(item: Any) -> Any:
    return (item.get("id") or None) if isinstance(item, dict) else None


# --- remove ----------------------------------------------------------------------------------------


def removed(stored: Any, asked: Any) -> Any:
    """Return JSON without the items of lists that other JSON names by their ``id``: rule 3."""
    if isinstance(stored, dict) and isinstance(asked, dict):
        return {key: removed(value, asked.get(key)) for key, value in stored.items()}
    if isinstance(stored, list) and isinstance(asked, list):
        return [item for item in stored if _index_of(item, asked) is None]
    return stored


def is_empty(value: Any) -> bool:
    """Tell whether JSON has no content: nothing but empty objects, lists and texts."""
    if isinstance(value, (dict, list)):
        return all(is_empty(item) for item in (value.values() if isinstance(value, dict) else value))
    return value is None or value == ""
