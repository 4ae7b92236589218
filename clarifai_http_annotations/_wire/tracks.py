"""Tracks of a video: the routes ``annotation_tracks``, and the search of a track's annotations."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ..errors import InvalidRequestError
from ..models.track import AnnotationTrack, AnnotationType
from .answers import Answer, anothers, read_items
from .encode import Tree, check, refusal, to_tree
from .guard import encode_body
from .requests import App, Request, quoted, with_query

LIMITS = {
    "frame_number_start": (0, 2**32 - 1),
    "frame_time_start": (0, 2**64 - 1),
    "max_frames": (1, 60),
    "max_duration": (1, 3000),
}
"""What a search of a track may ask: frames, and milliseconds (comments of the API's messages)."""


def plan(tracks: object, *, need_ids: bool) -> list[Tree]:
    """Return the checked trees of tracks.

    Raises:
        InvalidRequestError: If there is none, or one cannot be sent.
    """
    if isinstance(tracks, (AnnotationTrack, Mapping)):
        tracks = [tracks]
    if not isinstance(tracks, Iterable) or isinstance(tracks, (str, bytes)):
        raise InvalidRequestError(f"Nothing was sent: give AnnotationTrack objects, not {type(tracks).__name__}.")
    trees = [_prepare(track, f"annotation_tracks[{index}]", need_ids) for index, track in enumerate(tracks)]
    if not trees:
        raise InvalidRequestError("Nothing was sent: there is no track.")
    return trees


def _prepare(track: object, place: str, need_id: bool) -> Tree:
    if not isinstance(track, (AnnotationTrack, Mapping)):
        raise refusal([f"{place} is a {type(track).__name__}: give AnnotationTrack objects"])
    tree: Tree = to_tree(track)
    checked = check(tree, place, AnnotationTrack)
    if need_id and not checked.id:
        raise refusal([f"{place}, id: is required, to say which track is meant"])
    return tree if isinstance(track, AnnotationTrack) else to_tree(checked)


def listing(app: App, input_id: str, ids: list[str] | None, *, page: int, per_page: int) -> Request:
    """GET one page of the tracks of a video."""
    query = {"ids": ids, "page": page, "per_page": per_page}
    return Request("list_tracks", "GET", with_query(_of_input(app, input_id), query))


def create(app: App, input_id: str, trees: Sequence[Tree], *, fractional_values: bool) -> Request:
    """POST tracks; not repeatable, since the server gives an id to each that has none."""
    body = encode_body({"annotation_tracks": list(trees)}, fractional_values=fractional_values)
    return Request("create_tracks", "POST", _of_input(app, input_id), body, repeatable=False)


def patch(app: App, input_id: str, trees: Sequence[Tree], *, fractional_values: bool) -> Request:
    """PATCH tracks; "overwrite" is the only action that there is."""
    body = {"annotation_tracks": list(trees), "action": "overwrite"}
    content = encode_body(body, fractional_values=fractional_values)
    return Request("patch_tracks", "PATCH", _of_input(app, input_id), content)


def delete(app: App, input_id: str, ids: list[str] | None) -> Request:
    """DELETE tracks.

    Raises:
        InvalidRequestError: If none is named: what the API deletes then is not said.
    """
    if not ids:
        raise InvalidRequestError("Nothing was sent: delete_tracks needs the ids of tracks.")
    of_input = _of_input(app, input_id)
    path = of_input if app.is_of_the_key else app.path("/annotation_tracks")
    return Request("delete_tracks", "DELETE", path, encode_body({"input_id": input_id, "ids": ids}))


def read(answer: Answer, input_id: str, ids: Sequence[str] | None = None) -> list[AnnotationTrack]:
    """Return the tracks of an answer.

    Args:
        answer: The answer.
        input_id: The video that was asked about.
        ids: The tracks that were, if some were named.

    Raises:
        InvalidResponseError: If one of them has another shape, or was not asked for.
    """
    found = read_items(answer, "annotation_tracks", AnnotationTrack)
    for track in found:
        is_other = ids is not None and track.id and track.id not in ids
        if is_other or track.input_id not in (None, "", input_id):
            raise anothers(answer, "it is about a track that was not asked for")
    return found


def search(
    app: App, input_id: str, *, annotation_type: AnnotationType | str | None, model_version_id: str | None, **rest: Any
) -> Request:
    """POST a search for the annotations of a track; it stores nothing.

    Raises:
        InvalidRequestError: If a number is out of range, or there is no such type.
    """
    quoted(rest["track_id"], "track_id")
    for name, (least, most) in LIMITS.items():
        number = rest[name]
        is_number = isinstance(number, int) and not isinstance(number, bool)
        if number is not None and not (is_number and least <= number <= most):
            raise InvalidRequestError(f"Nothing was sent: {name} must be {least} to {most}, not {number!r}.")
    body = {name: value for name, value in rest.items() if value is not None}
    if annotation_type is not None:
        body["annotation_type"] = _type(annotation_type)
    if model_version_id is not None:
        body["worker"] = {"model": {"model_version": {"id": model_version_id}}}
    path = app.path(f"/inputs/{quoted(input_id, 'input_id')}/track_annotations/searches")
    return Request("search_track", "POST", path, encode_body(body))


def _type(value: AnnotationType | str) -> str:
    try:
        return (AnnotationType[value] if isinstance(value, str) else AnnotationType(value)).name
    except (KeyError, ValueError):
        names = ", ".join(AnnotationType.__members__)
        raise InvalidRequestError(f"Nothing was sent: annotation_type must be one of {names}, not {value!r}.") from None


def _of_input(app: App, input_id: str) -> str:
    return app.path(f"/inputs/{quoted(input_id, 'input_id')}/annotation_tracks")
