"""What the emulator keeps: annotations and tracks as the server would have them, and what it was asked."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from ..models.status import StatusCode, known_code
from ._storing import Tree, as_stored, copied

LONG_AGO = datetime.min.replace(tzinfo=UTC)

MEDIA = frozenset({"image", "video", "audio"})
"""What an input-level annotation does not repeat of its input."""

App = tuple[str, str]
"""User and app."""

Key = tuple[str, str]
"""Input and id."""


@dataclass(frozen=True)
class Recorded:
    """A request that came.

    Attributes:
        method: HTTP method.
        path: Path as it came, still quoted, without the query.
        query: Parameters, each with all its values.
        body: The JSON of the body, or ``None``.
    """

    method: str
    path: str
    query: dict[str, list[str]]
    body: Any


@dataclass
class Stored:
    """What one app has, in the order in which it was stored.

    Attributes:
        name: User and app.
        annotations: By input and id.
        shelf: What the app shares with the others.
        inputs: The ids of the inputs that were given or posted.
        inputs_given: How many of them were given.
        tracks: Tracks of videos, by input and id.
        since: When an annotation was stored, in seconds of the shelf's clock, as long as lists may not show it.
    """

    name: App
    shelf: State
    annotations: dict[Key, Tree] = field(default_factory=dict)
    inputs: set[str] = field(default_factory=set)
    inputs_given: int = 0
    tracks: dict[Key, Tree] = field(default_factory=dict)
    since: dict[Key, float] = field(default_factory=dict)
    _latest: datetime = LONG_AGO

    def add(self, asked: Tree) -> Tree:
        """Store an annotation the way the server does, and return it."""
        stored = self._made(asked)
        key = stored["input_id"], stored["id"]
        if self.annotations.pop(key, None) is None:  # what takes the place of another is the newest
            self.shelf.stored_times[key] = self.shelf.stored_times.get(key, 0) + 1
            self._keep_from_lists(key)
        self.annotations[key] = stored
        return stored

    def add_input(self, input_id: str, data: Tree, *, at_once: bool = False) -> Tree:
        """Note an input that exists now, with its input-level annotation, and return that.

        Its data repeats what came with the input: concepts, metadata and the text of a text input were seen to
        come back, an image was not. That other media do not, and everything else does, is inferred.
        """
        repeated = {key: value for key, value in data.items() if key not in MEDIA}
        stored = {**self._made({"input_id": input_id, "data": repeated}), "input_level": True}
        key = input_id, stored["id"]
        self.inputs.add(input_id)
        if not at_once:
            self._keep_from_lists(key)
        self.annotations[key] = stored
        return stored

    def _keep_from_lists(self, key: Key) -> None:
        if self.shelf.list_lag:
            self.since[key] = self.shelf.clock()

    def _made(self, asked: Tree) -> Tree:
        """Return an annotation as the server would store it now."""
        now = self.now()
        return {
            **{key: copied(value) for key, value in asked.items() if value is not None and key != "data"},
            "id": asked.get("id") or uuid4().hex,
            "data": self.shown(asked.get("data") or {}),
            "status": status_of(asked) or {"code": int(StatusCode.ANNOTATION_SUCCESS)},
            "created_at": now,
            "modified_at": now,
            **author(asked, self.name[0]),
        }

    def shown(self, data: Tree) -> Tree:
        """Return data as it is stored in this app."""
        stored: Tree = as_stored(data, self.name[1], self.shelf.names)
        return stored

    def in_order(self) -> Iterable[Tree]:
        """Return the annotations in the order in which lists show them."""
        return reversed(self.annotations.values()) if self.shelf.newest_first else self.annotations.values()

    def is_listed(self, key: Key) -> bool:
        """Tell whether a list shows an annotation: not before it was stored for some time."""
        if key in self.since and self.shelf.clock() - self.since[key] >= self.shelf.list_lag:
            del self.since[key]
        return key not in self.since

    def now(self) -> str:
        """Return the time, later than ever before: what was changed later has a later time."""
        self._latest = max(datetime.now(UTC), self._latest + timedelta(microseconds=1))
        return self._latest.isoformat().replace("+00:00", "Z")


@dataclass
class State:
    """What the apps have.

    Attributes:
        clock: Seconds that pass.
        list_lag: Seconds after which a list shows what was stored.
        newest_first: Whether lists begin with what was stored last.
        given: The inputs that every app has, or a mapping from them to the data that came with each. It may grow.
        names: Names of concepts, by id, in every app.
        apps: What each has.
        stored_times: How often an annotation came to be where there was none, by input and id, in all apps. One that
            an input brings along does not count.
    """

    clock: Callable[[], float]
    list_lag: float = 0.0
    newest_first: bool = True
    given: Collection[str] | Mapping[str, Tree] = ()
    names: Mapping[str, str] = field(default_factory=dict)
    apps: dict[App, Stored] = field(default_factory=dict)
    stored_times: dict[Key, int] = field(default_factory=dict)

    def of(self, app: App) -> Stored:
        """Return what an app has, with an input-level annotation for each input that is given."""
        begun = self.apps.setdefault(app, Stored(app, self))
        if begun.inputs_given != len(self.given):
            begun.inputs_given = len(self.given)
            came_with = self.given if isinstance(self.given, Mapping) else {}
            for input_id in [input_id for input_id in self.given if input_id not in begun.inputs]:
                begun.add_input(input_id, came_with.get(input_id, {}), at_once=True)
        return begun

    def emptied(self) -> State:
        """Return the same with nothing stored."""
        return State(self.clock, self.list_lag, self.newest_first, self.given, self.names)


def status_of(asked: Tree) -> Tree | None:
    """Return the status that is asked for, by name or number, as its number; ``None`` if none is."""
    code = known_code((asked.get("status") or {}).get("code"))
    if not code:
        return None
    return {"code": int(code) if isinstance(code, StatusCode) else code}


def author(asked: Tree, user_id: str) -> Tree:
    """Say who made an annotation: the person that is named, else the owner of the app.

    A ``worker`` that is a model or a workflow is kept beside; who posted it is its user then.
    """
    named = makers(asked)
    user_id = asked.get("user_id") or named.get("user") or user_id
    made_by: Tree = {kind: copied(asked["worker"][kind]) for kind in ("model", "workflow") if kind in named}
    return {"user_id": user_id, "worker": made_by or {"user": {"id": user_id}}}


def makers(tree: Tree) -> dict[str, str]:
    """Return the ids of who made an annotation: under ``user``, ``model`` or ``workflow``."""
    worker = tree.get("worker")
    found = {
        "user": dig(worker, "user", "id"),
        "model": dig(worker, "model", "model_version", "id"),
        "workflow": dig(worker, "workflow", "version", "id"),
    }
    return {kind: name for kind, name in found.items() if isinstance(name, str) and name}


def tasks_of(tree: Tree) -> set[str]:
    """Return the ids of the tasks that an annotation is of: the docs say it in ``annotation_info``."""
    return {name for name in (tree.get("task_id"), dig(tree, "annotation_info", "task_id")) if isinstance(name, str)}


def is_trusted(tree: Tree) -> bool:
    """Tell whether an annotation is trusted: a person's is, unless it says otherwise."""
    return bool(tree.get("trusted", "user" in makers(tree)))


def dig(tree: Any, *keys: str) -> Any:
    """Return what is under keys, one in the other; ``None`` if something else is on the way."""
    for key in keys:
        tree = tree.get(key) if isinstance(tree, dict) else None
    return tree
