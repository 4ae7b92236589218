"""From status, headers and bytes to the tree of an answer, or to an error. Trusts nothing.

Met in practice: HTML from a gateway, an empty body, half a body, codes as names, the shape
of google.rpc.Status, an error code under HTTP 200. Rules:

1. Clarifai's ``status.code`` says what happened; the HTTP status only where it is silent,
   except that an HTTP error never counts as success.
2. What cannot be read under an HTTP status of success is an `InvalidResponseError`: nobody
   knows what became of the request. Under another it is an error of that HTTP status.
3. A key that the server repeats is replaced before an error is made of the answer, and so is what could
   not be printed.
"""

import json
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC
from typing import Any, NamedTuple

from pydantic import ValidationError

from ..errors import APIError, APIStatusError, InvalidResponseError
from ..models._base import Model, read
from ..models.annotation import Annotation, Origin
from ..models.status import StatusCode, known_code
from .guard import place_of
from .refusals import status_error, text_of

MAX_BYTES = 128 * 1024 * 1024
"""Longest answer that is read, decoded (docs: "API outputs")."""

MAX_DEPTH = 50
"""Levels of an answer that are kept in an error, which is pickled and copied."""

EXCERPT = 200


class RawAnswer(NamedTuple):
    """An answer as it came.

    Attributes:
        status_code: HTTP status.
        headers: With names in lower case.
        content: Body, decoded from its content-encoding.
        connection: What can be closed, so that no other answer is read from it, if it is known.
    """

    status_code: int
    headers: Mapping[str, str]
    content: bytes
    connection: Any = None

    def __repr__(self) -> str:  # what a server says may repeat the key
        return f"RawAnswer(status_code={self.status_code})"


class Answer(NamedTuple):
    """An answer of the API.

    Attributes:
        status_code: HTTP status.
        code: Clarifai's code.
        request_id: Clarifai's id of the request.
        tree: The whole answer.
    """

    status_code: int
    code: StatusCode | int | str
    request_id: str | None
    tree: dict[str, Any]

    def __repr__(self) -> str:  # likewise
        return f"Answer(status_code={self.status_code}, code={self.code!r}, request_id={self.request_id!r})"


def parse_answer(
    raw: RawAnswer, *, per_item: bool = False, redact: Callable[[str], str] = str, now: float = 0.0
) -> Answer:
    """Read an answer.

    Args:
        raw: The answer as it came.
        per_item: Whether an answer that is not a plain success may be one because each of its
            ``annotations`` has a status of its own.
        redact: Takes the key out of a text.
        now: Seconds since 1970, to read a ``Retry-After`` that is a date.

    Raises:
        InvalidResponseError: If an answer of success cannot be read.
        APIStatusError: If the API, or something before it, said no.
    """
    outcome = _judge(raw, per_item, redact, now)
    if isinstance(outcome, Answer):
        return outcome
    raise outcome  # from here, where no variable holds what the server said: it may repeat the key


def _judge(raw: RawAnswer, per_item: bool, redact: Callable[[str], str], now: float) -> Answer | APIError:
    tree, unreadable = parse_json(raw.content)
    status = tree.get("status") if isinstance(tree, dict) else None
    code = known_code(status.get("code")) if isinstance(status, dict) else None
    succeeded = 200 <= raw.status_code < 300
    if isinstance(tree, dict) and isinstance(status, dict) and code is not None:
        failed = code == StatusCode.FAILURE and _has_item_statuses(tree)
        itemised = per_item and (failed or code == StatusCode.MIXED_STATUS)
        if itemised or (succeeded and code in (StatusCode.SUCCESS, StatusCode.ACCEPTED)):
            return Answer(raw.status_code, code, text_of(status.get("req_id")) or None, tree)
    elif succeeded:
        reason = unreadable or "it has no status"
        return invalid_response(raw, f"{reason} (it begins with {_excerpt(raw, redact)!r})")
    return _refusal(raw, redacted(tree, redact), redact, now)


def invalid_response(raw: RawAnswer | Answer, reason: str) -> InvalidResponseError:
    """Return the error for an answer that is not one of the API's."""
    error = InvalidResponseError(
        f"answered HTTP {raw.status_code} with something that is no answer of the API: {reason}"
    )
    error.status_code = raw.status_code
    error.hint = "Check base_url= and what stands between here and there, such as a proxy or a sign-in page."
    return error


def anothers(answer: Answer, reason: str) -> InvalidResponseError:
    """Return the error for an answer that is not about what was asked for."""
    error = invalid_response(answer, reason)
    error._is_anothers = True
    return error


def read_model(answer: Answer, tree: object, place: str, cls: type[Model]) -> Model:
    """Read a model out of an answer. An annotation remembers what the server said, for a later patch.

    Raises:
        InvalidResponseError: If it has another shape.
    """
    try:
        model: Any = read(cls, tree)
        said: Any = tree
        if isinstance(model, Annotation):
            model._origin = Origin(said)
        elif "annotation" in cls.model_fields:  # a hit of a search
            model.annotation._origin = Origin(said["annotation"])
        return model  # type: ignore[no-any-return]  # a `Model`
    except ValidationError as invalid:
        detail = invalid.errors(include_url=False, include_input=False)[0]
        reason = f"{'.'.join(part for part in (place, place_of(detail['loc'])) if part)}: {detail['msg']}"
    del tree  # no traceback shows what the server said
    raise invalid_response(answer, reason)


def items_of(answer: Answer, key: str = "annotations") -> list[Any]:
    """Return what is listed under a key; if that is absent, nothing is.

    Raises:
        InvalidResponseError: If it is no list.
    """
    if not isinstance(answer.tree.get(key), (list, type(None))):
        raise invalid_response(answer, f"{key} is no list")
    return answer.tree.get(key) or []


def read_annotation(answer: Answer, expected: tuple[str, str], *, must_name: bool = False) -> Annotation:
    """Return the one annotation of an answer.

    Args:
        answer: The answer.
        expected: Its input and id.
        must_name: Whether the answer must name both; otherwise what it does not name is not compared.

    Raises:
        InvalidResponseError: If it has another shape, or is another one.
    """
    annotation = read_model(answer, answer.tree.get("annotation"), "annotation", Annotation)
    named = zip((annotation.input_id, annotation.id), expected, strict=True)
    if any(found != asked and (found or must_name) for found, asked in named):
        raise anothers(answer, "it is about another annotation than was asked for")
    return annotation


def read_page(answer: Answer, filters: Mapping[str, Any]) -> list[Annotation]:
    """Return the annotations of an answer.

    Args:
        answer: The answer.
        filters: What was asked for, as the query says it.

    Raises:
        InvalidResponseError: If one of them has another shape, or was not asked for.
    """
    found = read_items(answer, "annotations", Annotation)
    check_asked(answer, ((annotation.input_id, annotation.id) for annotation in found), filters)
    return found


def identity(annotation: Annotation) -> tuple[str, str] | None:
    """Return the input and id that tell an annotation from others; ``None`` if an answer does not name both."""
    key = (annotation.input_id, annotation.id)
    return key if all(key) else None


def check_asked(answer: Answer, keys: Iterable[tuple[str | None, str | None]], filters: Mapping[str, Any]) -> None:
    """Refuse an answer about what was not asked for: another request's, or that of a proxy which drops the query.

    Only inputs and pairs of ids are compared, where an answer names them: users may be named in another way
    (``"me"``), and whether an annotation passes the other filters is the server's to say.

    Raises:
        InvalidResponseError: If one of the keys (input and id) is of another.
    """
    input_ids, ids = filters.get("input_ids"), filters.get("ids")
    if input_ids is None:
        return
    asked: set[Any] = set(input_ids) if ids is None else set(zip(input_ids, ids, strict=True))
    for key in keys:
        named = key[:1] if ids is None else key
        if all(named) and (named[0] if ids is None else named) not in asked:
            raise anothers(answer, "it is about an annotation that was not asked for")


def read_items(answer: Answer, key: str, cls: type[Model]) -> list[Model]:
    """Return what is listed under a key, as models.

    Raises:
        InvalidResponseError: If one of them has another shape.
    """
    listed = enumerate(items_of(answer, key))
    return [read_model(answer, tree, f"{key}[{index}]", cls) for index, tree in listed]


def retry_after(headers: Mapping[str, str], now: float) -> float | None:
    """Return the seconds that a ``Retry-After`` asks for: a number or a date; nonsense is ``None``."""
    text = headers.get("retry-after", "").strip()
    try:
        seconds = float(text)
    except ValueError:
        then, sent = _date(text), _date(headers.get("date", ""))
        if then is None:
            return None
        seconds = then - (now if sent is None else sent)  # by the server's own clock, if it tells
    return max(seconds, 0.0) if seconds - seconds == 0.0 else None


def _date(text: str) -> float | None:
    from email.utils import parsedate_to_datetime  # only for a throttled answer

    try:
        date = parsedate_to_datetime(text)
        return date.replace(tzinfo=date.tzinfo or UTC).timestamp()  # every date of HTTP is GMT
    except (ValueError, TypeError, OverflowError, OSError):
        return None


# --- parsing -------------------------------------------------------------------------------------


def parse_json(content: bytes) -> tuple[Any, str | None]:
    """Return the JSON of a body, and why it is no object; no exception, whatever it is."""
    if not content.strip():
        return None, "the body is empty"
    try:
        tree = json.loads(content, parse_constant=_no_constant)
    except RecursionError:
        return None, "the JSON is nested too deep"
    except ValueError:  # also a text that is no Unicode
        return None, "it is no JSON"
    return tree, None if isinstance(tree, dict) else "it is no object"


def _no_constant(name: str) -> None:
    raise ValueError(name)


def _has_item_statuses(tree: dict[str, Any]) -> bool:
    items = tree.get("annotations")
    return isinstance(items, list) and any(isinstance(item, dict) and item.get("status") for item in items)


def _excerpt(raw: RawAnswer, redact: Callable[[str], str]) -> str:
    return " ".join(redact(raw.content.decode("utf-8", "replace")).split())[:EXCERPT]


def redacted(tree: Any, redact: Callable[[str], str], depth: int = MAX_DEPTH) -> Any:
    """Return JSON as an error keeps it: texts without the key and fit to be printed, ``None`` for what is too deep."""
    if isinstance(tree, str):
        return redact(tree).encode("utf-8", "replace").decode()  # no half of a surrogate pair
    if not isinstance(tree, (dict, list)):
        return tree
    if depth == 0:
        return None
    if isinstance(tree, dict):
        return {redacted(key, redact): redacted(item, redact, depth - 1) for key, item in tree.items()}
    return [redacted(item, redact, depth - 1) for item in tree]


def _refusal(raw: RawAnswer, tree: Any, redact: Callable[[str], str], now: float) -> APIStatusError:
    status = tree.get("status") if isinstance(tree, dict) else None
    if isinstance(tree, dict) and not isinstance(status, dict):
        # google.rpc.Status, which the gateway before the API uses; its codes are not Clarifai's
        status = {"description": tree.get("message")}
    is_redirect = 300 <= raw.status_code < 400
    redirect = f"a redirect to {redact(raw.headers.get('location', 'nowhere'))!r}"
    message = redirect if is_redirect else _excerpt(raw, redact) or "an empty body"
    error = status_error(status, http_status=raw.status_code, message=message)
    if is_redirect:
        error.hint = "Redirects are not followed, because the key goes only to base_url=; check that setting."
    error.retry_after = retry_after(raw.headers, now)
    error.body = _excerpt(raw, redact) if tree is None else tree
    return error
