"""Tracks of videos: one concept that is followed through frames."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Mapping
from functools import partial
from typing import Any, TypeAlias

from .. import _wire, models
from .._call import Caller, Timeout
from .._operation import operation, paged
from .._wire import answers, requests
from ..config import NOT_GIVEN, NotGiven
from ..errors import NotFoundError
from ..models.annotation import Annotation

Given: TypeAlias = "models.AnnotationTrack | Mapping[str, Any] | Iterable[models.AnnotationTrack | Mapping[str, Any]]"


def _identity(track: models.AnnotationTrack) -> tuple[str] | None:
    return (track.id,) if track.id else None


class TrackOperations(Caller):
    """Create, list, patch, delete and search tracks of a video."""

    @paged
    def list_tracks(
        self,
        input_id: str,
        *,
        ids: str | Iterable[str] | None = None,
        page: int = 1,
        per_page: int = 128,
        timeout: Timeout = NOT_GIVEN,
        deadline: float | NotGiven | None = NOT_GIVEN,
    ) -> AsyncIterator[models.AnnotationTrack]:
        """Yield the tracks of a video, each once.

        Args:
            input_id: The video.
            ids: Only these tracks; an empty list yields nothing.
            page: The page to begin with, from 1.
            per_page: Tracks a request, 1 to 1000.
            timeout: Seconds for an attempt (or an ``httpx.Timeout``); ``None`` for no end.
            deadline: Seconds for each page with its retries; ``None`` for no end.

        Raises:
            InvalidRequestError: If the id cannot be part of a URL, or a number is out of range; by the call itself.
            APIStatusError: If the API refused a request.
            InvalidResponseError: If a page holds a track that was not asked for.
            APIConnectionError: If no usable answer came.
        """
        requests.check_paging(page, per_page)
        names = requests.id_list(ids, "ids")

        def ask(number: int) -> requests.Request:
            return _wire.tracks.listing(self._app, input_id, names, page=number, per_page=per_page)

        read = partial(_wire.tracks.read, input_id=input_id, ids=names)
        listings = [] if names == [] else [(ask, read)]
        return self._list(listings, _identity, lambda: self._begin(timeout, deadline), page)

    @operation
    async def create_tracks(
        self,
        input_id: str,
        annotation_tracks: Given,
        *,
        timeout: Timeout = NOT_GIVEN,
        deadline: float | NotGiven | None = NOT_GIVEN,
    ) -> list[models.AnnotationTrack]:
        """Store tracks of a video. The server makes an id for a track that has none, so a second call stores it again.

        For the same reason it is not sent again when nobody knows what became of it (``maybe_done``).

        Args:
            input_id: The video.
            annotation_tracks: The tracks.
            timeout: Seconds for an attempt (or an ``httpx.Timeout``); ``None`` for no end.
            deadline: Seconds for the whole call with its retries; ``None`` for no end.

        Returns:
            The tracks as the server has them.

        Raises:
            InvalidRequestError: If a track cannot be sent; nothing was sent.
            MissingValueError: If a concept has no ``value``; nothing was sent.
            APIStatusError: If the API refused the request.
            APIConnectionError: If no usable answer came.
        """
        trees = _wire.tracks.plan(annotation_tracks, need_ids=False)
        request = _wire.tracks.create(self._app, input_id, trees, fractional_values=self._settings.fractional_values)
        read = partial(_wire.tracks.read, input_id=input_id)
        return await self._call(request, self._begin(timeout, deadline), read)

    @operation
    async def patch_tracks(
        self,
        input_id: str,
        annotation_tracks: Given,
        *,
        timeout: Timeout = NOT_GIVEN,
        deadline: float | NotGiven | None = NOT_GIVEN,
    ) -> list[models.AnnotationTrack]:
        """Change tracks of a video: what is given overwrites what was there.

        Args:
            input_id: The video.
            annotation_tracks: The tracks, with their ids.
            timeout: Seconds for an attempt (or an ``httpx.Timeout``); ``None`` for no end.
            deadline: Seconds for the whole call with its retries; ``None`` for no end.

        Returns:
            The tracks as the server has them.

        Raises:
            InvalidRequestError: If a track cannot be sent, or has no id; nothing was sent.
            MissingValueError: If a concept has no ``value``; nothing was sent.
            NotFoundError: If there is no such track.
            APIStatusError: If the API refused the request.
            APIConnectionError: If no usable answer came.
        """
        trees = _wire.tracks.plan(annotation_tracks, need_ids=True)
        request = _wire.tracks.patch(self._app, input_id, trees, fractional_values=self._settings.fractional_values)
        read = partial(_wire.tracks.read, input_id=input_id, ids=[tree["id"] for tree in trees])
        return await self._call(request, self._begin(timeout, deadline), read)

    @operation
    async def delete_tracks(
        self,
        ids: str | Iterable[str],
        *,
        input_id: str,
        timeout: Timeout = NOT_GIVEN,
        deadline: float | NotGiven | None = NOT_GIVEN,
    ) -> None:
        """Delete tracks of a video.

        Args:
            ids: The tracks.
            input_id: The video.
            timeout: Seconds for an attempt (or an ``httpx.Timeout``); ``None`` for no end.
            deadline: Seconds for the whole call with its retries; ``None`` for no end.

        Raises:
            InvalidRequestError: If no track is named; nothing was sent.
            NotFoundError: If there is no such track, unless an earlier attempt may have deleted it.
            APIStatusError: If the API refused the request.
            APIConnectionError: If no usable answer came.
        """
        request = _wire.tracks.delete(self._app, input_id, requests.id_list(ids, "ids"))
        try:
            await self._call(request, self._begin(timeout, deadline), lambda _: None)
        except NotFoundError as error:
            if not error.maybe_done:
                raise

    @operation
    async def search_track(
        self,
        input_id: str,
        *,
        track_id: str,
        frame_number_start: int | None = None,
        frame_time_start: int | None = None,
        annotation_type: models.AnnotationType | str | None = None,
        max_frames: int | None = None,
        max_duration: int | None = None,
        model_version_id: str | None = None,
        timeout: Timeout = NOT_GIVEN,
        deadline: float | NotGiven | None = NOT_GIVEN,
    ) -> list[Annotation]:
        """Return the annotations of a track, from a frame on; one answer covers 3 seconds or 60 frames at most.

        Args:
            input_id: The video.
            track_id: The track.
            frame_number_start: The first frame, by its number.
            frame_time_start: The first frame, in milliseconds of the video.
            annotation_type: Only of this kind, such as ``"BOUNDING_BOX"``.
            max_frames: How many frames, 1 to 60.
            max_duration: How many milliseconds, 1 to 3000.
            model_version_id: Made by this version of a model; the API wants it for all but points.
            timeout: Seconds for an attempt (or an ``httpx.Timeout``); ``None`` for no end.
            deadline: Seconds for the whole call with its retries; ``None`` for no end.

        Raises:
            InvalidRequestError: If a number is out of range, or there is no such type; nothing was sent.
            APIStatusError: If the API refused the request.
            APIConnectionError: If no usable answer came.
        """
        request = _wire.tracks.search(
            self._app,
            input_id,
            track_id=track_id,
            frame_number_start=frame_number_start,
            frame_time_start=frame_time_start,
            annotation_type=annotation_type,
            max_frames=max_frames,
            max_duration=max_duration,
            model_version_id=model_version_id,
        )
        read = partial(answers.read_page, filters={"input_ids": [input_id]})
        return await self._call(request, self._begin(timeout, deadline), read)
