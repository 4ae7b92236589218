"""What a status of the API says: which class of error it is, and what to do about it.

Clarifai's own code decides the class, the HTTP status only where the code says too little.
"""

from __future__ import annotations

from typing import Any

from ..errors import (
    APIStatusError,
    AuthenticationError,
    BadRequestError,
    ConflictError,
    InternalServerError,
    NotFoundError,
    PaymentRequiredError,
    PermissionDeniedError,
    RateLimitError,
    RequestTooLargeError,
    UnprocessableEntityError,
)
from ..models.status import StatusCode, known_code

_BY_HTTP: dict[int, type[APIStatusError]] = {
    400: BadRequestError,
    401: AuthenticationError,
    402: PaymentRequiredError,
    403: PermissionDeniedError,
    404: NotFoundError,
    409: ConflictError,
    413: RequestTooLargeError,
    422: UnprocessableEntityError,
    429: RateLimitError,
}

# Numbers and wording: https://docs.clarifai.com, "Status codes". 10020 FAILURE and 11102
# (also used for a malformed Authorization header) say too little: the HTTP status decides.
_BY_CODE: dict[int, type[APIStatusError]] = {
    **dict.fromkeys((11000, 11001, 11002, 11008, 11009, 11200), AuthenticationError),
    **dict.fromkeys((11004, 11006, 69000, 69001), PaymentRequiredError),
    **dict.fromkeys((11007, 11104, 24156, 30103), PermissionDeniedError),
    **dict.fromkeys((11101, 21200, 30102), NotFoundError),
    **dict.fromkeys((30100, 40010), ConflictError),
    **dict.fromkeys((40033,), RequestTooLargeError),
    **dict.fromkeys((10030, 11003, 11005, 40030), RateLimitError),
    **dict.fromkeys((11100, 11103, 11105), BadRequestError),
    **dict.fromkeys((24152, 24154, 24155, 24252, 30104), BadRequestError),
    **dict.fromkeys((40002, 40003, 40017, 40050, 43004), BadRequestError),
    **dict.fromkeys((24900, 24901, 24902), BadRequestError),
    **dict.fromkeys((10040, 39997, 39998, 43001, 99004, 99009), InternalServerError),
    **dict.fromkeys((40011, 40013, 40015, 40016), InternalServerError),
    **dict.fromkeys((40031, 40032, 40034, 40035), InternalServerError),
    **dict.fromkeys(range(41000, 41012), InternalServerError),
    **dict.fromkeys(range(98000, 99000), InternalServerError),
}

_ADVICE: dict[type[APIStatusError], str] = {
    AuthenticationError: "Check CLARIFAI_PAT (or pat=): Clarifai did not accept this key.",
    PaymentRequiredError: "A limit of this account or its plan is used up; see its billing page.",
    PermissionDeniedError: "Check the scopes of the key, and that user_id= and app_id= are yours to write to.",
    NotFoundError: "Check user_id=, app_id=, the input id and the annotation id.",
    ConflictError: "This id is taken.",
    RequestTooLargeError: "Send fewer annotations in one call.",
    RateLimitError: "Send fewer requests a second, or raise max_retries= and deadline=.",
    InternalServerError: "Clarifai may mend this by itself: try again later.",
}


def status_error_class(http_status: int | None, code: int | None, *, duplicate: bool = False) -> type[APIStatusError]:
    """Return the class for an answer: Clarifai's code first, the HTTP status otherwise.

    Args:
        http_status: HTTP status, or ``None`` for the status of one annotation.
        code: Clarifai's code, or ``None``.
        duplicate: Whether the text says that the id is taken; there is no code for it.
    """
    if duplicate:
        return ConflictError
    if code in _BY_CODE:
        return _BY_CODE[code]
    if http_status is None:
        return BadRequestError
    return _BY_HTTP.get(http_status, InternalServerError if http_status >= 500 else APIStatusError)


def status_error(
    status: Any,
    *,
    http_status: int | None = None,
    message: str,
) -> APIStatusError:
    """Return the error that a ``status`` object of the API describes; the key is out of it already.

    Args:
        status: The object.
        http_status: HTTP status, or ``None`` for the status of one annotation.
        message: What to say if it says nothing.
    """
    status = status if isinstance(status, dict) else {}
    code = known_code(status.get("code"))
    description, details = text_of(status.get("description")), text_of(status.get("details"))
    said = status.get("http_status_code")
    named = said if isinstance(said, int) and 400 <= said < 600 else None
    number = int(code) if isinstance(code, int) else None
    cls = status_error_class(named or http_status, number, duplicate=is_duplicate(code, f"{description} {details}"))
    error = cls(": ".join(part for part in (description, details) if part) or message)
    error.status_code, error.http_status_code = http_status, named
    error.code = int(code) if isinstance(code, StatusCode) else code
    error.code_name = code.name if isinstance(code, StatusCode) else None
    error.description, error.details = description, details
    error.request_id = text_of(status.get("req_id")) or None
    error.hint = _ADVICE.get(cls)
    return error


def is_duplicate(code: object, text: str) -> bool:
    """Tell whether an error says that the id is taken. There is no one code for it, so the text counts too."""
    return code == StatusCode.DATABASE_DUPLICATE_KEY or "duplicate" in text.lower()


def text_of(value: object) -> str:
    """Return a text of an answer; what is no text says nothing."""
    return value if isinstance(value, str) else ""
