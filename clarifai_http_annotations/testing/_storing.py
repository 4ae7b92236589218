"""From what was sent to what the server gives back: the rule of HTTP, 32 bits, zeros, enums, ids and text.

Rules:

1. A concept without ``value`` **is positive**: the rule of HTTP.
2. A zero that the API's messages mark so (``cl_show_if_empty``) is shown, also one that nobody sent. Other
   zeros are as they were sent.
3. An enum is shown by its number, and 64 bits as text, as in the answers of Clarifai's that are known.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any
from uuid import uuid4

from .._wire.guard import FREE_JSON, Place
from .._wire.ids import float32
from ..models.point import Visibility
from ..models.status import StatusCode

Tree = dict[str, Any]

WITH_IDS = frozenset({"regions", "frames", "time_segments", "tracks"})
"""Parts of an annotation that get an id if they have none."""

UINTS: dict[str, dict[str, type[str] | type[int]]] = {
    "frame_info": {"time": str, "number": int, "index": int},
    "time_info": {"num_frames": int},
    "span": {"char_start": int, "char_end": int},
    "token": {"char_start": int, "char_end": int},
}
"""Whole numbers, and how they come back: protobuf's JSON prints 64 bits as text."""

ENUMS: dict[str, Mapping[str, int]] = {"visibility": Visibility.__members__, "code": StatusCode.__members__}
"""Enums, by the fields that hold them: of a point, whereas a concept's ``visibility`` is an object; of a status."""

_BOX = dict.fromkeys(("top_row", "left_col", "bottom_row", "right_col"), 0.0)
_POINT = {"row": 0.0, "col": 0.0}
_CHARACTERS = {"char_start": 0, "char_end": 0}

ZEROS: dict[str, Tree] = {
    "bounding_box": _BOX,
    **dict.fromkeys(("point", "points", "keypoint_locations"), _POINT),
    **dict.fromkeys(("span", "token"), _CHARACTERS),
    "frame_info": {"index": 0, "time": "0", "number": 0},
    "geo_point": {"longitude": 0.0, "latitude": 0.0},
}
"""Zeros that are shown, by the field that holds the object or objects: all that the messages mark, but ``value``."""


def as_stored(value: Any, app_id: str, names: Mapping[str, str]) -> Any:
    """Return data as the server gives it back.

    It is what `as_shown` makes of it, and parts have ids, and concepts a name and an app. The name is the one that
    the app has for the concept, or else what was sent, or else the id. Doing it twice is doing it once.
    """
    stored = as_shown(value)
    _complete(stored, app_id, names)
    return stored


def as_shown(value: Any) -> Any:
    """Return JSON of a request as an answer shows it: as it was read, with its zeros, and without what is null."""
    shown = without_nulls(with_values(value))
    _show_zeros(shown)
    return shown


def with_values(value: Any) -> Any:
    """Return data as it is read from a request: the rule of HTTP, 32 bits, numbers of enums, and nothing made up."""
    if isinstance(value, float):
        return shown_as_float32(value)
    if isinstance(value, list):
        return [with_values(item) for item in value]
    if not isinstance(value, dict):
        return value
    read = {key: copied(item) if key in FREE_JSON else with_values(_whole(key, item)) for key, item in value.items()}
    for concept in concepts_of(read):
        said = concept.get("value")
        concept["value"] = _converted(1.0 if said is None else said, float)
    for key, members in ENUMS.items():
        if isinstance(read.get(key), str):
            read[key] = int(members.get(read[key], 0))
    return read


def without_nulls(value: Any) -> Any:
    """Return a copy of JSON without the fields that are null: to protobuf they are absent."""
    if isinstance(value, list):
        return [without_nulls(item) for item in value]
    if not isinstance(value, dict):
        return value
    return {key: item if key in FREE_JSON else without_nulls(item) for key, item in value.items() if item is not None}


def copied(value: Any) -> Any:
    """Return a copy of JSON; many times faster than ``deepcopy``, which looks for more than JSON."""
    if isinstance(value, dict):
        return {key: copied(item) for key, item in value.items()}
    return [copied(item) for item in value] if isinstance(value, list) else value


def _complete(stored: Any, app_id: str, names: Mapping[str, str]) -> None:
    if isinstance(stored, list):
        for item in stored:
            _complete(item, app_id, names)
    if not isinstance(stored, dict):
        return
    for concept in concepts_of(stored):
        name = concept.get("id")
        concept["name"] = names.get(name or "") or concept.get("name") or name
        concept["app_id"] = concept.get("app_id") or app_id
    for key in WITH_IDS & stored.keys():
        for part in objects(stored[key]):
            part["id"] = part.get("id") or uuid4().hex
    for key, item in stored.items():
        if isinstance(item, (dict, list)) and key not in FREE_JSON:
            _complete(item, app_id, names)


def _show_zeros(shown: Any) -> None:
    if isinstance(shown, list):
        for item in shown:
            _show_zeros(item)
    if not isinstance(shown, dict):
        return
    for key, item in shown.items():
        if key in ZEROS:
            for one in objects(item if isinstance(item, list) else [item]):
                one |= {name: zero for name, zero in ZEROS[key].items() if name not in one}
        if isinstance(item, (dict, list)) and key not in FREE_JSON:
            _show_zeros(item)


def concepts_of(tree: Tree) -> list[Tree]:
    """Return the concepts that stand in an object itself: in its list, and that of a track."""
    if "concept" not in tree:
        return objects(tree["concepts"]) if "concepts" in tree else []
    return [*objects(tree.get("concepts")), *objects([tree["concept"]])]


def find_concepts(tree: Any, place: Place = ()) -> Iterator[tuple[Place, Any]]:
    """Yield with its place whatever stands where a concept should, outside free JSON.

    The library looks for concepts with code of its own: what one of the two overlooks, the other may see.
    """
    steps = enumerate(tree) if isinstance(tree, list) else tree.items() if isinstance(tree, dict) else ()
    for step, item in steps:
        if item is None or step in FREE_JSON:
            continue
        if step == "concepts":
            here = (*place, step)
            yield from (
                (((*here, index), concept) for index, concept in enumerate(item))
                if isinstance(item, list)
                else [(here, item)]
            )
        elif step == "concept":
            yield (*place, step), item
        elif isinstance(item, (dict, list)):
            yield from find_concepts(item, (*place, step))


def objects(value: Any) -> list[Tree]:
    """Return the objects of a list; nothing of what is no list."""
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _whole(key: str, info: Any) -> Any:
    """Return an object with its whole numbers as they come back; anything else as it is."""
    shown = UINTS.get(key)
    if shown is None or not isinstance(info, dict):
        return info
    return {name: _uint(item, shown[name]) if name in shown else item for name, item in info.items()}


def _uint(value: Any, kind: type[str] | type[int]) -> Any:
    return value if value is None else _converted(value, lambda said: kind(int(said)))


def _converted(value: Any, kind: Callable[[Any], Any]) -> Any:
    """Return a value of another kind, or the value itself where it has none: a fault may meet what nobody checked."""
    try:
        return kind(value)
    except (TypeError, ValueError, OverflowError):
        return value


def shown_as_float32(number: float) -> float:
    """Return the shortest decimal that is the same number in 32 bits, as protobuf prints it."""
    kept = float32(number)
    for digits in range(6, 9):
        short = float(f"{kept:.{digits}g}")
        if float32(short) == kept:
            return short
    return float(f"{kept:.9g}")
