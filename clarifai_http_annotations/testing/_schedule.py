"""Which request meets which fault: by a script, or by chance that is the same for the same seed."""

from __future__ import annotations

import random
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Self

from ._faults import CATALOGUE, Fault

TRANSIENT = tuple(fault for fault in CATALOGUE if not fault.final)
"""Every fault but those whose answer says that asking again is of no use."""


class Faults:
    """What goes wrong with which request, in the order in which the requests arrive.

    Args:
        script: For one request after the other, a `Fault`, the name of one, or ``None`` for no fault;
            after its end there are none. It may be endless (``itertools.repeat``), or a generator.
        methods: HTTP methods of the requests that are counted, such as ``["POST"]``; the others
            always succeed. All by default.
        seed: Decides which items of a request are refused, where a fault refuses some.

    Attributes:
        met: What happened to each request that was counted: a `Fault` or ``None``.
    """

    def __init__(
        self, script: Iterable[Fault | str | None] = (), *, methods: Collection[str] | None = None, seed: int = 0
    ) -> None:
        if isinstance(script, str):
            raise ValueError(f"faults are a list with one for each request, such as [{script!r}, None]")
        self._known = [_fault(kind) for kind in script] if isinstance(script, Sequence) else None
        self._script = iter(script if self._known is None else self._known)
        self._methods = None if methods is None else frozenset(methods)
        self._random = random.Random(seed)  # noqa: S311 # nothing secret
        self.met: list[Fault | None] = []

    @classmethod
    def seeded(
        cls,
        seed: int,
        *,
        share: float = 0.3,
        kinds: Iterable[Fault | str] = TRANSIENT,
        methods: Collection[str] | None = None,
    ) -> Self:
        """Return faults by chance, for ever, the same for the same seed.

        Args:
            seed: The seed.
            share: How likely a request meets a fault, from 0 to 1.
            kinds: The faults, or their names, one as likely as the other. By default all of the
                catalogue that are not `Fault.final`.
            methods: As above.
        """
        if not 0.0 <= share <= 1.0:
            raise ValueError(f"share must be from 0 to 1, not {share!r}")
        faults = [fault for kind in kinds if (fault := _fault(kind))]
        if not faults:
            raise ValueError("kinds must name at least one fault")
        return cls(_by_chance(seed, share, faults), methods=methods, seed=seed)

    @property
    def pending(self) -> list[Fault | None] | None:
        """What is left of the script; ``None`` if that shows only as it comes: by chance, or from an iterator."""
        return None if self._known is None else self._known[len(self.met) :]

    def next(self, method: str) -> Fault | None:
        """Return what happens to the request that arrives now."""
        if self._methods is not None and method not in self._methods:
            return None
        self.met.append(_fault(next(self._script, None)))
        return self.met[-1]

    def pick(self, count: int) -> set[int]:
        """Return the places of the items that are refused, of so many: at least one, at most half of several."""
        return set(self._random.sample(range(count), self._random.randint(1, max(1, count // 2))))


def _fault(kind: Fault | str | None) -> Fault | None:
    return Fault.named(kind) if isinstance(kind, str) else kind


def _by_chance(seed: int, share: float, kinds: list[Fault]) -> Iterator[Fault | None]:
    chance = random.Random(seed)  # noqa: S311 # nothing secret
    while True:
        # Both are drawn every time: a request that meets none does not move what the next one meets.
        is_met, kind = chance.random() < share, chance.choice(kinds)
        yield kind if is_met else None
