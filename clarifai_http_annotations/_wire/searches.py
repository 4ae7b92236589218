"""POST annotations/searches: from filters to a body.

A filter that says several things becomes several filters of the API, each with one: the API
requires all of them of one annotation (docs of its ``Filter`` message), and what it makes of
several fields in one filter is not said. For the same reason a negated filter says one thing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime

from ..errors import InvalidRequestError
from ..models.concept import Concept
from ..models.search import Filter
from .encode import Tree, refusal, to_tree
from .guard import encode_body
from .requests import App, Request

KINDS: dict[str, Tree] = {
    "classification": {},
    **{
        kind: {"regions": [{"region_info": {kind: {}}}]}
        for kind in ("bounding_box", "polygon", "mask", "point", "span")
    },
    "frame": {"frames": [{"frame_info": {}}]},
    "time_segment": {"time_segments": [{"time_info": {}}]},
}
"""What ``data`` of a filter says for each kind of annotation: objects that are empty on purpose."""

SAME_NAME = ("id", "input_id", "task_id", "user_id", "model_version_id", "annotation_info")


def conditions(given: Iterable[object]) -> list[Tree]:
    """Return the filters of the API's shape.

    Args:
        given: `Filter` objects, a `Concept` for one that asks for it, or dicts of the API's own shape.

    Raises:
        InvalidRequestError: If there is none, or one says nothing, or too much for a negation.
    """
    found: list[Tree] = []
    for index, item in enumerate(given):
        found += _conditions(item, f"filters[{index}]")
    if not found:
        raise InvalidRequestError(
            "Nothing was sent: search takes filters, such as positive('tree') or Filter(status=...).",
            hint="list() yields every annotation.",
        )
    return found


def _conditions(item: object, place: str) -> list[Tree]:
    if isinstance(item, Concept):
        item = Filter(concept=item)
    if isinstance(item, Mapping):
        tree: Tree = to_tree(item)
        if not tree.keys() & {"annotation", "input", "last_updated_time_range"}:
            raise refusal([f"{place}: a filter of the API has annotation, input or last_updated_time_range"])
        return [tree]
    if not isinstance(item, Filter):
        name = repr(item) if isinstance(item, str) else "..."
        raise refusal([f"{place} is a {type(item).__name__}: give positive({name}), negative({name}) or a Filter(...)"])
    found = list(_said(item))
    if not found:
        raise refusal([f"{place} says nothing"])
    if item.negate and len(found) > 1:
        raise refusal([f"{place} is negated and says {len(found)} things: negate a filter for each, or search twice"])
    return [_negated(condition) for condition in found] if item.negate else found


def _negated(condition: Tree) -> Tree:
    flipped = {**condition, "negate": not condition.get("negate", False)}
    return flipped if flipped["negate"] else {key: part for key, part in flipped.items() if key != "negate"}


def _said(item: Filter) -> Iterator[Tree]:
    for name in SAME_NAME:
        if getattr(item, name) is not None:
            yield {"annotation": {name: to_tree(getattr(item, name))}}
    if item.status is not None:
        yield {"annotation": {"status": {"code": to_tree(item.status)}}}
    if item.input_level is not None:  # a false of protobuf may be nothing said, so it is "not true"
        is_true: Tree = {"annotation": {"input_level": True}}
        yield is_true if item.input_level else _negated(is_true)
    data = [{"concepts": [to_tree(item.concept)]}] if item.concept is not None else []
    data += [KINDS[item.kind]] if item.kind is not None else []
    data += [{"regions": [{"track_id": item.track_id}]}] if item.track_id is not None else []
    data += [to_tree({"metadata": item.metadata})] if item.metadata is not None else []
    yield from ({"annotation": {"data": part}} for part in data)
    times = {"start_time": item.changed_since, "end_time": item.changed_until}
    if any(times.values()):
        yield {"last_updated_time_range": {name: _rfc3339(time) for name, time in times.items() if time is not None}}


def _rfc3339(time: datetime) -> str:
    return time.astimezone(UTC).isoformat().replace("+00:00", "Z")


def asked(filters: list[Tree]) -> Tree:
    """Return what can be checked of hits: the input, where a filter names it and nothing else."""
    said = [condition["annotation"] for condition in filters if condition.keys() == {"annotation"}]
    names = [about["input_id"] for about in said if isinstance(about, dict) and about.keys() == {"input_id"}]
    return {"input_ids": names} if len(names) == 1 and isinstance(names[0], str) else {}


def request(app: App, filters: list[Tree], *, page: int, per_page: int, fractional_values: bool) -> Request:
    """POST a search for one page of hits; it stores nothing."""
    body = {"searches": [{"query": {"filters": filters}}], "pagination": {"page": page, "per_page": per_page}}
    content = encode_body(body, fractional_values=fractional_values)
    return Request("search", "POST", app.path("/annotations/searches"), content)
