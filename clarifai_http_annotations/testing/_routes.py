"""Which route answers a request: under ``/v2/users/{user}/apps/{app}``, or under ``/v2`` with no app in the path."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import unquote

from ..models.status import StatusCode
from . import _annotations, _inputs, _searches, _tasks, _tracks
from ._answers import Answer, Refused
from ._state import App
from ._storing import Tree

Handler = Callable[..., Answer]

ROUTES: dict[str, dict[str, Handler]] = {
    "annotations": {
        "GET": _annotations.listing,
        "POST": _annotations.post,
        "PATCH": _annotations.patch,
        "DELETE": _annotations.delete_many,
    },
    "inputs": {"POST": _inputs.post},
    "inputs/annotations": {"DELETE": _annotations.delete_many},
    "inputs/{}/annotations/{}": {"GET": _annotations.get, "DELETE": _annotations.delete},
    "annotations/searches": {"POST": _searches.search},
    "annotations/workers": {"GET": _tasks.workers},
    "tasks/{}/annotations/count": {"GET": _tasks.count},
    "task/{}/annotations/status": {"PATCH": _tasks.set_status},
    "annotation_tracks": {"DELETE": _tracks.delete},
    "inputs/{}/annotation_tracks": {"GET": _tracks.listing, "POST": _tracks.post, "PATCH": _tracks.patch},
    "inputs/{}/track_annotations/searches": {"POST": _tracks.search},
}
"""Handlers by path after the app, where ``{}`` is an id, and by method."""

SHORT: dict[str, dict[str, Handler]] = {
    **{path: handlers for path, handlers in ROUTES.items() if path != "task/{}/annotations/status"},
    "inputs/{}/annotation_tracks": {**ROUTES["inputs/{}/annotation_tracks"], **ROUTES["annotation_tracks"]},
}
"""The same of the routes without user and app: one has no such twin, and one has it elsewhere."""
del SHORT["annotation_tracks"]

PREFIXES = ((("v2", "users", "{}", "apps", "{}"), ROUTES), (("v2",), SHORT))

LISTED = {
    "annotations": "annotations",
    "inputs": "inputs",
    "annotations/searches": "hits",
    "annotations/workers": "workers",
    "inputs/{}/annotation_tracks": "annotation_tracks",
    "inputs/{}/track_annotations/searches": "annotations",
}
"""What the answers of a route list."""


@dataclass(frozen=True)
class Route:
    """Where a path leads.

    Attributes:
        app: User, who may be ``me``, and app; ``None`` if the path does not name them.
        handlers: By method.
        ids: The ids in the path.
        listed: What its answers list; empty if they list nothing.
    """

    app: App | None
    handlers: dict[str, Handler]
    ids: list[str]
    listed: str

    def handler(self, method: str) -> Handler:
        """Return what answers a method."""
        if method not in self.handlers:
            raise Refused(400, StatusCode.CONN_METHOD_NOT_ALLOWED, "Method not allowed", "Method Not Allowed")
        return self.handlers[method]


def find_route(path: str) -> Route:
    """Return where a quoted path leads. What stands before ``/v2`` is a gateway's."""
    segments = path.split("/")
    for prefix, routes in PREFIXES:
        for pattern, handlers in routes.items():
            places = [*prefix, *pattern.split("/")]
            end = segments[-len(places) :]
            fits = len(segments) > len(places) == len(end)
            if fits and all(place in ("{}", unquote(found)) for place, found in zip(places, end, strict=True)):
                ids = [unquote(found) for place, found in zip(places, end, strict=True) if place == "{}"]
                app = (ids.pop(0), ids.pop(0)) if "{}" in prefix else None
                return Route(app, handlers, ids, LISTED.get(pattern, ""))
    details = (
        f"the emulator has no route {path}: its routes are /v2/users/<user>/apps/<app>/annotations and below the app,"
        " and the same without user and app"
    )
    raise Refused(404, StatusCode.CONN_DOES_NOT_EXIST, "Not found", details)


def empty_lists(method: str, path: str) -> Tree:
    """Return the list that is shown beside an error, though it is empty (``cl_show_if_empty``)."""
    try:
        shown = "" if method == "DELETE" else find_route(path).listed
    except Refused:
        return {}
    return {shown: []} if shown else {}
