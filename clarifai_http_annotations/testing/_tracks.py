"""The routes of annotation tracks: one concept that is followed through a video."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from ..models.status import StatusCode
from ._answers import Answer, Refused, as_answer, invalid, malformed, out_of_range, success, unknown
from ._call import Call
from ._searching import kinds_of, listed, made_by
from ._state import Key, Stored, dig
from ._storing import Tree, objects
from ._types import is_number, status_code, texts, typed, whole

MAX_FRAMES = 60
MAX_DURATION = 3000
NUMBERS = ("start_frame_nr", "end_frame_nr", "sample_rate_ms", "sample_rate_frame")
TIMES = ("start_frame_ms", "end_frame_ms")
KINDS = {1: "tag", 2: "bounding_box", 4: "polygon", 8: "point", 16: "span", 32: "mask"}
"""Kinds of annotation, by the numbers of the API's ``AnnotationDataType``; their names are in capitals."""


def listing(call: Call, input_id: str) -> Answer:
    """List the tracks of a video."""
    call.check_input(input_id)
    ids = call.query.get("ids")
    found = [tree for key, tree in call.stored.tracks.items() if key[0] == input_id and (not ids or key[1] in ids)]
    return success(annotation_tracks=[as_answer(tree) for tree in call.page_of(found)])


def post(call: Call, input_id: str) -> Answer:
    """Store tracks; an id that is there already refuses the request (a guess)."""
    call.check_input(input_id)
    new: dict[Key, Tree] = {}
    for said in _asked(call):
        now = call.stored.now()
        track = {
            "id": uuid4().hex,
            "status": {"code": int(StatusCode.ANNOTATION_TRACK_IDLE)},
            **said,
            "input_id": input_id,
            "created_at": now,
            "modified_at": now,
        }
        key = input_id, track["id"]
        if key in call.stored.tracks or key in new:
            details = "Object has a duplicate ID; another object with same ID already exist"
            raise Refused(400, StatusCode.DATABASE_DUPLICATE_KEY, "Database duplicate key", details)
        new[key] = track
    call.stored.tracks |= new
    return success(annotation_tracks=[as_answer(track) for track in new.values()])


def patch(call: Call, input_id: str) -> Answer:
    """Replace the fields of tracks that are named; one that does not exist refuses the request."""
    call.check_input(input_id)
    asked = _asked(call)
    if call.body.get("action") != "overwrite":
        raise invalid("action must be overwrite")
    changed: dict[Key, Tree] = {}
    for said in asked:
        if "id" not in said:
            raise invalid("id is required")
        key = _existing(call, input_id, said["id"])
        changed[key] = {**changed.get(key, call.stored.tracks[key]), **said, "modified_at": call.stored.now()}
    call.stored.tracks |= changed
    return success(annotation_tracks=[as_answer(track) for track in changed.values()])


def delete(call: Call, input_id: str = "") -> Answer:
    """Delete tracks of a video; one that does not exist refuses the request."""
    input_id, ids = input_id or typed(call.body, "input_id", str), texts(call.body, "ids")
    if not input_id or not ids:
        raise invalid("input_id and ids are required")
    for key in {_existing(call, input_id, name) for name in ids}:
        del call.stored.tracks[key]
    return success()


def _existing(call: Call, input_id: str, name: str) -> Key:
    if (input_id, name) not in call.stored.tracks:
        raise unknown(f"annotation track {name} of input {input_id} does not exist")
    return input_id, name


def _asked(call: Call) -> list[Tree]:
    asked = listed(call.body, "annotation_tracks")
    if not asked:
        raise invalid("annotation_tracks are required")
    call.check_polarities()
    call.check_values()
    return [_said(tree, call.stored) for tree in asked]


def _said(asked: Tree, stored: Stored) -> Tree:
    """Return the fields that a request names, as they are stored; the others of the API are the server's."""
    said: Tree = {}
    if name := typed(asked, "id", str):
        said["id"] = name
    if asked.get("concept") is not None:
        said |= stored.shown({"concept": asked["concept"]})
    code = typed(asked, "status", dict).get("code")
    if code not in (None, 0, ""):
        said["status"] = {"code": status_code(code, "status.code")}
    for keys, bits, shown in ((NUMBERS, 32, int), (TIMES, 64, str)):
        said |= {key: shown(whole(asked, key, bits=bits)) for key in keys if asked.get(key) is not None}
    return said


# --- the annotations of a track ----------------------------------------------------------------------


def search(call: Call, input_id: str) -> Answer:
    """Find the annotations of a track in a short part of a video, by time and number of their frames.

    The part begins at the time that is given; if only a number is, at the first frame that is found (a guess).
    """
    call.check_input(input_id)
    body = call.body
    track_id = typed(body, "track_id", str)
    if not track_id:
        raise invalid("track_id is required")
    start, number = whole(body, "frame_time_start", bits=64), whole(body, "frame_number_start")
    max_frames, max_duration = whole(body, "max_frames") or MAX_FRAMES, whole(body, "max_duration") or MAX_DURATION
    if max_frames > MAX_FRAMES or max_duration > MAX_DURATION:
        raise out_of_range(f"at most {MAX_FRAMES} frames and {MAX_DURATION} ms")
    kind, by_whom = _kind(body.get("annotation_type")), made_by(typed(body, "worker", dict))
    found = sorted(
        (
            (*place, index, tree)
            for index, (key, tree) in enumerate(call.stored.annotations.items())
            if key[0] == input_id and by_whom(tree)
            for place in _places(tree, track_id, kind)
            if place[0] >= start and place[1] >= number
        ),
        key=lambda hit: hit[:3],
    )
    first = found[0][0] if number and not start and found else start
    within = [tree for time, _, _, tree in found if time <= first + max_duration]
    return success(annotations=[as_answer(tree) for tree in within[:max_frames]])


def _kind(asked: Any) -> str:
    """Return the kind that is asked for by name or number; empty if any is."""
    if asked in (None, 0, "ANNOTATION_DATA_TYPE_NOT_SET"):
        return ""
    names = {number: kind for number, kind in KINDS.items() if asked in (number, kind.upper())}
    if isinstance(asked, bool) or not names:
        raise malformed("annotation_type is none")
    return next(iter(names.values()))


def _places(tree: Tree, track_id: str, kind: str) -> list[tuple[int, int]]:
    """Return time and number of the frame in which an annotation is part of a track; at most one, none if it is not."""
    parts: list[tuple[Any, Any]] = [
        ({}, tree["data"]),
        *((frame.get("frame_info"), frame.get("data")) for frame in _frames(tree)),
    ]
    return [
        (_number(dig(info, "time")), _number(dig(info, "number")))
        for info, data in parts
        if any(
            region.get("track_id") == track_id and kind in ("", *(kinds_of(region) or {"tag"}))
            for region in objects(dig(data, "regions"))
        )
    ][:1]


def _frames(tree: Tree) -> list[Tree]:
    return objects(tree["data"].get("frames"))


def _number(value: Any) -> int:
    if isinstance(value, str):
        return int(value) if value.isascii() and value.isdigit() and len(value) <= 20 else 0
    return int(value) if is_number(value) else 0
