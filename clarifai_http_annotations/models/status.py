"""Clarifai's status codes, and the status of an annotation."""

from __future__ import annotations

from enum import IntEnum
from typing import Annotated, Any, ClassVar

from pydantic import BeforeValidator, ValidationInfo

from ._base import READING, WireModel


class StatusCode(IntEnum):
    """Codes that matter here, by their official names (docs: "Status codes").

    The API grows weekly: an answer may carry others, which are read as plain numbers or text.
    """

    SUCCESS = 10000
    MIXED_STATUS = 10010
    FAILURE = 10020
    TRY_AGAIN = 10030
    NOT_IMPLEMENTED = 10040
    MOVED = 10050
    ACCEPTED = 10070
    CONN_ACCOUNT_ISSUES = 11000
    CONN_TOKEN_INVALID = 11001
    CONN_CREDENTIALS_INVALID = 11002
    CONN_EXCEED_HOURLY_LIMIT = 11003
    CONN_EXCEED_MONTHLY_LIMIT = 11004
    CONN_THROTTLED = 11005
    CONN_EXCEEDS_LIMITS = 11006
    CONN_INSUFFICIENT_SCOPES = 11007
    CONN_KEY_INVALID = 11008
    CONN_KEY_NOT_FOUND = 11009
    CONN_BAD_REQUEST_FORMAT = 11100
    CONN_DOES_NOT_EXIST = 11101
    CONN_INVALID_REQUEST = 11102
    CONN_METHOD_NOT_ALLOWED = 11103
    CONN_NO_GDPR_CONSENT = 11104
    CONN_INVALID_RANGE = 11105
    CONN_AUTH_METHOD_DISABLED = 11200
    ANNOTATION_SUCCESS = 24150
    ANNOTATION_PENDING = 24151
    ANNOTATION_FAILED = 24152
    ANNOTATION_IN_PROGRESS = 24153
    ANNOTATION_UNKNOWN_STATUS = 24154
    ANNOTATION_INVALID_ARGUMENT = 24155
    ANNOTATION_PERMISSION_DENIED = 24156
    ANNOTATION_AWAITING_REVIEW = 24157
    ANNOTATION_REVIEW_DENIED = 24158
    ANNOTATION_AWAITING_CONSENSUS_REVIEW = 24159
    ANNOTATION_MODIFY_SUCCESS = 24250
    ANNOTATION_MODIFY_PENDING = 24251
    ANNOTATION_MODIFY_FAILED = 24252
    DATABASE_DUPLICATE_KEY = 40010
    INTERNAL_UNCATEGORIZED = 99009


STORED = frozenset(
    {
        StatusCode.SUCCESS,
        StatusCode.ACCEPTED,
        StatusCode.ANNOTATION_SUCCESS,
        StatusCode.ANNOTATION_PENDING,
        StatusCode.ANNOTATION_IN_PROGRESS,
        StatusCode.ANNOTATION_AWAITING_REVIEW,
        StatusCode.ANNOTATION_REVIEW_DENIED,
        StatusCode.ANNOTATION_AWAITING_CONSENSUS_REVIEW,
        StatusCode.ANNOTATION_MODIFY_SUCCESS,
        StatusCode.ANNOTATION_MODIFY_PENDING,
    }
)
"""Codes of an annotation that is in the app, whatever a person still has to do with it."""


def known_code(code: object) -> StatusCode | int | str | None:
    """Return a code that came as a number, a name or a number in text, as what it is.

    Returns:
        The member of `StatusCode` if it is known, the number or text as it is if not, and
        ``None`` for what is no code.
    """
    if isinstance(code, str):
        if code in StatusCode.__members__:
            return StatusCode[code]
        if not (code.isascii() and code.isdigit() and len(code) < 10):
            return code or None
        code = int(code)
    if isinstance(code, bool) or not isinstance(code, int):
        return None
    return StatusCode(code) if code in StatusCode._value2member_map_ else code


def _code(value: object, info: ValidationInfo) -> object:
    code = known_code(value)
    if info.context is READING:
        return 0 if code is None else code
    if not isinstance(code, StatusCode):
        names = ", ".join(name for name in StatusCode.__members__ if name.startswith("ANNOTATION_"))
        raise ValueError(f"{value!r} is not a status code; an annotation's are {names}")
    return code


class Status(WireModel):
    """A status of the API. In a request only the code is written, as its name.

    Attributes:
        code: A `StatusCode`, or its number or name; a number or text that this library
            does not know is read as it is.
        description: The server's text for the code.
        details: The server's explanation of this case.
    """

    read_defaults: ClassVar[dict[str, Any]] = {"code": 0}
    from_server: ClassVar[frozenset[str]] = frozenset({"description", "details"})

    code: Annotated[StatusCode | int | str, BeforeValidator(_code)]
    description: str | None = None
    details: str | None = None
