"""What a number of annotations say, counted: by concept, and where two of them contradict or exclude each other.

Rules:

1. What is said of a part (a box, a frame) is counted beside what is said of the whole input.
2. A conflict is an input, a concept and both polarities: of the whole, or of one and the same part. A concept that
   is present in a part is present in the input, so ``absent`` of the whole contradicts it; absent from a part it may
   well be present elsewhere.
3. An annotation is repeated if another one has its input, its id and its content. With other content they exclude each
   other: an id holds one.
4. Texts are compared by their hashes of 64 bits, which this process alone knows.
5. Any number of annotations take a bounded amount of memory: what has to be compared is in a temporary file.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from types import TracebackType
from typing import Any, NamedTuple, Self

from .._scratch import open_scratch
from .._wire.guard import find_concepts
from .._wire.ids import canonical
from ._spool import room

AT_ONCE = 10_000
"""Rows that are written together."""

PARTS = ("region_info", "frame_info", "time_info", "id")
"""What says which part of an input a concept is in."""


@dataclass(slots=True)
class Count:
    """How often a concept is said.

    Attributes:
        positives: Present in a whole input.
        negatives: Absent from a whole input.
        parts: Present in a part of one: a box, a frame.
        absent_parts: Absent from a part of one.
        conflicts: Inputs, or parts, of which both are said.
    """

    positives: int = 0
    negatives: int = 0
    parts: int = 0
    absent_parts: int = 0
    conflicts: int = 0


class Conflict(NamedTuple):
    """Both polarities of one concept for one input, and where they are said."""

    input_id: str
    concept_id: str
    positive: str
    negative: str


class Clash(NamedTuple):
    """One annotation id of one input with two contents, and where they are."""

    input_id: str
    annotation_id: str
    place: str
    other: str


class Tally:
    """Counts annotations. It holds a temporary file: use it as a context manager.

    Attributes:
        annotations: How many there were.
        concepts: Counts by concept.
    """

    def __init__(self) -> None:
        self.annotations = 0
        self.concepts: dict[str, Count] = {}
        self._said: list[tuple[int, int, str, int]] = []
        self._given: list[tuple[int, int, int, str, str | None, str]] = []
        self._has_names = False  # or every id is that of its content, so that none has two
        self._file = open_scratch()
        self._file.execute("CREATE TABLE said (key INT, polarity INT, concept TEXT, number INT)")
        self._file.execute(
            "CREATE TABLE given (input INT, id INT, content INT, input_id TEXT, annotation_id TEXT, place TEXT)"
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._file.close()

    def add(self, tree: dict[str, Any], place: str, digest: str = "") -> None:
        """Count an annotation, which has an id and a value in every concept; fractions count as positive from 0.5.

        Args:
            tree: The annotation.
            place: Where it is.
            digest: The id that its content makes; without it all contents are one.
        """
        self.annotations += 1
        input_id, id, data = tree["input_id"], tree["id"], tree.get("data") or {}
        name = None if id == digest else id
        self._has_names |= name is not None
        identity = hash(f"{input_id}\0{id}")
        self._given.append((hash(input_id), identity, hash(digest), input_id, name, place))  # its rowid is its number
        if data.keys() == {"concepts"}:
            for concept in data["concepts"]:
                self._whole(input_id, concept["id"], concept["value"] >= 0.5)
        else:
            for path, concept in find_concepts(data):
                self._anywhere(input_id, data, path, concept)
        if len(self._given) >= AT_ONCE or len(self._said) >= AT_ONCE:
            self._write()

    def _whole(self, input_id: str, concept_id: str, is_positive: bool) -> None:
        count = self.concepts.setdefault(concept_id, Count())
        if is_positive:
            count.positives += 1
        else:
            count.negatives += 1
        self._said.append((hash(f"{input_id}\0{concept_id}"), int(is_positive), concept_id, self.annotations))

    def _anywhere(self, input_id: str, data: Any, path: tuple[Any, ...], concept: dict[str, Any]) -> None:
        concept_id, is_positive = concept["id"], concept["value"] >= 0.5
        part = _part(data, path)
        if not part:
            self._whole(input_id, concept_id, is_positive)
            return
        count = self.concepts.setdefault(concept_id, Count())
        if is_positive:
            count.parts += 1
            self._said.append((hash(f"{input_id}\0{concept_id}"), 2, concept_id, self.annotations))
        else:
            count.absent_parts += 1
        key = hash(f"{input_id}\0{concept_id}\0{part}")
        self._said.append((key, int(is_positive), concept_id, self.annotations))

    def _write(self) -> None:
        with room():
            self._file.executemany("INSERT INTO given VALUES (?, ?, ?, ?, ?, ?)", self._given)
            self._file.executemany("INSERT INTO said VALUES (?, ?, ?, ?)", self._said)
        self._given.clear()
        self._said.clear()

    def _rows(self, query: str) -> Iterator[tuple[Any, ...]]:
        """Yield what a query finds in all that was counted.

        Raises:
            ConfigurationError: If there is no room for what it has to sort.
        """
        self._write()
        with room(), closing(self._file.execute(query)) as found:
            yield from found

    # --- what was counted ------------------------------------------------------------------------

    @property
    def inputs(self) -> int:
        """How many inputs there are."""
        [(count,)] = self._rows("SELECT count(DISTINCT input) FROM given")
        return int(count)

    @property
    def repeated(self) -> int:
        """How many annotations are the same as another one, by input, id and content; they are stored once."""
        query = "SELECT count(*) - count(DISTINCT id) FROM given"
        if self._has_names:
            query = "SELECT (SELECT count(*) FROM given) - count(*) FROM (SELECT DISTINCT id, content FROM given)"
        [(count,)] = self._rows(query)
        return int(count)

    def clashes(self) -> Iterator[Clash]:
        """Yield the annotations that have more than one content, once for each input and id."""
        if not self._has_names:
            return
        yield from map(
            Clash._make,
            self._rows(
                "SELECT a.input_id, coalesce(a.annotation_id, b.annotation_id), a.place, b.place FROM"
                " (SELECT min(first) AS one, max(first) AS other FROM"
                "  (SELECT id, min(rowid) AS first FROM given GROUP BY id, content) GROUP BY id HAVING count(*) > 1) c"
                " JOIN given a ON a.rowid = c.one JOIN given b ON b.rowid = c.other ORDER BY c.one"
            ),
        )

    def conflicts(self) -> Iterator[Conflict]:
        """Yield what contradicts itself, once for each input, concept and part, and count it by concept."""
        for count in self.concepts.values():
            count.conflicts = 0
        # With a max() SQLite takes the other columns of the row that has it; 2 is a part, which is no conflict with 1.
        for row in self._rows(
            "SELECT a.input_id, p.concept, a.place, b.place FROM"
            " (SELECT key, concept, number, max(polarity) FROM said WHERE polarity > 0 GROUP BY key) p"
            " JOIN (SELECT key, max(number) AS number FROM said WHERE polarity = 0 GROUP BY key) n ON p.key = n.key"
            " JOIN given a ON a.rowid = p.number JOIN given b ON b.rowid = n.number"
        ):
            conflict = Conflict._make(row)
            self.concepts[conflict.concept_id].conflicts += 1
            yield conflict


def _part(data: Any, path: tuple[Any, ...]) -> str:
    """Return what names the part of the input that a path leads into; empty for the whole."""
    said, node = [], data
    for step in path[:-2]:
        node = node[step]
        if isinstance(node, dict) and (named := {name: node[name] for name in PARTS if name in node}):
            said.append(canonical(named))  # one box is one box, however its edges are written
    return " ".join(said)
