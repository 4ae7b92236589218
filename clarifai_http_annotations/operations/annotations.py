"""The operations on annotations, each written once for `Client` and `AsyncClient`.

See `_operation` for the rules of this folder.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from .. import _retry, _wire
from .._call import Call, Caller, Listing, Timeout
from .._operation import operation, paged
from .._wire import answers, outcomes, requests
from .._wire.outcomes import Failed, Item, Key, Stored, Unclear, Verdict
from ..config import NOT_GIVEN, NotGiven
from ..errors import APIError, ConflictError, NotFoundError, PermissionDeniedError
from ..models.annotation import Annotation

if TYPE_CHECKING:  # few calls have to ask
    from .._wire.lookup import Listed

# Inside the class the word means the operation.
Annotations = list[Annotation]
Ids = str | Iterable[str] | None


def listing(
    app: requests.App, filters: dict[str, Any], *, per_page: int, operation: str = "list"
) -> Listing[Annotation]:
    """Return how to list what passes filters."""

    def ask(number: int) -> requests.Request:
        return requests.page(app, filters, page=number, per_page=per_page, operation=operation)

    return ask, partial(answers.read_page, filters=filters)


class AnnotationOperations(Caller):
    """Create, get, list and delete annotations."""

    @operation
    async def create(
        self,
        annotations: Annotation | Mapping[str, Any] | Iterable[Annotation | Mapping[str, Any]],
        *,
        timeout: Timeout = NOT_GIVEN,
        deadline: float | NotGiven | None = NOT_GIVEN,
    ) -> Annotations:
        """Store one annotation, or 1 to 128 of them, and return them as the server has them.

        An annotation without an id gets one that is derived from its content, so the same call
        made again stores nothing twice, as long as the server keeps at most one annotation for
        an input and an id (its routes imply that; its documentation does not say it). Identical
        annotations in one call are sent once. Content that was stored by an earlier call is asked
        for, compared, and returned as it is; if somebody patched it since, that is a
        `ConflictError`, and so is an id that is taken while the server does not show by what
        (then ``maybe_done`` is true).

        Of an annotation that a client returned, what is stored is its labels and what else can be sent: an input-level
        one becomes an ordinary one, under its id. Fields that this version does not know are left out, with an
        `UnknownFieldWarning`; an input-level annotation without labels is refused, since it would be sent as a task.

        Args:
            annotations: What to store: `Annotation` objects, or dicts of the same shape.
            timeout: Seconds for an attempt (or an ``httpx.Timeout``); ``None`` for no end.
            deadline: Seconds for the whole call with its retries; ``None`` for no end.

        Returns:
            The stored annotations, in the order asked.

        Raises:
            InvalidRequestError: If one of them cannot be sent; nothing was sent.
            MissingValueError: If a concept has no ``value``; nothing was sent.
            PartialFailureError: If some, or all of several, were not stored.
            APIStatusError: If the API refused the request, or the one annotation in it.
            APIConnectionError: If no usable answer came.
        """
        items, keys = outcomes.plan(annotations)
        call = self._begin(timeout, deadline)
        verdicts: dict[Key, Stored | Failed] = {}
        pending = items
        while pending:
            pending = await self._create(pending, verdicts, call)
        return outcomes.conclude(items, keys, verdicts)

    async def _create(self, items: list[Item], verdicts: dict[Key, Stored | Failed], call: Call) -> list[Item]:
        """Send items, write down what became of each, and return those that are to be sent once more."""
        trees = [item.tree for item in items]
        request = requests.create(self._app, trees, fractional_values=self._settings.fractional_values)
        refused: ConflictError | None = None
        try:
            judged = await self._call(
                request, call, lambda answer: outcomes.judge(items, answer, self._settings.key.redact), per_item=True
            )
        except ConflictError as error:  # one of them is a duplicate, and nobody says which
            refused = error
            judged = {item.key: Unclear(error, is_taken=item.derived and len(items) == 1) for item in items}
        except APIError as error:
            if not verdicts:
                raise
            judged = {item.key: Failed(error) for item in items}  # what is known of the others is not lost
        await self._drop_if(call, (getattr(verdict, "error", None) for verdict in judged.values()))
        unclear = {key: said for key, said in judged.items() if isinstance(said, Unclear)}
        judged |= await self._look_up([item for item in items if item.key in unclear], unclear, call) if unclear else {}
        again = []
        for item in items:
            verdict = judged[item.key]
            if isinstance(verdict, Failed):
                if verdict.error is refused:
                    again.append(item)
                    continue
                maybe_done = verdict.error.maybe_done
                call.describe(verdict.error, request)
                verdict.error.maybe_done |= maybe_done
            verdicts[item.key] = verdict  # type: ignore[assignment]  # nothing is unclear any more
        if refused is not None and len(again) == len(items):  # the same request would be refused again
            verdicts.update((item.key, Failed(refused)) for item in again)
            return []
        return again

    async def _look_up(self, items: list[Item], unclear: dict[Key, Unclear], call: Call) -> dict[Key, Verdict]:
        """Ask what the server has of unclear items, and say what they are."""
        lookup = _wire.lookup
        settled: dict[Key, Verdict] = {}
        for tries in range(lookup.ASKS):
            pause = _retry.backoff(tries, retry_after=None) if tries and _retry.is_waiting() else 0.0
            left = call.deadline.left()
            if tries and left is not None and pause >= left:
                break
            if pause:
                await self._sleep(pause)
            try:
                found = await self._ask(items, call)
            except APIError as error:
                call.maybe_done = error.maybe_done = True
                if isinstance(error, PermissionDeniedError):
                    error.hint = lookup.FORBIDDEN
                settled.update((item.key, Failed(error)) for item in items)
                break
            settled.update((item.key, lookup.settle(item, found, unclear[item.key])) for item in items)
            items = lookup.missing(items, found, unclear)
            if not items:
                break
        return settled

    async def _ask(self, items: list[Item], call: Call) -> list[Listed]:
        """Return what the server has under the ids of these items."""
        found: list[Listed] = []
        for part in requests.split(requests.asking(item.key for item in items)):
            request = requests.page(self._app, part, page=1, per_page=requests.MAX_PER_PAGE, operation="create")
            found += await self._call(request, call, partial(_wire.lookup.read_listed, filters=part))
        return found

    @operation
    async def get(
        self,
        annotation_id: str,
        *,
        input_id: str,
        timeout: Timeout = NOT_GIVEN,
        deadline: float | NotGiven | None = NOT_GIVEN,
    ) -> Annotation:
        """Return one annotation.

        Args:
            annotation_id: Its id.
            input_id: The input that it is about.
            timeout: Seconds for an attempt (or an ``httpx.Timeout``); ``None`` for no end.
            deadline: Seconds for the whole call with its retries; ``None`` for no end.

        Raises:
            NotFoundError: If there is no such annotation.
            InvalidRequestError: If an id cannot be part of a URL; nothing was sent.
            APIStatusError: If the API refused the request.
            InvalidResponseError: If the answer is not about that annotation.
            APIConnectionError: If no usable answer came.
        """
        request = requests.get(self._app, annotation_id, input_id)
        read = partial(answers.read_annotation, expected=(input_id, annotation_id))
        return await self._call(request, self._begin(timeout, deadline), read)

    @paged
    def list(
        self,
        *,
        ids: Ids = None,
        input_ids: Ids = None,
        user_ids: Ids = None,
        model_version_ids: Ids = None,
        workflow_version_ids: Ids = None,
        task_id: str | None = None,
        list_all_annotations: bool | None = None,
        return_model_output: bool | None = None,
        page: int = 1,
        per_page: int = 128,
        timeout: Timeout = NOT_GIVEN,
        deadline: float | NotGiven | None = NOT_GIVEN,
    ) -> AsyncIterator[Annotation]:
        """Yield annotations, each once, page after page until one is empty.

        Without filters these are all annotations of the app that people made, and for each input the one that
        came with it (``input_level``): its labels, and nothing else of it, are labels. An **empty** list
        of ids asks for nothing and yields nothing.

        Do not rely on an order. The API documents the oldest first; printed lists of real apps had the
        newest first. Pages shift when annotations are added or deleted meanwhile: that is how the API
        counts them. What comes again for that reason is left out; what is skipped for it cannot be seen.

        Args:
            ids: Ids of annotations; goes with ``input_ids`` of the same length and order.
            input_ids: Their inputs, or inputs whose annotations are all meant. A list that is too
                long for a URL is split into several requests.
            user_ids: Made by one of these users. Implies ``list_all_annotations``.
            model_version_ids: Made by one of these model versions; likewise.
            workflow_version_ids: Made by one of these workflow versions; likewise.
            task_id: Made in this labelling task.
            list_all_annotations: Also those that are not made by people.
            return_model_output: Also the output of models.
            page: The page to begin with, from 1.
            per_page: Annotations a request, 1 to 1000.
            timeout: Seconds for an attempt (or an ``httpx.Timeout``); ``None`` for no end.
            deadline: Seconds for each page with its retries; ``None`` for no end.

        Raises:
            InvalidRequestError: If ``ids`` and ``input_ids`` are not pairs, or a number is out of range; by the call
                itself, and not when the first item is wanted.
            APIStatusError: If the API refused a request.
            InvalidResponseError: If a page holds what ``ids`` and ``input_ids`` do not ask for, as behind a proxy that
                drops the query, or 100 pages in a row nothing new.
            APIConnectionError: If no usable answer came.
        """
        filters = {
            "ids": requests.id_list(ids, "ids"),
            "input_ids": requests.id_list(input_ids, "input_ids"),
            "user_ids": requests.id_list(user_ids, "user_ids"),
            "model_version_ids": requests.id_list(model_version_ids, "model_version_ids"),
            "workflow_version_ids": requests.id_list(workflow_version_ids, "workflow_version_ids"),
            "task_id": task_id,
            "list_all_annotations": list_all_annotations,
            "return_model_output": return_model_output,
        }
        parts = requests.listing(filters, page=page, per_page=per_page)
        listings = [listing(self._app, part, per_page=per_page) for part in parts]
        return self._list(listings, answers.identity, lambda: self._begin(timeout, deadline), page)

    @operation
    async def delete(
        self,
        annotation_id: str,
        *,
        input_id: str,
        timeout: Timeout = NOT_GIVEN,
        deadline: float | NotGiven | None = NOT_GIVEN,
    ) -> None:
        """Delete one annotation.

        Args:
            annotation_id: Its id.
            input_id: The input that it is about.
            timeout: Seconds for an attempt (or an ``httpx.Timeout``); ``None`` for no end.
            deadline: Seconds for the whole call with its retries; ``None`` for no end.

        Raises:
            NotFoundError: If there was no such annotation, unless an earlier attempt may have deleted it.
            InvalidRequestError: If an id cannot be part of a URL; nothing was sent.
            APIStatusError: If the API refused the request.
            APIConnectionError: If no usable answer came.
        """
        request = requests.delete(self._app, annotation_id, input_id)
        try:
            await self._call(request, self._begin(timeout, deadline), lambda _: None)
        except NotFoundError as error:
            if not error.maybe_done:  # otherwise it is gone because an earlier attempt was carried out
                raise
