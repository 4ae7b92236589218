"""What an emulator is told about how it answers, and how many requests it takes in a second."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Literal, get_args

from ..models.status import StatusCode
from ._answers import Refused
from ._state import App
from ._storing import Tree

Duplicates = Literal["item", "batch", "keep", "overwrite"]
"""What a POST with an id that is taken does."""

Order = Literal["newest", "oldest"]
"""What a list begins with."""


@dataclass(frozen=True)
class Rules:
    """How the routes answer; the arguments of `Emulator` say what each means."""

    me: str
    inputs: Collection[str] | None = None
    strict: bool = False
    duplicates: Duplicates = "item"
    poison: Callable[[Tree], bool] | None = None
    poison_status: int = 400
    order: Order = "newest"

    def __post_init__(self) -> None:
        if self.duplicates not in get_args(Duplicates):
            raise ValueError(f"duplicates must be one of {get_args(Duplicates)}, not {self.duplicates!r}")
        if self.order not in get_args(Order):
            raise ValueError(f"order must be one of {get_args(Order)}, not {self.order!r}")

    def check_poison(self, asked: list[Tree]) -> None:
        """Refuse a batch with an item that spoils it, and do not say which."""
        if self.poison is not None and any(self.poison(tree) for tree in asked):
            is_broken = self.poison_status >= 500
            code = StatusCode.INTERNAL_SERVER_ISSUE if is_broken else StatusCode.FAILURE
            raise Refused(self.poison_status, code, "Internal server issue" if is_broken else "Failure")


def check_inputs(inputs: Collection[str] | Mapping[str, Tree] | None) -> None:
    """Look at the inputs that exist.

    Raises:
        ValueError: If they are no ids, or what came with one is no object.
    """
    if isinstance(inputs, str) or not all(isinstance(input_id, str) and input_id for input_id in inputs or ()):
        raise ValueError(f"inputs must be a list of ids, not {inputs!r}")
    for input_id, data in inputs.items() if isinstance(inputs, Mapping) else ():
        if not isinstance(data, dict):
            raise ValueError(f"what came with input {input_id} must be its data as JSON has it, not {data!r}")


def checked_apps(apps: Collection[App]) -> list[App]:
    """Return the apps that exist.

    Raises:
        ValueError: If they are no pairs of user and app.
    """
    try:
        if not isinstance(apps, str) and not any(isinstance(app, str) for app in apps):
            return [(user_id, app_id) for user_id, app_id in apps]
    except (TypeError, ValueError):
        pass
    raise ValueError(f"apps must be a list of pairs (user, app), not {apps!r}")


class Rate:
    """At most so many requests in any second, however they are spaced; those that are refused do not count.

    Args:
        most: Requests in a second.
        clock: Seconds that pass.
        retry_after: Seconds to wait, as a refusal says them.
    """

    def __init__(self, most: int, clock: Callable[[], float], retry_after: float | None = None) -> None:
        if most < 1:
            raise ValueError(f"rate must be at least one request a second, not {most!r}")
        self._most = most
        self._clock = clock
        self._retry_after = retry_after
        self._taken: deque[float] = deque()

    def forget(self) -> None:
        """Count from nothing again."""
        self._taken.clear()

    def refusal(self) -> Refused | None:
        """Count a request that comes now; return why it is refused, if it is."""
        now = self._clock()
        while self._taken and now - self._taken[0] >= 1.0:
            self._taken.popleft()
        if len(self._taken) < self._most:
            self._taken.append(now)
            return None
        return Refused(
            429,
            StatusCode.CONN_THROTTLED,
            "Too many requests",
            f"more than {self._most} requests in a second",
            retry_after=self._retry_after,
        )
