"""Change and delete what is stored."""

from __future__ import annotations

from collections.abc import AsyncIterable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any

from .. import _wire
from .._call import Call, Caller, Timeout
from .._operation import operation
from .._wire import answers, outcomes, requests
from .._wire.outcomes import Failed, Key, Stored, Unclear
from ..config import NOT_GIVEN, NotGiven
from ..errors import (
    APIError,
    APIStatusError,
    BadRequestError,
    InvalidRequestError,
    NotFoundError,
    PermissionDeniedError,
)
from ..models.annotation import Annotation
from .annotations import listing

Ids = str | Iterable[str]
Several = Mapping[str, Any] | Iterable[Annotation | Mapping[str, Any]]


class ChangeOperations(Caller):
    """Patch, flip and delete annotations."""

    @operation
    async def patch(
        self,
        annotations: Annotation | Several,
        *,
        action: _wire.patches.Action = "merge",
        delete_if_empty_data: bool = False,
        timeout: Timeout = NOT_GIVEN,
        deadline: float | NotGiven | None = NOT_GIVEN,
    ) -> list[Annotation]:
        """Change one annotation, or 1 to 128 of them, and return them as the server has them.

        Get, edit, patch: of an annotation that a client returned, ``merge`` sends what was changed
        since then, and nothing if nothing was; an edit in place, also inside ``metadata``, is as good as an
        assignment, and what a merge cannot say is refused. Of one that was built it sends what was set, with
        the ids of the annotation, and of its region or frame to change what is in that one.

        Args:
            annotations: What to change: `Annotation` objects, or dicts of the same shape.
            action: What the API does with it (docs: "Patching"). ``"merge"`` overwrites scalars, merges
                what is in a list by id, and appends what has no id; an empty list or object
                replaces. ``"overwrite"`` replaces what is given, so give all of it. ``"remove"`` takes
                away what ``data`` names by id, such as ``{"concepts": [{"id": "tree"}]}``.
            delete_if_empty_data: With ``"remove"``: delete an annotation that is left empty.
            timeout: Seconds for an attempt (or an ``httpx.Timeout``); ``None`` for no end.
            deadline: Seconds for the whole call with its retries; ``None`` for no end.

        Returns:
            The annotations, in the order asked; one without changes as it was given.

        Raises:
            InvalidRequestError: If one cannot be sent, or a merge cannot say its changes; nothing was sent.
            MissingValueError: If a concept has no ``value``; nothing was sent.
            PartialFailureError: If some, or all of several, were not changed.
            APIStatusError: If the API refused the request, or the one annotation in it.
            APIConnectionError: If no usable answer came.
        """
        if delete_if_empty_data and action != "remove":
            raise InvalidRequestError('delete_if_empty_data goes with action="remove".')
        planned = _wire.patches.plan(annotations, action)
        verdicts: dict[Key, Stored | Failed] = {}
        sent = []
        for patch in planned:
            if patch.says_nothing and patch.annotation is not None:
                verdicts[patch.item.key] = Stored(patch.annotation)
            else:
                sent.append(patch)
        if sent:
            call = self._begin(timeout, deadline)
            verdicts |= await self._patch("patch", sent, action, delete_if_empty_data, call)
        items = [patch.item for patch in planned]
        return outcomes.conclude(items, [item.key for item in items], verdicts, "patch: changed")

    async def _patch(
        self,
        operation: str,
        sent: Sequence[_wire.patches.Patch],
        action: _wire.patches.Action,
        delete_if_empty_data: bool,
        call: Call,
    ) -> dict[Key, Stored | Failed]:
        """Send patches and say what became of each."""
        items = [patch.item for patch in sent]
        fractional = self._settings.fractional_values
        request = _wire.patches.request(
            self._app,
            items,
            action,
            delete_if_empty_data=delete_if_empty_data,
            fractional_values=fractional,
            operation=operation,
        )
        for patch in sent:
            patch.begin()
        try:
            judged = await self._call(
                request,
                call,
                lambda answer: _wire.patches.outcome(items, action, answer, self._settings.key.redact),
                per_item=True,
            )
        except APIError as error:
            if not error.maybe_done:
                for patch in sent:
                    patch.end(is_done=False)
            raise
        await self._drop_if(call, (getattr(verdict, "error", None) for verdict in judged.values()))
        verdicts: dict[Key, Stored | Failed] = {}
        for patch in sent:
            verdict = judged[patch.item.key]
            if isinstance(verdict, Stored):
                patch.end(is_done=True)
                verdicts[patch.item.key] = verdict
                continue
            call.describe(verdict.error, request)
            verdict.error.maybe_done |= isinstance(verdict, Unclear)
            if not verdict.error.maybe_done:
                patch.end(is_done=False)
            verdicts[patch.item.key] = Failed(verdict.error)
        return verdicts

    @operation
    async def set_value(
        self,
        annotation_id: str,
        *,
        input_id: str,
        concept_id: str,
        value: bool | float,
        timeout: Timeout = NOT_GIVEN,
        deadline: float | NotGiven | None = NOT_GIVEN,
    ) -> Annotation:
        """Set the polarity of one label: of the input, a region, a frame or a time segment.

        Gets the annotation, and patches that one label if it is not so already. Where the server
        gave no id to the region or frame that holds the label, the annotation is overwritten with
        what it was, and the label.

        Args:
            annotation_id: The annotation.
            input_id: The input that it is about.
            concept_id: The label.
            value: 1 or ``True`` present (positive), 0 or ``False`` absent (negative).
            timeout: Seconds for an attempt (or an ``httpx.Timeout``); ``None`` for no end.
            deadline: Seconds for the whole call with its retries; ``None`` for no end.

        Returns:
            The annotation as the server has it.

        Raises:
            NotFoundError: If there is no such annotation, or it has no such concept.
            InvalidRequestError: If the value is no polarity, or the concept is in several places.
            APIStatusError: If the API refused a request.
            APIConnectionError: If no usable answer came.
        """
        wanted = _wire.patches.polarity(value, fractional_values=self._settings.fractional_values)
        call = self._begin(timeout, deadline)
        request = requests.get(self._app, annotation_id, input_id, operation="set_value")
        annotation = await self._call(
            request, call, partial(answers.read_annotation, expected=(input_id, annotation_id), must_name=True)
        )
        try:
            is_flipped = _wire.patches.flip(annotation, concept_id, wanted, self._settings.key.redact)
        except NotFoundError as error:
            call.describe(error, request)
            raise
        if not is_flipped:
            return annotation
        action: _wire.patches.Action = "merge"
        try:
            planned = _wire.patches.plan(annotation, action)
        except InvalidRequestError:  # it is in something that has no id
            action = "overwrite"
            planned = _wire.patches.plan(annotation, action)
        verdicts = await self._patch("set_value", planned, action, False, call)
        items = [patch.item for patch in planned]
        [stored] = outcomes.conclude(items, [item.key for item in items], verdicts)
        return stored

    @operation
    async def delete_many(
        self,
        annotations: Annotation | Several | AsyncIterable[Annotation] | None = None,
        *,
        ids: Ids | None = None,
        input_ids: Ids | None = None,
        timeout: Timeout = NOT_GIVEN,
        deadline: float | NotGiven | None = NOT_GIVEN,
    ) -> _wire.deletions.DeleteResult:
        """Delete any number of annotations. One that does not exist counts as gone.

        The annotation that was made with an input (``input_level``) is deleted with its input only: it is skipped
        and counted. Of one that is named by its ids that shows when the API refuses it; the others are then sent again.

        Args:
            annotations: `Annotation` objects, or dicts with ``id`` and ``input_id``; also straight from
                ``client.list(...)``. They are collected before the first is deleted; none deletes nothing.
            ids: Or their ids, which go with ``input_ids`` of the same length and order.
            input_ids: Their inputs. To delete everything of an input: `delete_all_of_inputs`.
            timeout: Seconds for an attempt (or an ``httpx.Timeout``); ``None`` for no end.
            deadline: Seconds for the whole call with its retries; ``None`` for no end.

        Returns:
            How many are gone (``deleted``), and which were ``skipped``.

        Raises:
            InvalidRequestError: If one lacks an id, or the lists are not pairs; nothing was sent.
            PartialFailureError: If some are gone (``succeeded``) and some are not known to be
                (``failed``; their annotations have ids only).
            APIStatusError: If the API refused the first request.
            APIConnectionError: If no usable answer came to it.
        """
        if isinstance(annotations, AsyncIterable):  # of AsyncClient.list
            annotations = [annotation async for annotation in annotations]
        targets, skipped = _wire.deletions.pairs(annotations, ids, input_ids)
        gone = await self._delete(list(targets), skipped, self._begin(timeout, deadline))
        return _wire.deletions.DeleteResult(len(gone), list(skipped))

    @operation
    async def delete_all_of_inputs(
        self,
        input_ids: Ids,
        *,
        timeout: Timeout = NOT_GIVEN,
        deadline: float | NotGiven | None = NOT_GIVEN,
    ) -> None:
        """Delete **every** annotation of these inputs, whoever made it. What came with an input stays.

        Args:
            input_ids: The inputs.
            timeout: Seconds for an attempt (or an ``httpx.Timeout``); ``None`` for no end.
            deadline: Seconds for the whole call with its retries; ``None`` for no end.

        Raises:
            InvalidRequestError: If an id is no text, or empty; nothing was sent.
            PartialFailureError: If those of some inputs are gone (``succeeded``) and those of others are
                not known to be (``failed``; their annotations have the input's id only).
            APIStatusError: If the API refused the first request.
            APIConnectionError: If no usable answer came to it.
        """
        targets = _wire.deletions.inputs(input_ids)
        await self._delete(list(targets), {}, self._begin(timeout, deadline))

    async def _delete(
        self, targets: Sequence[_wire.deletions.Target], skipped: dict[Key, None], call: Call
    ) -> set[_wire.deletions.Target]:
        """Delete in as many requests as it takes, stop at the first that does not succeed, and return what is gone.

        Args:
            targets: What is meant.
            skipped: Those of them that are input-level; what is found to be one is added.
            call: The call.
        """
        gone: set[_wire.deletions.Target] = set()
        for part in _wire.deletions.parts([target for target in targets if target not in skipped]):
            left = part
            try:
                while left:
                    left = await self._delete_part(left, skipped, call)
            except APIError as error:
                gone |= {target for target in part if target not in left and target not in skipped}
                if not gone:
                    raise
                raise _wire.deletions.failure(gone, skipped, targets, error) from error
            gone |= {target for target in part if target not in skipped}
        return gone

    async def _delete_part(
        self, targets: list[_wire.deletions.Target], skipped: dict[Key, None], call: Call
    ) -> list[_wire.deletions.Target]:
        """Delete in one request, and return what is left because one was not there, or is not deleted by its id."""
        try:
            await self._call(_wire.deletions.request(self._app, targets), call, lambda _: None)
        except NotFoundError as missing:  # nobody says which
            left, input_level = await self._left(targets, call)
            refusal: APIStatusError = missing
        except (BadRequestError, PermissionDeniedError) as refused:  # nobody says why
            if isinstance(targets[0], str):
                raise
            try:
                _, input_level = await self._left(targets, call)
            except APIError:
                raise refused from None
            left, refusal = [target for target in targets if target not in input_level], refused
        else:
            return []
        skipped |= dict.fromkeys(input_level)
        if len(left) == len(targets):
            raise refusal
        return left

    async def _left(
        self, targets: Sequence[_wire.deletions.Target], call: Call
    ) -> tuple[list[_wire.deletions.Target], list[Key]]:
        """Return those of the targets that are still there, and those that are input-level."""
        request = _wire.deletions.request(self._app, targets)
        listings = [
            listing(self._app, part, per_page=requests.MAX_PER_PAGE, operation=request.operation)
            for part in requests.split(_wire.deletions.filters(targets))
        ]
        found = [annotation async for annotation in self._list(listings, answers.identity, lambda: call)]
        return _wire.deletions.left(targets, found)
