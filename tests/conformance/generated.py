"""Requests by chance, made from the descriptors: whatever Clarifai's messages can say, and this library knows."""

from __future__ import annotations

from functools import cache
from typing import Any

from hypothesis import strategies as st
from kinds import PNG, json_values
from left_out import LEFT_OUT
from official import Rpc, rpcs
from watching import is_repeated

from clarifai_http_annotations import StatusCode

DEPTH = 7
"""Messages in one another: an annotation, its frame, the frame's data, its region, the region's data, a concept."""

TEXTS = st.sampled_from(["", "a", "in-1", "t", "tree"])
FLOATS = st.sampled_from([0.0, 1.0, 0.5, 0.1])
SCALARS: dict[str, st.SearchStrategy[Any]] = {
    "TYPE_STRING": TEXTS,
    "TYPE_BYTES": st.just(PNG),
    "TYPE_FLOAT": FLOATS,
    "TYPE_DOUBLE": FLOATS,
    "TYPE_BOOL": st.booleans(),
    "TYPE_UINT32": st.sampled_from([0, 1, 3, 2**32 - 1]),
    "TYPE_UINT64": st.sampled_from([0, 40, "40", 2**64 - 1, str(2**64 - 1)]),
}
WELL_KNOWN: dict[str, st.SearchStrategy[Any]] = {
    "Struct": st.dictionaries(TEXTS, json_values, max_size=2),
    "Timestamp": st.sampled_from(["2025-02-28T09:41:55Z", "2025-02-28T09:41:55.568082659Z"]),
    # an annotation names the version that made it, and no more
    "Model": st.fixed_dictionaries({"model_version": st.fixed_dictionaries({"id": TEXTS})}),
    "Workflow": st.fixed_dictionaries({"version": st.fixed_dictionaries({"id": TEXTS})}),
}
NOT_ASKED = ("user_app_id", "statuses")
"""Fields that are in no body and no query: the first is in the path, the second cannot be said in one."""

MADE_OF = {"annotations": "PostAnnotations", "annotation_tracks": "PostAnnotationTracks"}
"""Fields of requests whose messages are made here, and where they are found."""


def requests_of(rpc: Rpc) -> st.SearchStrategy[tuple[str, str, dict[str, Any]]]:
    """Return a strategy of requests: method, path after the app, and the fields of the message that are not in it."""
    fields = {field.name: field for field in rpc.request.DESCRIPTOR.fields if field.name not in NOT_ASKED}
    always = {name: SAID[name] for name in fields if name in SAID}
    perhaps = {name: of_field(field, DEPTH) for name, field in fields.items() if name not in SAID}
    said = st.fixed_dictionaries(always, optional=perhaps)
    return st.tuples(st.sampled_from(sorted(rpc.routes)), said).map(_placed)


def _placed(drawn: tuple[tuple[str, str], dict[str, Any]]) -> tuple[str, str, dict[str, Any]]:
    (verb, path), said = drawn
    ids = {"input_id": "in-1", "annotation_id": "a", "task_id": "t"}
    left = {name: value for name, value in said.items() if f"{{{name}}}" not in path}
    return verb, path.format(**ids), left


@cache
def of_message(descriptor: Any, depth: int) -> st.SearchStrategy[dict[str, Any]]:
    """Return a strategy of JSON of a message: any of its fields that this library knows, of a ``oneof`` at most one."""
    left_out = LEFT_OUT.get(descriptor.name, {})
    fields = {field.name: of_field(field, depth) for field in descriptor.fields if field.name not in left_out}
    either = [[field.name for field in one.fields] for one in descriptor.oneofs]

    def at_most_one(said: dict[str, Any]) -> dict[str, Any]:
        for names in either:
            for name in [name for name in names if name in said][1:]:
                del said[name]
        return said

    return st.fixed_dictionaries({}, optional=fields).map(at_most_one)


def of_field(field: Any, depth: int) -> st.SearchStrategy[Any]:
    """Return a strategy of JSON of a field."""
    one = _one(field, depth)
    return st.lists(one, max_size=2) if is_repeated(field) else one


def _one(field: Any, depth: int) -> st.SearchStrategy[Any]:
    if field.enum_type is not None:
        members = [value for value in field.enum_type.values if "Status" not in field.enum_type.name or is_ours(value)]
        return st.sampled_from([said for value in members for said in (value.name, value.number)])
    if field.message_type is None:
        kinds = {getattr(field, kind): strategy for kind, strategy in SCALARS.items()}
        return kinds[field.type]
    if field.message_type.name in WELL_KNOWN:
        return WELL_KNOWN[field.message_type.name]
    if not depth:
        return st.builds(dict)
    return st.deferred(lambda: of_message(field.message_type, depth - 1))


def is_ours(value: Any) -> bool:
    """Tell whether a status is one that an annotation has."""
    return bool(value.name.startswith("ANNOTATION_") and value.name in StatusCode.__members__)


def known_as(names: dict[str, str], message: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Return a strategy of messages most of which have the ids of something that is there."""
    named = message.map(lambda said: {**said, **names})
    return st.one_of(named, named, message)


PARTS = {name: rpcs()[rpc].request.DESCRIPTOR.fields_by_name[name].message_type for name, rpc in MADE_OF.items()}
any_annotation = known_as({"id": "a", "input_id": "in-1", "task_id": "t"}, of_message(PARTS["annotations"], DEPTH))
any_track = known_as({"id": "t"}, of_message(PARTS["annotation_tracks"], DEPTH))
any_filter = st.fixed_dictionaries({"annotation": any_annotation}, optional={"negate": st.booleans()})

SAID: dict[str, st.SearchStrategy[Any]] = {
    "annotations": st.lists(any_annotation, min_size=1, max_size=2),
    "annotation_tracks": st.lists(any_track, min_size=1, max_size=2),
    "searches": st.fixed_dictionaries(
        {"query": st.fixed_dictionaries({"filters": st.lists(any_filter, max_size=2)})}
    ).map(lambda search: [search]),
    "action": st.sampled_from(["overwrite", "overwrite", "merge", "remove"]),
    "status_code": st.sampled_from(["ANNOTATION_SUCCESS", 24151]),
    "input_id": st.just("in-1"),
    "input_ids": st.just(["in-1"]),
    "ids": st.lists(st.sampled_from(["a", "t"]), max_size=1),
    "track_id": st.just("t"),
    "page": st.just(1),
    "per_page": st.sampled_from([1, 20]),
}
"""Fields of requests that mean something by their value; they are always there."""
