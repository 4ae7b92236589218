"""What was taken and is not settled yet, and what became of the rest."""

from __future__ import annotations

from .._wire import lookup
from ..errors import APITimeoutError, ClarifaiError, ConflictError, InvalidRequestError
from .backlog import MAX_BYTES
from .work import ALREADY_THERE, STORED, Became, Item, Key, Root, Settled, Why

HOPELESS = 3
"""Batches in a row of which nothing was left."""


class Ledger:
    """Every annotation that was taken is in ``open`` or was in ``settled``, once.

    Attributes:
        open: What is not settled, by input and id.
        bytes: Of what is not settled.
        settled: What is settled and was not taken out yet.
        split: How many batches were split.
        hopeless: How many batches in a row were split, and nothing of them was stored.
    """

    def __init__(self) -> None:
        self.open: dict[Key, Item] = {}
        self.bytes = 0
        self.settled: list[Settled] = []
        self.split = self.hopeless = 0

    def add(self, item: Item) -> bool:
        """Open an annotation; ``False`` if it is settled at once: a twin of an open one, or too large."""
        twin = self.open.get(item.key)
        if twin is not None:
            if twin.digest == item.digest:
                self.settled.append(Settled(item, Became.REPEATED, None))
            else:
                rival = f"annotations[{twin.index}] has the same id and other content"
                self.settled.append(Settled(item, Became.CONFLICT, conflict(item, rival)))
            return False
        if item.size > MAX_BYTES:
            self.settled.append(Settled(item, Became.FAILED, _too_large(item)))
            return False
        self.open[item.key] = item
        self.bytes += item.size
        return True

    def settle(self, item: Item, became: Became, error: ClarifaiError | None = None) -> None:
        """Close an annotation; without an error the last one is why.

        It is in both lists for a moment, and never in none: Ctrl-C may come between any two lines.
        """
        is_there = became is STORED or became is ALREADY_THERE
        self.settled.append(Settled(item, became, None if is_there else error or item.error))
        self.bytes -= item.size
        if is_there:
            self.hopeless = 0
        if item.root is not None:
            item.root.left -= 1
            item.root.has_survivor |= is_there
            if item.root.left == 0 and not item.root.has_survivor:
                self.hopeless += 1
        del self.open[item.key]

    def settle_as_there(self, item: Item) -> None:
        """Close an annotation that the server has: by this upload, if it may have been, or from before."""
        self.settle(item, Became.STORED if item.maybe_sent else Became.ALREADY_THERE)

    def suspect(self, items: list[Item]) -> Root:
        """Return the batch that a batch is a part of, since it is split: itself, if it is whole."""
        if items[0].root is None:
            root = Root(self.split, len(items))
            self.split += 1
            for item in items:
                item.root = root
            return root
        return items[0].root

    @property
    def is_hopeless(self) -> bool:
        """Whether to split refused batches no more."""
        return self.hopeless >= HOPELESS

    def abandon(self, reason: str) -> None:
        """Settle what is open: what may have been carried out is unknown, the rest was not sent."""
        for entry in self.settled:
            if self.open.get(entry.item.key) is entry.item:  # Ctrl-C came while it was in both lists
                del self.open[entry.item.key]
        for item in list(self.open.values()):
            if item.maybe_sent or item.why is Why.TAKEN:
                error = _stopped(f"may be stored or not: the upload stopped, {reason}", item)
                self.settle(item, Became.UNKNOWN, error)
            else:
                self.settle(item, Became.NOT_SENT, _not_sent(item, reason))

    def leave(self, item: Item, reason: str) -> None:
        """Settle what was not opened and will not be sent."""
        self.settled.append(Settled(item, Became.NOT_SENT, _not_sent(item, reason)))


# --- what there is to say ------------------------------------------------------------------------


def conflict(item: Item, why: str) -> ClarifaiError:
    """Return the error of an annotation that is not sent, because its id is known to be taken."""
    return ConflictError(f"id {item.key[1]!r} of input {item.key[0]!r} was not sent: {why}", hint=lookup.CHOOSE)


def not_compared(item: Item) -> ClarifaiError:
    """Return the error of an annotation whose id is taken, and nobody can see by what."""
    error = lookup.not_compared(item.key)
    error.__cause__ = item.error
    return error


def _not_sent(item: Item, reason: str) -> ClarifaiError:
    return _stopped(f"was not sent: the upload stopped, {reason}", item)


def _stopped(message: str, item: Item) -> ClarifaiError:
    error = APITimeoutError(message)
    error.maybe_done = item.maybe_sent or item.why is Why.TAKEN
    error.__cause__ = item.error
    return error


def _too_large(item: Item) -> ClarifaiError:
    return InvalidRequestError(
        f"annotations[{item.index}] (input {item.key[0]!r}) was not sent: it takes about {item.size:,} bytes, "
        f"and a request may have {MAX_BYTES:,}."
    )
