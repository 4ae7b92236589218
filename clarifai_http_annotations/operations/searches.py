"""Find annotations by what they say."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Any

from .. import _wire, models
from .._call import Caller, Timeout
from .._operation import paged
from .._wire import answers, requests
from .._wire.answers import Answer
from ..config import NOT_GIVEN, NotGiven


class SearchOperations(Caller):
    """Search annotations."""

    @paged
    def search(
        self,
        *filters: models.Filter | models.Concept | Mapping[str, Any],
        page: int = 1,
        per_page: int = 128,
        timeout: Timeout = NOT_GIVEN,
        deadline: float | NotGiven | None = NOT_GIVEN,
    ) -> AsyncIterator[models.Hit]:
        """Yield the annotations that pass every filter, each once, page after page until one is empty.

        An annotation has to pass all filters by itself: ``search(positive("tree"), positive("boat"))``
        does not find an input that has the two in two annotations (the API's rule). The API may
        refuse to search for concepts of your own before a model was trained on them (docs:
        "Filter"). Pages shift when annotations change meanwhile: what comes again for that reason is
        left out. Do not rely on an order.

        Args:
            *filters: `Filter` objects; ``~Filter(...)`` finds what is not so. A concept stands for
                ``Filter(concept=...)``. A dict is a filter in the API's own shape.
            page: The page to begin with, from 1.
            per_page: Hits a request, 1 to 1000.
            timeout: Seconds for an attempt (or an ``httpx.Timeout``); ``None`` for no end.
            deadline: Seconds for each page with its retries; ``None`` for no end.

        Raises:
            InvalidRequestError: If there is no filter, one says nothing, or a number is out of range; by the call
                itself, and not when the first hit is wanted.
            MissingValueError: If a concept has no ``value``; nothing was sent.
            APIStatusError: If the API refused a request.
            InvalidResponseError: If 100 pages in a row hold nothing new, or a hit is not of the input that a filter
                names.
            APIConnectionError: If no usable answer came.
        """
        requests.check_paging(page, per_page)
        conditions = _wire.searches.conditions(filters)

        def ask(number: int) -> requests.Request:
            fractional = self._settings.fractional_values
            return _wire.searches.request(
                self._app, conditions, page=number, per_page=per_page, fractional_values=fractional
            )

        def read(answer: Answer) -> list[models.Hit]:
            hits = answers.read_items(answer, "hits", models.Hit)
            answers.check_asked(answer, map(_key, hits), _wire.searches.asked(conditions))
            return hits

        return self._list([(ask, read)], _identity, lambda: self._begin(timeout, deadline), page)


def _identity(hit: models.Hit) -> tuple[str, str] | None:
    """Return what tells a hit from others: its annotation, whose input may be named beside it."""
    key = _key(hit)
    return key if all(key) else None


def _key(hit: models.Hit) -> tuple[str, str]:
    return hit.annotation.input_id or hit.input.id, hit.annotation.id
