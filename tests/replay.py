"""An upload against a server of a few lines, in plain values and in a time that nobody waits for.

`replay(seed)` builds everything from one number: what is uploaded, what the server does with each
request, how long it takes, when it fails. It returns what happened; `broken_promises` lists what
should not have.
"""

from __future__ import annotations

import heapq
import random
from collections import Counter, deque
from dataclasses import dataclass, field
from itertools import count

from clarifai_http_annotations._rate import RateLimiter
from clarifai_http_annotations.errors import APIError
from clarifai_http_annotations.upload.planner import Planner
from clarifai_http_annotations.upload.work import (
    Answered,
    Became,
    Broken,
    Done,
    Item,
    Job,
    Key,
    Outcome,
    Said,
    Settled,
    Start,
    Take,
    Trouble,
    Verdict,
)

ERROR = APIError("as planned")

DUPLICATES = ("item", "unclear item", "batch", "keep", "overwrite")

MAY_BE_THERE = (Became.STORED, Became.ALREADY_THERE, Became.UNKNOWN)  # also by a twin

FAULTS = (
    "never sent",
    "executed, lost",
    "executed, 5xx",
    "executed late, lost",
    "not executed, lost",
    "not executed, 5xx",
    "throttled",
    "mixed",
    "refused as a whole",
    "not found",
)


@dataclass
class Server:
    """Keeps one content for each key, and fails by chance.

    Attributes:
        chance: Of a fault in a request.
        faults: What may go wrong.
        duplicates: How it answers a key that is taken.
        lag: Seconds after which a list shows what was written.
        rate: Requests in any second; ``None`` for any number.
        longest: Seconds that it asks to wait for at most (``Retry-After``).
        bad: Keys that are refused one by one.
        poison: Keys that refuse the whole batch.
        crashing: Keys on which the server fails, having stored nothing.
        outage: From when until when nothing works.
        account: When the account ends.
        may_ask: Whether the key may ask what is there.
    """

    dice: random.Random
    chance: float = 0.0
    faults: tuple[str, ...] = FAULTS
    duplicates: str = "item"
    lag: float = 0.0
    rate: int | None = None
    longest: float = 3.0
    bad: frozenset[Key] = frozenset()
    poison: frozenset[Key] = frozenset()
    crashing: frozenset[Key] = frozenset()
    outage: tuple[float, float] = (0.0, 0.0)
    account: float = float("inf")
    may_ask: bool = True
    store: dict[Key, tuple[str, float]] = field(default_factory=dict)
    late: list[tuple[float, list[Item]]] = field(default_factory=list)
    recent: deque[float] = field(default_factory=deque)
    requests: list[float] = field(default_factory=list)

    def answer(self, job: Job, now: float) -> Outcome:
        """Carry out a request, or not, and say what the client learns of it."""
        self.requests.append(now)
        self.settle(now)
        if self.outage[0] <= now < self.outage[1]:
            return Broken(self.dice.choice((Trouble.LOST, Trouble.UNSENT)), ERROR)
        if now >= self.account:
            return Broken(Trouble.FATAL, ERROR, was_answered=True)
        while self.recent and self.recent[0] <= now - 1.0:
            self.recent.popleft()
        if self.rate is not None and len(self.recent) >= self.rate:
            return Broken(Trouble.THROTTLED, ERROR, was_answered=True)
        self.recent.append(now)
        fault = self.dice.choice(self.faults) if self.dice.random() < self.chance else "none"
        if fault == "throttled":
            return Broken(Trouble.THROTTLED, ERROR, self.dice.choice((None, 1.0, 3.0, self.longest)), was_answered=True)
        if fault == "never sent":
            return Broken(Trouble.UNSENT, ERROR)
        if job.is_asking and (fault == "refused as a whole" or not self.may_ask):
            return Broken(Trouble.REFUSED, ERROR, was_answered=True)
        if job.is_asking:
            return self._listed(job, now) if fault in ("none", "mixed", "not found") else Broken(Trouble.LOST, ERROR)
        if fault == "not executed, lost":
            return Broken(Trouble.LOST, ERROR)
        if fault == "not executed, 5xx":
            return Broken(Trouble.LOST, ERROR, was_answered=True)
        if fault == "not found":
            return Broken(Trouble.NOT_FOUND, ERROR, was_answered=True)
        if fault == "refused as a whole":
            return Broken(Trouble.REFUSED, ERROR, was_answered=True)
        if fault == "executed late, lost":
            self.late.append((now + self.dice.uniform(0.0, 30.0), job.items))
            return Broken(Trouble.LOST, ERROR)
        done = self._store(job.items, now, mixed=fault == "mixed")
        if fault == "executed, lost":
            return Broken(Trouble.LOST, ERROR)
        if fault == "executed, 5xx":
            return Broken(Trouble.LOST, ERROR, was_answered=True)
        return done

    def settle(self, now: float) -> None:
        """Carry out what was delayed until now."""
        for at, items in [entry for entry in self.late if entry[0] <= now]:
            self.late.remove((at, items))
            self._store(items, at, mixed=False)

    def _store(self, items: list[Item], now: float, *, mixed: bool) -> Outcome:
        keys = {item.key for item in items}
        if keys & self.crashing:
            return Broken(Trouble.LOST, ERROR, was_answered=True)
        if keys & self.poison:
            return Broken(Trouble.REFUSED, ERROR, was_answered=True)
        if self.duplicates == "batch" and keys & self.store.keys():
            return Broken(Trouble.TAKEN, ERROR, was_answered=True)
        return Answered({item.key: self._store_one(item, now, mixed, len(items) == 1) for item in items})

    def _store_one(self, item: Item, now: float, mixed: bool, is_alone: bool) -> Said:
        chance = self.dice.random() if mixed else 1.0
        if chance < 0.1:
            return Said(Verdict.THROTTLED, ERROR)
        if chance < 0.2:
            return Said(Verdict.LOST, ERROR)
        if item.key in self.bad:
            return Said(Verdict.ALONE if mixed and not is_alone else Verdict.REFUSED, ERROR)
        if item.key in self.store:
            if self.duplicates == "item" and item.derived:
                return Said(Verdict.TAKEN, ERROR)
            if self.duplicates in ("item", "unclear item"):
                return Said(Verdict.ASK, ERROR)
            if self.duplicates == "overwrite":
                self.store[item.key] = (item.digest, self.store[item.key][1])
            elif self.store[item.key][0] != item.digest:
                return Said(Verdict.TURNED, ERROR)  # the answer shows the content that was kept
        else:
            self.store[item.key] = (item.digest, now)
        return Said(Verdict.LOST, ERROR) if chance < 0.3 else Said(Verdict.STORED)

    def _listed(self, job: Job, now: float) -> Answered:
        said = {}
        for item in job.items:
            digest, at = self.store.get(item.key, ("", now))
            if not digest or at > now - self.lag:
                said[item.key] = Said(Verdict.ABSENT)
            else:
                said[item.key] = Said(Verdict.HOLDS) if digest == item.digest else Said(Verdict.OTHER, ERROR)
        return Answered(said)


@dataclass
class Run:
    """What happened.

    Attributes:
        items: What was given, as far as it was taken.
        settled: What became of it.
        server: The server afterwards.
        seconds: How long it took.
        deadline: How long it might take.
        ended: Whether it came to an end by itself.
        before: What was stored before.
        stopped: Why it stopped early, if it did.
        patience: Seconds without a success after which it may.
    """

    items: list[Item]
    settled: list[Settled]
    server: Server
    seconds: float
    deadline: float | None
    ended: bool
    before: dict[Key, str]
    stopped: str | None
    patience: float


def replay(seed: int) -> Run:
    """Run an upload that one number decides."""
    dice = random.Random(seed)
    server = Server(dice, chance=dice.choice((0.0, 0.1, 0.3, 0.6)), duplicates=dice.choice(DUPLICATES))
    server.faults = tuple(dice.sample(FAULTS, dice.randint(1, len(FAULTS))))
    server.lag = dice.choice((0.0, 0.0, 1.0, 5.0))
    server.rate = dice.choice((None, None, 5, 15))
    if dice.random() < 0.15:
        begin = dice.uniform(0.0, 10.0)
        server.outage = (begin, begin + dice.choice((2.0, 30.0, 1000.0)))
    if dice.random() < 0.05:
        server.account = dice.uniform(0.0, 10.0)
    server.may_ask = dice.random() >= 0.05
    items = _items(dice, server)
    before = {key: digest for key, (digest, _) in server.store.items()}
    limit, deadline = dice.choice((15, 15, 5, None)), dice.choice((None, None, None, 2.0, 10.0, 60.0))
    patience = dice.choice((300.0, 300.0, 20.0))
    server.longest = dice.choice((3.0, 3.0, 86400.0))
    planner = Planner(
        RateLimiter(limit),
        0.0,
        deadline=deadline,
        give_up_after=patience,
        flush_after=dice.choice((None, 1.0, 1.0, 0.1)),
        check_existing=dice.random() < 0.2,
        at_once=dice.choice((64, 8, 1)),
        waiting=dice.random() < 0.9,
        jitter=dice.random,
    )
    interrupted = dice.uniform(0.0, 20.0) if dice.random() < 0.1 else float("inf")
    taken, settled, seconds, ended = _drive(planner, server, items, dice, interrupted)
    server.settle(float("inf"))
    return Run(taken, settled, server, seconds, deadline, ended, before, planner.stopped, patience)


def _items(dice: random.Random, server: Server) -> list[Item]:
    number = dice.choice((0, 1, 2, 20, 128, 129, 300, 700))
    items: list[Item] = []
    for index in range(number):
        derived = dice.random() < 0.7
        twin = dice.choice(items) if items and dice.random() < 0.05 else None
        digest = f"content {index}"
        key = (f"in-{index % 50}", digest if derived else f"own {index}")
        if twin is not None:
            key, derived = twin.key, twin.derived
            digest = twin.digest if derived or dice.random() < 0.5 else digest
        items.append(Item(index, None, key, digest, derived, dice.choice((200, 200, 200, 2_000_000))))
    if server.duplicates == "overwrite":  # there other content of an id is lost, whoever sends it
        first: dict[Key, str] = {}
        items = [item for item in items if first.setdefault(item.key, item.digest) == item.digest]
    for item in items:
        chance = dice.random()
        if chance < 0.05:
            server.store[item.key] = (item.digest, float("-inf"))
        elif chance < 0.08 and server.duplicates != "overwrite":  # an id of the caller's, or a label turned since
            server.store[item.key] = ("turned" if item.derived else "other content", float("-inf"))
    if items and server.duplicates != "overwrite":  # what was refused before is not there
        free = [item.key for item in items if item.key not in server.store]
        some = [frozenset(dice.sample(free, min(len(free), dice.choice((0, 0, 1, 3))))) for _ in range(3)]
        server.bad, server.poison, server.crashing = some
    return items


def _drive(
    planner: Planner, server: Server, items: list[Item], dice: random.Random, interrupted: float
) -> tuple[list[Item], list[Settled], float, bool]:
    now, order, left = 0.0, count(), iter(items)
    taken: list[Item] = []
    arriving: list[tuple[float, int, Job, Outcome | None]] = []
    waits = asked = 0
    pace, comes = dice.choice((0.0, 0.0, 0.0, 0.01, 0.5)), 0.0  # what is given may keep the upload waiting
    while now < interrupted:
        step = planner.next(now, reading=asked > 0)
        waits = 0 if isinstance(step, (Take, Start)) or arriving or asked else waits + 1
        if isinstance(step, Done) or waits > 1000:
            break
        if isinstance(step, Take):
            asked = step.number
        while asked and comes <= now:
            asked -= 1
            item = next(left, None)
            if item is None:
                planner.end()
                asked = 0
                break
            taken.append(item)
            planner.offer(item, now)
            comes = now + dice.uniform(0.0, 2 * pace)
        if isinstance(step, Take):
            continue
        if isinstance(step, Start):
            heapq.heappush(arriving, (now + dice.uniform(0.0, 0.1), next(order), step.job, None))
        elif arriving and arriving[0][0] <= min(step.until, comes if asked else float("inf")):
            at, _, job, outcome = heapq.heappop(arriving)
            now = max(now, at)
            if outcome is None:  # it arrives at the server; what the client learns of it comes later
                outcome = server.answer(job, now)
                took = dice.choice((0.05, 0.2, 1.0)) if dice.random() < 0.95 else 20.0
                heapq.heappush(arriving, (now + took, next(order), job, outcome))
            else:
                planner.ended(job, outcome, now)
        else:
            now = max(now, min(step.until, comes) if asked else step.until)
    ended = isinstance(step, Done) if now < interrupted else True
    for _, _, job, outcome in arriving:  # on its way, and nobody waits for it any longer
        if outcome is None and dice.random() < 0.5:
            server.answer(job, now)
    planner.abandon()
    return taken, planner.settled, now, ended


def broken_promises(run: Run) -> list[str]:
    """Return what should not have happened, in sentences."""
    broken = [] if run.ended else ["it does not come to an end"]
    if run.deadline is not None and run.seconds > run.deadline:
        broken.append(f"it took {run.seconds:.1f} s, and its deadline was {run.deadline:g} s")
    if (run.stopped or "").startswith("nothing succeeded") and run.seconds < run.patience / 2:
        broken.append(f"it gave up after {run.seconds:.1f} s")
    counts = Counter(id(entry.item) for entry in run.settled)
    if [id(item) for item in run.items if counts[id(item)] != 1] or len(counts) != len(run.items):
        broken.append("what was taken is not the sum of what became of it")
    now = {key: digest for key, (digest, _) in run.server.store.items()}
    ours = {entry.item.key for entry in run.settled if entry.became in MAY_BE_THERE}
    for item, became, _ in run.settled:
        there = now.get(item.key) == item.digest
        if became in (Became.STORED, Became.ALREADY_THERE) and not there:
            broken.append(f"{item.key} is said to be there and is not ({became})")
        new = there and item.key not in ours and run.before.get(item.key) != item.digest
        if became in (Became.FAILED, Became.NOT_SENT) and new:
            broken.append(f"{item.key} is said not to be there and is ({became})")
        rivals = any(other.key == item.key and other.digest != item.digest for other in run.items)
        if became is Became.CONFLICT and there and not rivals:
            broken.append(f"{item.key} is said to be in conflict with itself")
    for key, digest in run.before.items():
        if now.get(key) != digest:
            broken.append(f"{key} was changed")
    return broken
