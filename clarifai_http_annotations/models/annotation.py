"""An annotation: what somebody says about one input."""

from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Self

from pydantic import Field, PrivateAttr, ValidationInfo, model_validator

from ._base import READING, Checked, FreeJson, Id, ReadOnly, WireModel, nothing
from ._later import later
from .concept import Concept
from .status import Status, StatusCode

if TYPE_CHECKING:
    from .geo import Geo, GeoPoint
    from .region import Place, Region, RegionInfo
    from .video import Frame, FrameInfo, TimeInfo, TimeSegment, Track
    from .worker import Worker
else:  # what many annotations do without
    Geo, GeoPoint, Worker = later("geo", "Geo"), later("geo", "GeoPoint"), later("worker", "Worker")
    Place, Region, RegionInfo = (later("region", name) for name in ("Place", "Region", "RegionInfo"))
    Frame, FrameInfo, TimeInfo, TimeSegment, Track = (
        later("video", name) for name in ("Frame", "FrameInfo", "TimeInfo", "TimeSegment", "Track")
    )


class Data(WireModel):
    """What is said: about the whole input, or a part of it.

    Attributes:
        concepts: Concepts and their polarities. One concept cannot be both.
        regions: Parts of an image; at most one in a request (docs: "Add annotations").
        frames: Frames of a video; at most one in a request.
        time_segments: Spans of time of a video or a recording.
        tracks: Things that are followed through a video.
        metadata: JSON of your own.
        geo: Where it is.
    """

    holds_content: ClassVar[bool] = True

    concepts: list[Concept] = Field(default_factory=nothing)
    regions: list[Region] = Field(default_factory=nothing)
    frames: list[Frame] = Field(default_factory=nothing)
    time_segments: list[TimeSegment] = Field(default_factory=nothing)
    tracks: list[Track] = Field(default_factory=nothing)
    metadata: FreeJson | None = None
    geo: Geo | None = None

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


class Origin:
    """What the server said when it gave an annotation, so that a patch can say what was changed since.

    It is never part of whether two annotations are equal.

    Attributes:
        tree: The annotation's JSON.
        maybe: What the server may have instead: after patches of which nobody knows whether they were carried out.
        shown: What of the answer does not go back, by its place, if the tree does not have it.
    """

    __slots__ = ("maybe", "shown", "tree")

    def __init__(
        self, tree: dict[str, Any], shown: dict[Any, str] | None = None, maybe: tuple[dict[str, Any], ...] = ()
    ) -> None:
        self.tree = tree
        self.shown = shown
        self.maybe = maybe

    @property
    def is_sure(self) -> bool:
        """Whether the server still said so when it last answered."""
        return not self.maybe

    def __eq__(self, other: object) -> bool:
        return other is None or isinstance(other, Origin)

    __hash__ = None  # type: ignore[assignment]  # as of everything that is compared by content


def status_of(value: object, _: object = None) -> object:
    """Return the shape on the wire of a status that is said as its code alone."""
    return {"code": value} if isinstance(value, (str, int)) else value


class Annotation(WireModel):
    """An annotation of one input; the shape on the wire, field for field.

    Attributes:
        input_id: The input that it is about; it must be in the app already.
        id: Id of the annotation, which together with ``input_id`` identifies it; empty as long as
            there is none. `Client.create` derives one from the content then.
        data: What is said. An annotation without it is a task for somebody to do, unless it is ``input_level``.
        status: State of the work.
        annotation_info: JSON of your own about the annotation.
        task_id: The labelling task that it belongs to.
        user_id: Whose annotation it is. The owner of an app may give another person's, as for a task that
            waits for them (docs: "Add annotations"); an answer names its author, which is not sent back.
        worker: Who made it: a person, a model or a workflow; likewise.
        model_version_id: The version of the model that made it; the API prefers ``worker``.
        input_level: Whether it came with its input and goes with it; only in answers. Its data repeats what the input
            was posted with: labels, if there were any, and fields that are not of annotations.
        trusted: Whether it is a person's; only in answers.
        consensus_info: What the server keeps for reviews; only in answers.
        created_at: When the server stored it; only in answers.
        modified_at: When the server last changed it; only in answers.
    """

    read_defaults: ClassVar[dict[str, Any]] = {"id": "", "input_id": ""}
    from_server: ClassVar[frozenset[str]] = frozenset(
        {"status", "user_id", "worker", "model_version_id", "embed_model_version_id", "input_level", "trusted"}
        | {"consensus_info", "created_at", "modified_at"}
    )

    id: Id = ""
    input_id: Id
    data: Data | None = None
    status: Annotated[Status | None, Checked(status_of)] = None
    annotation_info: FreeJson | None = None
    task_id: Id | None = None
    user_id: Id | None = None
    worker: Worker | None = None
    model_version_id: Id | None = None
    input_level: Annotated[bool | None, ReadOnly] = None
    trusted: Annotated[bool | None, ReadOnly] = None
    consensus_info: Annotated[FreeJson | None, ReadOnly] = None
    created_at: Annotated[datetime | None, ReadOnly] = None
    modified_at: Annotated[datetime | None, ReadOnly] = None

    _origin: Origin | None = PrivateAttr(default=None)

    @classmethod
    def of(
        cls,
        input_id: str,
        *concepts: Concept,
        region: Place | RegionInfo | Region | None = None,
        frame: FrameInfo | None = None,
        time_segment: TimeInfo | None = None,
        track_id: str | None = None,
        id: str | None = None,
        status: StatusCode | str | None = None,
        task_id: str | None = None,
        user_id: str | None = None,
        annotation_info: dict[str, Any] | None = None,
        metadata: dict[str, Any] | None = None,
        geo: GeoPoint | None = None,
    ) -> Self:
        """Build an annotation of one input in one line.

        Args:
            input_id: The input that it is about.
            *concepts: What is present and absent: ``positive("tree"), negative("water")``.
            region: The part that the concepts are about; the whole if absent. A `BoundingBox`, `Polygon`,
                `Mask` or `Point` of an image, a `Span` or `Token` of a text, a `RegionInfo`, or
                ``Region(id=...)`` for a region that exists.
            frame: The frame of a video: ``FrameInfo(time=5000)`` (milliseconds) or ``FrameInfo(number=150)``.
            time_segment: The span of time: ``TimeInfo(begin_time=..., end_time=...)``.
            track_id: The track that the region is part of, in a video.
            id: Id of the annotation; derived from the content if absent.
            status: State of the work, such as ``"ANNOTATION_PENDING"``.
            task_id: The labelling task that it belongs to.
            user_id: Another person whose annotation it is; the owner of the app may say that.
            annotation_info: JSON of your own about the annotation.
            metadata: JSON of your own in its data.
            geo: Where on earth it is.

        Raises:
            TypeError: If a concept has no polarity, as plain text has none, or a place is none.
            pydantic.ValidationError: If a value cannot be sent.
        """
        # Data is a dict until all is there: it is checked once then, and no model of it is built for itself.
        data: dict[str, Any] | None = {"concepts": _checked(concepts)} if concepts else None
        if region is not None:
            data = {"regions": [_region(region, data, track_id)]}
        elif track_id is not None:
            raise TypeError("track_id belongs to a region: give region= too")
        if time_segment is not None:
            data = {"time_segments": [_time_segment(time_segment, data)]}
        if frame is not None and time_segment is not None:
            raise TypeError("frame= or time_segment=, not both: a frame is one moment")
        if frame is not None:
            data = {"frames": [_frame(frame, data)]}
        if metadata is not None:
            data = {**(data or {}), "metadata": metadata}
        if geo is not None:
            data = {**(data or {}), "geo": {"geo_point": geo}}
        said: dict[str, Any] = {"id": id, "data": data, "status": status, "task_id": task_id, "user_id": user_id}
        said["annotation_info"] = annotation_info
        return cls(input_id=input_id, **{name: value for name, value in said.items() if value is not None})

    def each_concept(self) -> Iterator[tuple[str, Concept]]:
        """Yield every concept with its place, such as ``"data.regions[0].data.concepts[1]"``."""
        if self.data is not None:
            yield from _each(self.data, "data", "concepts")

    def each_region(self) -> Iterator[tuple[str, Region]]:
        """Yield every region with its place, such as ``"data.frames[0].data.regions[0]"``."""
        if self.data is not None:
            yield from _each(self.data, "data", "regions")


def _checked(concepts: tuple[object, ...]) -> list[Any]:
    for concept in concepts:
        if isinstance(concept, (list, tuple)):
            raise TypeError("concepts are given one by one: unpack the list, Annotation.of(input_id, *concepts)")
        if not isinstance(concept, Concept):
            raise TypeError(
                f"{concept!r} is not a Concept: say positive({concept!r}) if it is present "
                f"or negative({concept!r}) if it is absent"
            )
    return list(concepts)


def _region(place: object, data: dict[str, Any] | None, track_id: str | None) -> Any:
    from .region import Region, RegionInfo

    said: dict[str, Any] = {"data": data, "track_id": track_id}
    if isinstance(place, Region):
        for name, value in said.items():
            if value is not None and getattr(place, name) is not None:
                raise TypeError(f"the region has {name} of its own: give one of the two")
            said[name] = getattr(place, name) if value is None else value
        said |= {"id": place.id or None, "region_info": place.region_info}
    else:
        said["region_info"] = place if isinstance(place, RegionInfo) else RegionInfo.of(place)  # type: ignore[arg-type]  # which it says
    return Region(**{name: value for name, value in said.items() if value is not None})


def _frame(place: object, data: dict[str, Any] | None) -> Any:
    from .video import Frame, FrameInfo

    return _part(Frame, "frame_info", place, FrameInfo, data)


def _time_segment(place: object, data: dict[str, Any] | None) -> Any:
    from .video import TimeInfo, TimeSegment

    return _part(TimeSegment, "time_info", place, TimeInfo, data)


def _part(part: Any, field: str, place: object, kind: type[Any], data: dict[str, Any] | None) -> Any:
    if not isinstance(place, kind):
        how = "time=milliseconds) or FrameInfo(number=..." if field == "frame_info" else "begin_time=..., end_time=..."
        raise TypeError(f"{part.__name__} is said by {kind.__name__}({how}), not {place!r}")
    return part(**{field: place}, **({} if data is None else {"data": data}))


def _each(data: Data, place: str, kind: str) -> Iterator[tuple[str, Any]]:
    """Yield what is listed under a key, in the data itself and in all of its parts."""
    yield from ((f"{place}.{kind}[{index}]", item) for index, item in enumerate(getattr(data, kind)))
    for name in ("regions", "frames", "time_segments", "tracks"):
        for index, part in enumerate(getattr(data, name)):
            if part.data is not None:
                yield from _each(part.data, f"{place}.{name}[{index}].data", kind)
