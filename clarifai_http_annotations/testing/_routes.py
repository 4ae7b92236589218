"""Which route answers a request: all of them lie under ``/v2/users/{user}/apps/{app}``."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import unquote

from ..models.status import StatusCode
from . import _annotations, _searches, _tasks, _tracks
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


@dataclass(frozen=True)
class Route:
    """Where a path leads.

    Attributes:
        app: User, who may be ``me``, and app.
        handlers: By method.
        ids: The ids in the path.
    """

    app: App
    handlers: dict[str, Handler]
    ids: list[str]

    def handler(self, method: str) -> Handler:
        """Return what answers a method."""
        if method not in self.handlers:
            raise Refused(400, StatusCode.CONN_METHOD_NOT_ALLOWED, "Method not allowed", "Method Not Allowed")
        return self.handlers[method]


def find_route(path: str) -> Route:
    """Return where a quoted path leads. What stands before ``/v2`` is a gateway's."""
    segments = path.split("/")
    for pattern, handlers in ROUTES.items():
        places = ["v2", "users", "{}", "apps", "{}", *pattern.split("/")]
        end = segments[-len(places) :]
        fits = len(segments) > len(places) == len(end)
        if fits and all(place in ("{}", unquote(found)) for place, found in zip(places, end, strict=True)):
            user, app_id, *ids = (unquote(found) for place, found in zip(places, end, strict=True) if place == "{}")
            return Route((user, app_id), handlers, ids)
    raise Refused(404, StatusCode.CONN_DOES_NOT_EXIST, "Not found", "the emulator has no such route")


def empty_lists(method: str, path: str) -> Tree:
    """Return the lists that are shown beside an error, though they are empty."""
    if path.endswith("/annotations/searches"):
        return {"hits": []}
    shown = method != "DELETE" and path.endswith(("/annotations", "/track_annotations/searches"))
    return {"annotations": []} if shown else {}
