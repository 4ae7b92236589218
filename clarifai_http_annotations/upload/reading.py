"""What an answer, or its absence, means for each annotation of a request. Pure; the table before the code.

| what came | what it means |
| --- | --- |
| 401, 402, 403, and the codes of the account, the key and the plan | nothing of this client would be carried out |
| a redirect, a refused certificate, a wrong method | the same |
| 404 | the app, or something in the batch, does not exist |
| throttled | refused before any work was done |
| maintenance, or a failure that says it will stay | nothing was done; it may be over later |
| any other 5xx, a timeout, a reset, half an answer | nobody knows |
| never connected, or no time left to | nothing was sent |
| a duplicate | one of the ids is taken |
| anything else | something in the batch is refused |
| 403 to a question | this key may not ask: nobody knows more than before |
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from .. import _retry
from .._retry import Fate
from .._wire import answers, outcomes, requests
from .._wire.answers import Answer
from .._wire.ids import holds
from .._wire.lookup import other_content
from .._wire.outcomes import Failed, Stored, key_of
from ..errors import (
    APIConnectionError,
    APIError,
    APIStatusError,
    APITimeoutError,
    AuthenticationError,
    ConflictError,
    InternalServerError,
    NotFoundError,
    PaymentRequiredError,
    PermissionDeniedError,
)
from .work import Answered, Broken, Item, Key, Said, Trouble, Verdict

OF_AN_ITEM = frozenset({21200, 24156, 30102, 30103})
"""Codes of 403 and 404 that speak of an annotation, a concept or an input, and not of the account or the app."""

METHOD = 11103


def broken(error: APIError, size: int = 0, *, is_asking: bool = False) -> Broken:
    """Return what an error of a request as a whole means for it."""
    was_answered = isinstance(error, APIStatusError)
    trouble = trouble_of(error)
    if is_asking and isinstance(error, PermissionDeniedError) and trouble is Trouble.FATAL:
        trouble = Trouble.REFUSED  # it may not read; whether it may write shows when it does
    return Broken(trouble, error, getattr(error, "retry_after", None), was_answered, size)


def trouble_of(error: APIError) -> Trouble:
    """Return what is wrong with a request that ended in an error."""
    fate = _retry.fate_of(error)
    if fate is Fate.AMBIGUOUS:
        return Trouble.LOST
    if isinstance(error, APITimeoutError):  # the deadline was over before it could be sent
        return Trouble.UNSENT
    if isinstance(error, APIConnectionError):
        return Trouble.UNSENT if fate is Fate.REFUSED else Trouble.FATAL
    if fate is Fate.REFUSED:
        return Trouble.THROTTLED
    if isinstance(error, ConflictError):
        return Trouble.TAKEN
    if isinstance(error, InternalServerError):
        return Trouble.UNSENT
    if isinstance(error, (AuthenticationError, PaymentRequiredError)) or _is_no_api(error):
        return Trouble.FATAL
    if isinstance(error, APIStatusError) and error.code not in OF_AN_ITEM:
        if isinstance(error, PermissionDeniedError):
            return Trouble.FATAL
        if isinstance(error, NotFoundError):
            return Trouble.NOT_FOUND
    return Trouble.REFUSED


def _is_no_api(error: APIError) -> bool:
    status = getattr(error, "status_code", None) or 0
    return 300 <= status < 400 or status == 405 or getattr(error, "code", None) == METHOD


def answered(items: Sequence[Item], answer: Answer, redact: Callable[[str], str], size: int = 0) -> Answered:
    """Return what an answer of POST says of each annotation.

    Raises:
        InvalidResponseError: If it has another shape than the API's.
    """
    judged = outcomes.judge(items, answer, redact, read=False)
    is_complete = len(answers.items_of(answer)) == len(items)
    return Answered({key: _said(verdict, is_complete) for key, verdict in judged.items()}, size)


def _said(verdict: outcomes.Verdict, is_complete: bool) -> Said:
    if isinstance(verdict, Stored):
        return _STORED
    error = verdict.error
    if isinstance(verdict, Failed):
        return Said(Verdict.THROTTLED if _retry.fate_of(error) is Fate.REFUSED else Verdict.REFUSED, error)
    if verdict.is_taken:
        return Said(Verdict.TAKEN, error)
    if isinstance(error, ConflictError) or verdict.is_accepted:
        return Said(Verdict.TURNED if verdict.is_accepted else Verdict.ASK, error)
    is_known = isinstance(error, APIStatusError) and error.code_name is not None
    if is_known and is_complete and not isinstance(error, InternalServerError):
        return Said(Verdict.ALONE, error)  # a refusal without an id, for each that has no answer of its own
    return Said(Verdict.LOST, error)


_STORED = Said(Verdict.STORED)


def listed(items: Sequence[Item], answer: Answer) -> Answered:
    """Return what a list says of each annotation that it was asked for.

    Raises:
        InvalidResponseError: If it has another shape than the API's, or lists what was not asked for.
    """
    found: dict[Key, list[dict[str, object]]] = {}
    for tree in answers.items_of(answer):
        if isinstance(tree, dict):
            input_id, name = key_of(tree)
            if input_id is not None and name is not None:
                found.setdefault((input_id, name), []).append(tree)
    answers.check_asked(answer, found, requests.asking(item.key for item in items))
    return Answered({item.key: _compared(item, found.get(item.key, [])) for item in items})


def _compared(item: Item, found: list[dict[str, object]]) -> Said:
    if not found:
        return Said(Verdict.ABSENT)
    if holds(found[0], item.tree):
        return Said(Verdict.HOLDS)
    return Said(Verdict.OTHER, other_content(item.key))
