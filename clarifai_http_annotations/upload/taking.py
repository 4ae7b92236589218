"""Takes what is given, so that Ctrl-C between any two lines does not lose it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, Any

from ..errors import ClarifaiError
from .work import Item

if TYPE_CHECKING:
    from .run import Upload


@dataclass(slots=True)
class Taking:
    """What was given and is not offered to the planner yet.

    Attributes:
        first: The position of the first of it.
        given: It. What comes is in here before anything else is done.
        prepared: As many of it as were looked at: what is to be sent, or why it cannot be.
        offered: How many of these the planner has.
    """

    first: int
    given: list[Any] = field(default_factory=list)
    prepared: list[tuple[Item, ClarifaiError | None]] = field(default_factory=list)
    offered: int = 0


def take_from(upload: Upload, source: Iterator[Any], count: int, wait: AbstractContextManager[object]) -> None:
    """Take so many of what is given, or as many as there is time for.

    Args:
        upload: The upload.
        source: What is given.
        count: How many.
        wait: Is entered while what is given is waited for and looked at.
    """
    failed: Exception | None = None
    is_end = False
    with wait:  # nothing in here touches the planner
        given = upload.given
        for _ in range(count):
            before = len(given)
            try:
                given.extend(islice(source, 1))  # from there to here without a moment in which it is nowhere
            except Exception as error:  # noqa: BLE001 # it is raised again, when what is on its way has ended
                failed = error
                break
            is_end = len(given) == before
            if is_end or not upload.take():
                break
    if failed is not None:
        upload.fail(failed, "what was given")
    if is_end:
        upload.end()
    upload.taken()
