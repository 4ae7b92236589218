"""What the planner of an upload speaks of, in plain values: annotations, requests, and what became of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, NamedTuple

from ..errors import ClarifaiError

Key = tuple[str, str]
"""Input and id."""


class Became(Enum):
    """What became of an annotation; the name of its counter in the report."""

    STORED = "stored"
    ALREADY_THERE = "already_there"
    REPEATED = "repeated"
    SKIPPED = "skipped"
    CONFLICT = "conflicts"
    FAILED = "failed"
    UNKNOWN = "unknown"
    NOT_SENT = "not_sent"


STORED, ALREADY_THERE = Became.STORED, Became.ALREADY_THERE
"""It is in the app. By these names they are found faster, once for each annotation."""

PROBLEMS = frozenset({Became.CONFLICT, Became.FAILED, Became.UNKNOWN, Became.NOT_SENT})
"""Somebody has to look at it."""


class Why(Enum):
    """Why the server is asked what it has under an id."""

    CHECK = "to leave out what is there already"
    TAKEN = "an id that the content made is taken"
    UNCLEAR = "the answer does not say what became of it"
    REFUSED = "it was refused, and may have been stored before that"


@dataclass(slots=True)
class Item:
    """An annotation that was taken and is not settled.

    Attributes:
        index: Its position in what was given, from 0.
        given: What was given.
        key: Input and id.
        digest: Of its content; two contents have the same id only if the caller chose it.
        derived: Whether the id was derived from the content.
        size: Bytes of its JSON, about.
        tree: Its JSON, for those who send it.
        sent: Whether it was in a request.
        maybe_sent: Whether one of them ended so that the server may have carried it out.
        lost: How often an answer left open what became of it.
        asked: How often the server was asked for it in vain.
        why: Why the server is to be asked for it.
        error: The last thing that was wrong with it.
        root: The batch that was split to find out which of it is refused.
        ready: When it was taken, or found to be missing in the app: since then it waits to be sent.
    """

    index: int
    given: Any
    key: Key
    digest: str
    derived: bool
    size: int
    tree: dict[str, Any] = field(default_factory=dict)
    sent: bool = False
    maybe_sent: bool = False
    lost: int = 0
    asked: int = 0
    why: Why | None = None
    error: ClarifaiError | None = None
    root: Root | None = None
    ready: float = 0.0


@dataclass(slots=True)
class Root:
    """A batch that was refused as a whole and split.

    Attributes:
        number: How many were split before it.
        left: How many of it are not settled.
        has_survivor: Whether one of it was not refused.
    """

    number: int
    left: int
    has_survivor: bool = False


@dataclass(slots=True)
class Job:
    """A request: annotations to store, or to ask for.

    Attributes:
        number: Of the request, from 1; again for each time it is sent.
        items: The annotations.
        is_asking: Whether it asks.
        tries: How often it failed.
        started: When it was.
        is_retry: Whether one of the annotations was in a request before.
        successes: How many requests had succeeded when it first failed.
    """

    items: list[Item]
    is_asking: bool = False
    number: int = 0
    tries: int = 0
    started: float = 0.0
    is_retry: bool = False
    successes: int = 0


# --- what came back ------------------------------------------------------------------------------


class Verdict(Enum):
    """What an answer says of one annotation."""

    STORED = "it is in the app"
    TAKEN = "an annotation with the id that its content made is there"
    ASK = "only asking can tell"
    TURNED = "it was stored, and is shown with another polarity, with other concepts or with none: asking tells"
    REFUSED = "it is not in the app and never will be"
    THROTTLED = "not now"
    LOST = "nobody knows"
    ALONE = "it, or another one of the batch, is refused: alone it will be plain which"
    # answers to a question
    HOLDS = "the app has it"
    OTHER = "the app has other content under its id"
    ABSENT = "the app lists nothing under its id"


class Said(NamedTuple):
    """What an answer says of one annotation, and the error if it says something bad."""

    verdict: Verdict
    error: ClarifaiError | None = None


@dataclass(frozen=True, slots=True)
class Answered:
    """A usable answer came: it says something of each annotation."""

    said: Mapping[Key, Said]
    size: int = 0


class Trouble(Enum):
    """What is wrong with a request as a whole."""

    THROTTLED = "refused before any work was done: too many requests"
    UNSENT = "it never reached the server"
    LOST = "nobody knows whether it was carried out"
    REFUSED = "the same request would be refused again, because of something in it"
    TAKEN = "one of its ids is taken, and nobody says which"
    NOT_FOUND = "something does not exist: the app, or something in the request"
    FATAL = "no request of this client would be carried out: the key, the account, the settings"


@dataclass(frozen=True, slots=True)
class Broken:
    """A request that came to nothing as a whole.

    Attributes:
        trouble: What is wrong.
        error: The error.
        retry_after: Seconds that the server asked to wait.
        was_answered: Whether the server itself said so, and is alive.
        size: Bytes that were sent.
    """

    trouble: Trouble
    error: ClarifaiError
    retry_after: float | None = None
    was_answered: bool = False
    size: int = 0


Outcome = Answered | Broken


# --- what is to be done --------------------------------------------------------------------------


class Take(NamedTuple):
    """Take so many annotations."""

    number: int


class Start(NamedTuple):
    """Send a request."""

    job: Job


class Wait(NamedTuple):
    """Wait for an answer, and no longer than until a time."""

    until: float


class Done(NamedTuple):
    """There is nothing left to do."""


Step = Take | Start | Wait | Done


class Settled(NamedTuple):
    """An annotation whose fate is decided."""

    item: Item
    became: Became
    error: ClarifaiError | None
