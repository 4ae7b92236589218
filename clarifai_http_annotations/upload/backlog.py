"""What waits to be sent, and what goes next: requests that failed, questions, and annotations."""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Callable
from itertools import count
from typing import Generic, TypeVar

from .._wire.requests import MAX_ANNOTATIONS, MAX_QUERY, pair_size
from .work import Item, Job

T = TypeVar("T")

MAX_BYTES = 8 * 1024 * 1024
"""Bytes of a batch; the server takes more (docs, "Upload"), but only masks make annotations large."""

NEVER = float("inf")


class Later(Generic[T]):
    """Things that wait until a time, each its own."""

    def __init__(self) -> None:
        self._heap: list[tuple[float, int, int, T]] = []
        self._order = count()

    def __len__(self) -> int:
        return len(self._heap)

    def add(self, thing: T, at: float, rank: int = 0) -> None:
        """Let a thing wait until a time; of those of one time the lowest rank is first."""
        heapq.heappush(self._heap, (at, rank, next(self._order), thing))

    @property
    def due(self) -> float:
        """When the first of them is due; never if there is none."""
        return self._heap[0][0] if self._heap else NEVER

    @property
    def first(self) -> T:
        """The first of them."""
        return self._heap[0][-1]

    def pop(self) -> T:
        """Take the first of them out."""
        return heapq.heappop(self._heap)[-1]

    def count_due(self, now: float) -> int:
        """Return how many are due."""
        return sum(at <= now for at, *_ in self._heap)


class Backlog:
    """What waits to be sent.

    Attributes:
        fresh: Annotations that were not sent yet.
        again: Annotations that are sent again.
        to_ask: Annotations that are asked for.
        jobs: Requests that are sent again as they were, or halves of one.
    """

    def __init__(self) -> None:
        self.fresh: deque[Item] = deque()
        self.again: Later[Item] = Later()
        self.to_ask: Later[Item] = Later()
        self.jobs: Later[Job] = Later()
        self._fresh_bytes = 0

    def add(self, item: Item, now: float) -> None:
        """Add an annotation that was not sent yet."""
        item.ready = now
        self.fresh.append(item)
        self._fresh_bytes += item.size

    @property
    def missing(self) -> int:
        """How many annotations the next batch still has room for."""
        if self._fresh_bytes >= MAX_BYTES:
            return 0
        return max(0, MAX_ANNOTATIONS - len(self.fresh) - len(self.to_ask))

    def due(self, now: float, *, is_last: bool, flush: Callable[[float], float]) -> float:
        """Return when there is something to send: now, later, or never.

        Args:
            now: The time.
            is_last: Whether no more annotations will come for now, so that a batch need not be full.
            flush: From when the first of a batch was ready to when it goes although it is not full.
        """
        due = min(self.jobs.due, self.to_ask.due)
        ready = len(self.fresh) + self.again.count_due(now)
        if ready >= MAX_ANNOTATIONS or (ready and is_last):
            return min(due, now)
        if is_last:
            return min(due, self.again.due)
        first = min(self.fresh[0].ready if self.fresh else NEVER, self.again.due)
        return min(due, flush(first)) if first < NEVER else due

    def pick(self, now: float) -> Job:
        """Take out the next request, which is due."""
        if self.jobs.due <= now:
            return self.jobs.pop()
        if self.to_ask.due <= now:
            return Job(self._question(now), is_asking=True)
        return Job(self._batch(now))

    def _batch(self, now: float) -> list[Item]:
        """Take out up to 128 annotations and 8 MiB: first those that are sent again."""
        batch: list[Item] = []
        room = MAX_BYTES
        while len(batch) < MAX_ANNOTATIONS:
            is_again = self.again.due <= now
            if not is_again and not self.fresh:
                break
            room -= (self.again.first if is_again else self.fresh[0]).size
            if batch and room < 0:
                break
            batch.append(self.again.pop() if is_again else self._pop())
        return batch

    def _pop(self) -> Item:
        item = self.fresh.popleft()
        self._fresh_bytes -= item.size
        return item

    def _question(self, now: float) -> list[Item]:
        """Take out as many annotations as one URL can ask for."""
        batch: list[Item] = []
        room = MAX_QUERY * 3 // 4
        while self.to_ask.due <= now:
            room -= pair_size(self.to_ask.first.key)
            if batch and room < 0:
                break
            batch.append(self.to_ask.pop())
        return batch
