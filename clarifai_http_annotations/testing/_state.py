"""What the emulator keeps: annotations as the server would have them, and what it was asked."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from .._wire.guard import FREE_JSON
from .._wire.ids import float32
from ..models.status import StatusCode, known_code

Tree = dict[str, Any]
App = tuple[str, str]
"""User and app."""


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
class State:
    """Annotations by app, in the order in which they were stored."""

    apps: dict[App, dict[tuple[str, str], Tree]] = field(default_factory=dict)

    def of(self, app: App) -> dict[tuple[str, str], Tree]:
        """Return the annotations of an app by input and id."""
        return self.apps.setdefault(app, {})

    def add(self, app: App, asked: Tree) -> Tree:
        """Store an annotation the way the server does, and return it."""
        user_id, app_id = app
        now = datetime.now(UTC).isoformat().replace("+00:00", "Z")
        status = asked.get("status") or {"code": StatusCode.ANNOTATION_SUCCESS}
        code = known_code(status.get("code"))
        stored = {
            **deepcopy(asked),
            "id": asked.get("id") or uuid4().hex,
            "data": as_stored(asked.get("data") or {}, app_id),
            "status": {"code": int(code) if isinstance(code, StatusCode) else code},
            "created_at": now,
            "modified_at": now,
            "user_id": asked.get("user_id") or user_id,
            "worker": {"user": {"id": asked.get("user_id") or user_id}},
        }
        self.of(app)[stored["input_id"], stored["id"]] = stored
        return stored


def as_stored(value: Any, app_id: str) -> Any:
    """Return data as the server gives it back.

    Numbers are 32 bits, times of frames are text (uint64), regions have ids, concepts have a
    name and an app, and a concept without ``value`` **is positive**: the rule of HTTP.
    """
    if isinstance(value, float):
        return shown_as_float32(value)
    if isinstance(value, list):
        return [as_stored(item, app_id) for item in value]
    if not isinstance(value, dict):
        return value
    stored = {key: deepcopy(item) if key in FREE_JSON else as_stored(item, app_id) for key, item in value.items()}
    for concept in _objects(stored.get("concepts")):
        concept["value"] = float(1.0 if concept.get("value") is None else concept["value"])
        concept.setdefault("name", concept.get("id"))
        concept.setdefault("app_id", app_id)
    for region in _objects(stored.get("regions")):
        region["id"] = region.get("id") or uuid4().hex
    for info in _objects([stored.get("frame_info")]):
        info.update({"time": str(info["time"])} if "time" in info else {})
    return stored


def _objects(value: Any) -> list[Tree]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def shown_as_float32(number: float) -> float:
    """Return the shortest decimal that is the same number in 32 bits, as protobuf prints it."""
    kept = float32(number)
    for digits in range(6, 9):
        short = float(f"{kept:.{digits}g}")
        if float32(short) == kept:
            return short
    return float(f"{kept:.9g}")
