"""An annotation: what somebody says about one input."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Annotated, Any, ClassVar, Self

from pydantic import BeforeValidator, Field, ValidationInfo, model_validator

from . import region, video
from ._base import READING, Id, ReadOnly, WireModel
from .concept import Concept
from .region import BoundingBox, Region, RegionInfo
from .status import Status, StatusCode
from .video import Frame


class Data(WireModel):
    """What is said: about the whole input, a region of it, or a frame.

    Attributes:
        concepts: Concepts and their polarities. One concept cannot be both.
        regions: Parts of an image; at most one in a request (docs: "Add annotations").
        frames: Frames of a video; at most one in a request.
    """

    holds_content: ClassVar[bool] = True

    concepts: list[Concept] = Field(default_factory=list)
    regions: list[Region] = Field(default_factory=list)
    frames: list[Frame] = Field(default_factory=list)

    @model_validator(mode="after")
    def _can_be_sent(self, info: ValidationInfo) -> Self:
        if info.context is READING:
            return self
        for name, several in (("region", self.regions), ("frame", self.frames)):
            if len(several) > 1:
                raise ValueError(
                    f"the API takes at most one {name} an annotation, not {len(several)}; "
                    f"make an annotation for each {name}"
                )
        polarities: dict[Any, Any] = {}
        for concept in self.concepts:
            # A concept that was tampered with may lack either; the guard speaks of that.
            concept_id, value = vars(concept).get("id"), vars(concept).get("value")
            if polarities.setdefault(concept_id, value) != value:
                raise ValueError(
                    f"concept {concept_id!r} is there twice, with the values {polarities[concept_id]} and {value}"
                )
        return self


def _status(value: object) -> object:
    return {"code": value} if isinstance(value, (str, int)) else value


class Annotation(WireModel):
    """An annotation of one input; the shape on the wire, field for field.

    Attributes:
        input_id: The input that it is about; it must be in the app already.
        id: Id of the annotation, which together with ``input_id`` identifies it; empty as long as
            there is none. `Client.create` derives one from the content then.
        data: What is said. An annotation without it is a task for somebody to do.
        status: State of the work.
        created_at: When the server stored it; only in answers.
        modified_at: When the server last changed it; only in answers.
    """

    read_defaults: ClassVar[dict[str, Any]] = {"id": "", "input_id": ""}
    from_server: ClassVar[frozenset[str]] = frozenset({"status", "created_at", "modified_at"})

    id: Id = ""
    input_id: Id
    data: Data | None = None
    status: Annotated[Status | None, BeforeValidator(_status)] = None
    created_at: Annotated[datetime | None, ReadOnly] = None
    modified_at: Annotated[datetime | None, ReadOnly] = None

    @classmethod
    def of(
        cls,
        input_id: str,
        *concepts: Concept,
        region: BoundingBox | None = None,
        id: str | None = None,
        status: StatusCode | str | None = None,
    ) -> Self:
        """Build an annotation of one input in one line.

        Args:
            input_id: The input that it is about.
            *concepts: What is present and absent: ``positive("tree"), negative("water")``.
            region: The part of the image that the concepts are about; the whole image if absent.
            id: Id of the annotation; derived from the content if absent.
            status: State of the work, such as ``"ANNOTATION_PENDING"``.

        Raises:
            TypeError: If a concept has no polarity, as plain text has none, or the region is no box.
            pydantic.ValidationError: If a value cannot be sent.
        """
        if region is not None and not isinstance(region, BoundingBox):
            raise TypeError(f"region must be BoundingBox(top_row=..., left_col=..., ...), not {region!r}")
        for concept in concepts:
            if isinstance(concept, (list, tuple)):
                raise TypeError("concepts are given one by one: unpack the list, Annotation.of(input_id, *concepts)")
            if not isinstance(concept, Concept):
                raise TypeError(
                    f"{concept!r} is not a Concept: say positive({concept!r}) if it is present "
                    f"or negative({concept!r}) if it is absent"
                )
        said: dict[str, Any] = {"input_id": input_id}
        if region is not None:
            info = RegionInfo(bounding_box=region)
            inside = Data(concepts=list(concepts)) if concepts else None
            said["data"] = Data(regions=[Region(region_info=info, data=inside)])
        elif concepts:
            said["data"] = Data(concepts=list(concepts))
        said |= {name: value for name, value in (("id", id), ("status", status)) if value is not None}
        return cls(**said)

    def each_concept(self) -> Iterator[tuple[str, Concept]]:
        """Yield every concept with its place, such as ``"data.regions[0].data.concepts[1]"``."""
        if self.data is not None:
            yield from _each_concept(self.data, "data")


def _each_concept(data: Data, place: str) -> Iterator[tuple[str, Concept]]:
    for index, concept in enumerate(data.concepts):
        yield f"{place}.concepts[{index}]", concept
    parts: list[tuple[str, Region | Frame]] = [(f"regions[{i}]", part) for i, part in enumerate(data.regions)]
    parts += [(f"frames[{i}]", part) for i, part in enumerate(data.frames)]
    for name, part in parts:
        if part.data is not None:
            yield from _each_concept(part.data, f"{place}.{name}.data")


# Regions and frames hold Data, which holds them: their models are built on first use, and find it then.
region.Data = video.Data = Data  # type: ignore[attr-defined]  # both name it for type checkers only
