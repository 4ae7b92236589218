"""What a search asks for, and what it finds."""

from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field

from ._base import Id, Number, WireModel
from .annotation import Annotation
from .concept import Concept
from .status import Status, StatusCode, known_code

Kind = Literal["classification", "bounding_box", "polygon", "mask", "point", "span", "frame", "time_segment"]
"""What an annotation is about; ``classification`` is the whole input."""


def _code(value: object) -> object:
    return value if value is None else Status(code=known_code(value) or value).code


class Filter(BaseModel):
    """What an annotation must be to be found: all that is said here, in one annotation.

    ``~Filter(...)`` finds what the filter does not; such a filter says one thing only.

    Attributes:
        concept: It has this concept with this polarity: ``positive("tree")``.
        kind: What it is about: ``"classification"`` (the whole input), ``"bounding_box"``, ``"polygon"``,
            ``"mask"``, ``"point"``, ``"span"``, ``"frame"`` or ``"time_segment"``.
        id: Its id.
        input_id: Its input.
        task_id: Its labelling task.
        user_id: Who made it.
        model_version_id: The version of the model that made it.
        track_id: The track that its region is part of.
        status: Its state, such as ``"ANNOTATION_PENDING"``.
        annotation_info: What its ``annotation_info`` holds.
        metadata: What its ``data.metadata`` holds; one of several keys is enough (the API's rule).
        input_level: It came with its input.
        changed_since: It was changed then or later; a time with its zone.
        changed_until: It was changed then or earlier; a time with its zone.
        negate: Find what is not so.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)

    concept: Concept | None = None
    kind: Kind | None = None
    id: Id | None = None
    input_id: Id | None = None
    task_id: Id | None = None
    user_id: Id | None = None
    model_version_id: Id | None = None
    track_id: Id | None = None
    status: Annotated[StatusCode | str | None, BeforeValidator(_code)] = None
    annotation_info: dict[str, Any] | None = None
    metadata: dict[str, Any] | None = None
    input_level: bool | None = None
    changed_since: AwareDatetime | None = None
    changed_until: AwareDatetime | None = None
    negate: bool = False

    def __invert__(self) -> Self:
        return self.model_copy(update={"negate": not self.negate})

    def __repr_args__(self) -> Any:
        return [(name, value) for name, value in super().__repr_args__() if value not in (None, False)]


class Input(WireModel):
    """The input of a hit.

    Attributes:
        id: Its id. What else the server says of it is kept as it is.
    """

    read_defaults: ClassVar[dict[str, Any]] = {"id": ""}

    id: str


class Hit(WireModel):
    """One annotation that a search found. An input is in several hits if several of its annotations are.

    Attributes:
        annotation: The annotation.
        input: Its input.
        score: How well it matches, 0 to 1; a search that only filters may give 1 to all.
    """

    read_defaults: ClassVar[dict[str, Any]] = {"score": 0.0}

    annotation: Annotation
    input: Input = Field(default_factory=lambda: Input(id=""))
    score: Number
