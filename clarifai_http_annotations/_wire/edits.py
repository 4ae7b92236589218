"""Edits of what an answer says and a request does not, such as a status: said as well, or refused, never lost.

Such a field is left out of requests until somebody assigns it (`models._base`). An edit **inside** of it assigns
nothing, so it is found by comparing with what the server said.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..models._base import WireModel
from ..models.annotation import Annotation
from .guard import Place, place_of

SAID_AS_A_WHOLE = frozenset({"status", "worker"})
"""Fields of an annotation that go to the server if somebody assigns them."""

Shown = dict[Place, str]
"""What an answer says and a request does not, by its place."""


def shown(annotation: Annotation) -> Shown:
    """Return what the server says in an annotation as it was read."""
    return {place: repr(value) for place, value in _left_out(annotation, ()) if value is not None}


def take_edits(annotation: Annotation, before: Shown) -> list[str]:
    """Have edits inside of what is left out of requests said, as if they were assignments.

    Args:
        annotation: The annotation, which learns which of its fields are said.
        before: What `shown` returned of it as the server had it.

    Returns:
        A problem for each edit that no request can say.
    """
    problems = []
    for place, value in list(_left_out(annotation, ())):
        if place not in before or before[place] == repr(value):
            continue
        if value is not None and place[0] in SAID_AS_A_WHOLE and len(place) == 1:
            annotation.__pydantic_fields_set__.add(str(place[0]))
        elif place[0] in SAID_AS_A_WHOLE and len(place) == 1:
            problems.append(f"{place_of(place)}: it can be replaced, and not taken out")
        else:
            problems.append(f"{place_of(place)}: only the server writes it, so a change of it cannot be sent")
    return problems


def forget_assignments(value: Any) -> None:
    """Have a model be as if it had just been read: what was assigned is the server's by now."""
    if isinstance(value, list):
        for item in value:
            forget_assignments(item)
    elif isinstance(value, WireModel):
        value.__pydantic_fields_set__.difference_update(value.from_server)
        for item in value.__dict__.values():
            forget_assignments(item)


def _left_out(value: Any, place: Place) -> Iterator[tuple[Place, Any]]:
    """Yield what is left out of requests, and may have been changed all the same; a null that was assigned, too."""
    if isinstance(value, list):
        for index, item in enumerate(value):
            yield from _left_out(item, (*place, getattr(item, "id", "") or index))
    if not isinstance(value, WireModel):
        return
    extra = value.__pydantic_extra__ or {}
    for name, item in (*value.__dict__.items(), *extra.items()):
        is_servers = name in value.from_server or (name in extra and not value.holds_content)
        is_said = name in value.model_fields_set and name not in extra
        if is_servers and (item is None or not is_said):
            if item is not None or is_said:
                yield (*place, name), item
        else:
            yield from _left_out(item, (*place, name))
