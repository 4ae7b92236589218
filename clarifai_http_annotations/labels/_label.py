"""What a reader gives, what it is told, and what it says of a row that it cannot take."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

from .._wire.bodies import ExpectedApp
from ..elsewhere import MissingValue
from ..errors import LabelError
from ._names import Names

InputId = Literal["id", "file", "stem"]
Shape = Literal["box", "polygon"]


class Label(NamedTuple):
    """An annotation that a file holds.

    Attributes:
        annotation: The annotation, as JSON of the API: what `Client.upload` takes. Each concept has its ``value``.
        place: Where it is, such as ``"train.csv, line 3"``.
    """

    annotation: dict[str, Any]
    place: str


class Problem(NamedTuple):
    """What is wrong in a file.

    Attributes:
        place: Where, such as ``"train.csv, line 3"``.
        message: What it is, and what to do.
    """

    place: str
    message: str

    def __str__(self) -> str:
        return f"{self.place}: {self.message}"


class Threshold(NamedTuple):
    """What a probability means: from ``high`` on it is positive, and negative below ``low`` or, if they differ, at it.

    What is between the two says nothing, and is left out and counted.
    """

    low: float
    high: float

    @classmethod
    def parse(cls, text: str) -> Threshold:
        """Read ``"0.2:0.8"``: at most 0.2 is negative, at least 0.8 positive.

        Raises:
            ValueError: If a side is missing, or they are no numbers from 0 to 1 in that order.
        """
        low, colon, high = text.partition(":")
        if not colon:
            raise ValueError(
                f"say both sides: {text}:{text} takes less than {text} as negative and the rest as positive, "
                "0.2:0.8 leaves out what is between"
            )
        try:
            sides = float(low), float(high)
        except ValueError:
            raise ValueError(f"{text!r} is not two numbers, such as 0.2:0.8") from None
        return cls.of(*sides)

    @classmethod
    def of(cls, low: float, high: float) -> Threshold:
        """Return the threshold of two numbers.

        Raises:
            ValueError: If they are no numbers from 0 to 1, the lower one first, or 0 would be positive.
        """
        if not (0.0 <= low <= high <= 1.0 and high > 0.0):
            raise ValueError(f"{low:g}:{high:g} is not two numbers between 0 and 1, the lower one first, and above 0")
        return cls(low, high)

    def polarity(self, number: float) -> float | None:
        """Return 1.0, 0.0, or ``None`` for a number between the two."""
        if number >= self.high:
            return 1.0
        return 0.0 if number <= self.low else None


@dataclass
class Reading:
    """How files are read, and what is learned while they are.

    Attributes:
        missing_value: What a concept without a polarity is.
        threshold: What a probability means; ``None`` refuses them.
        columns: Header names of a table by what they are: ``{"input": "photo", "concept": "species"}``.
        input_id: Which of an image's names is the input's id: the ``"id"`` as it is, the ``"file"`` name, or
            its ``"stem"``: without folders, and without folders and ending.
        shape: Which of an object's shapes is taken where a file has both.
        classes: Names of classes by their codes in the file (Open Images' class descriptions).
        names: How names become ids of concepts.
        app: The app that annotations are meant for, to be compared with what a request says.
        on_problem: Takes each problem; by default it is raised.
        on_notice: Takes each sentence about how a file was read.
        between: How many rows were left out, since their probability is between the two of the threshold.
        input_level: How many annotations had come with their inputs.
        without_labels: How many of those hold no label: they are left out.
        fields_left_out: How often a field of an answer, that this version does not know, was left out.
    """

    missing_value: MissingValue = "error"
    threshold: Threshold | None = None
    columns: Mapping[str, str] = field(default_factory=dict)
    input_id: InputId = "id"
    shape: Shape = "box"
    classes: Mapping[str, str] = field(default_factory=dict)
    names: Names = field(default_factory=Names)
    app: ExpectedApp = field(default_factory=ExpectedApp)
    on_problem: Callable[[Problem], object] | None = None
    on_notice: Callable[[str], object] = str
    between: int = 0
    input_level: int = 0
    without_labels: int = 0
    fields_left_out: Counter[str] = field(default_factory=Counter)

    def problem(self, place: str, message: str) -> None:
        """Say what is wrong.

        Raises:
            LabelError: If nobody takes problems.
        """
        problem = Problem(place, message)
        if self.on_problem is None:
            error = LabelError(str(problem))
            error.problem = problem
            raise error
        self.on_problem(problem)

    def input_of(self, name: str) -> str:
        """Return the id of an input for the name that a file gives it."""
        if self.input_id == "id":
            return name
        last = name.replace("\\", "/").rpartition("/")[2]
        if self.input_id == "file":
            return last
        stem, dot, _ = last.rpartition(".")
        return stem if dot and stem else last


def claim_input(takers: dict[str, Any], input_id: str, name: object, what: str = "") -> None:
    """Remember which name of a file is an input, so that no two of them become one.

    Raises:
        ValueError: If another name is that input already.
    """
    other = takers.setdefault(input_id, name)
    if other != name:
        raise ValueError(
            f"{what}{other!r} and {name!r} would both be the input {input_id!r}: take more of the name, with "
            "--input-id file or id (input_id=)"
        )


class Unreadable(Exception):  # noqa: N818 # a signal inside of this package, which `read` makes a problem of
    """The rest of a file cannot be read: the message, and the place if it is not the file."""

    def __init__(self, message: str, place: str | None = None) -> None:
        super().__init__(message)
        self.message, self.place = message, place
