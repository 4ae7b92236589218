"""Clarifai's status codes, and the status of an annotation."""

from typing import Annotated, Any, ClassVar

from pydantic import ValidationInfo

from ._base import READING, Checked, Named, WireModel


class StatusCode(Named):
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
    MODEL_DOES_NOT_EXIST = 21200
    ANNOTATION_SUCCESS = 24150
    ANNOTATION_PENDING = 24151
    ANNOTATION_FAILED = 24152
    ANNOTATION_UNKNOWN_STATUS = 24154
    ANNOTATION_INVALID_ARGUMENT = 24155
    ANNOTATION_PERMISSION_DENIED = 24156
    ANNOTATION_AWAITING_REVIEW = 24157
    ANNOTATION_REVIEW_DENIED = 24158
    ANNOTATION_AWAITING_CONSENSUS_REVIEW = 24159
    ANNOTATION_MODIFY_SUCCESS = 24250
    ANNOTATION_MODIFY_PENDING = 24251
    ANNOTATION_MODIFY_FAILED = 24252
    ANNOTATION_TRACK_IDLE = 24300
    ANNOTATION_TRACK_IN_PROGRESS = 24301
    ANNOTATION_TRACK_PENDING = 24302
    ANNOTATION_TRACK_APPROVED = 24303
    ANNOTATION_TRACK_FAILED = 24304
    METADATA_INVALID_PATCH_ARGUMENTS = 24900
    METADATA_PARSING_ISSUE = 24901
    METADATA_MANIPULATION_ISSUE = 24902
    INPUT_DOWNLOAD_SUCCESS = 30000
    INPUT_DOWNLOAD_PENDING = 30001
    INPUT_DOWNLOAD_FAILED = 30002
    INPUT_DOWNLOAD_IN_PROGRESS = 30003
    INPUT_DUPLICATE = 30100
    INPUT_DOES_NOT_EXIST = 30102
    INPUT_PERMISSION_DENIED = 30103
    INPUT_INVALID_ARGUMENT = 30104
    REQUEST_DISABLED_FOR_MAINTENANCE = 39997
    INPUT_WRITES_DISABLED_FOR_MAINTENANCE = 39998
    SEARCH_INVALID_REQUEST = 40002
    CONCEPTS_INVALID_REQUEST = 40003
    DATABASE_DUPLICATE_KEY = 40010
    DATABASE_STATEMENT_TIMEOUT = 40011
    DATABASE_DEADLOCK_DETECTED = 40013
    DATABASE_FAIL_TO_GET_CONNECTIONS = 40015
    DATABASE_TOO_MANY_CLIENTS = 40016
    DATABASE_CONSTRAINT_VIOLATED = 40017
    RPC_REQUEST_QUEUE_FULL = 40030
    RPC_SERVER_UNAVAILABLE = 40031
    RPC_REQUEST_TIMEOUT = 40032
    RPC_MAX_MESSAGE_SIZE_EXCEEDED = 40033
    EXTERNAL_CONNECTION_ERROR = 40034
    RPC_CANCELED = 40035
    QUERY_INVALID_SYNTAX = 40050
    QUEUE_CONN_ERROR = 41000
    QUEUE_CLOSE_REQUEST_TIMEOUT = 41002
    QUEUE_CONN_CLOSED = 41003
    QUEUE_PUBLISH_ACK_TIMEOUT = 41004
    QUEUE_PUBLISH_ERROR = 41005
    QUEUE_SUBSCRIPTION_TIMEOUT = 41006
    QUEUE_SUBSCRIPTION_ERROR = 41007
    QUEUE_MARSHALLING_FAILED = 41008
    QUEUE_UNMARSHALLING_FAILED = 41009
    QUEUE_MAX_MSG_REDELIVERY_EXCEEDED = 41010
    QUEUE_ACK_FAILURE = 41011
    SEARCH_INTERNAL_FAILURE = 43001
    SEARCH_BY_NOT_FULLY_INDEXED_INPUT = 43004
    BILLING_INVALID_INFO = 69000
    BILLING_MISSING_TOKENS = 69001
    INTERNAL_SERVER_ISSUE = 98004
    INTERNAL_FETCHING_ISSUE = 98005
    INTERNAL_DATABASE_ISSUE = 98006
    INTERNAL_CONTEXT_CANCELED = 98008
    INTERNAL_UNEXPECTED_TIMEOUT = 98009
    INTERNAL_UNEXPECTED_V1 = 98010
    INTERNAL_UNEXPECTED_PANIC = 98011
    INTERNAL_UNEXPECTED_SPIRE = 98012
    INTERNAL_REDIS_UNAVAILABLE = 98013
    INTERNAL_RESOURCE_EXHAUSTED = 98014
    INTERNAL_REDIS_UNCATEGORIZED = 98015
    INTERNAL_AWS_UNCATEGORIZED = 98016
    INTERNAL_AZURE_UNCATEGORIZED = 98017
    INTERNAL_VECTORDB_UNCATEGORIZED = 98018
    INTERNAL_ORACLE_UNCATEGORIZED = 98019
    INTERNAL_VULTR_UNCATEGORIZED = 98020
    INTERNAL_GCP_UNCATEGORIZED = 98021
    ANNOTATION_UNCATEGORIZED = 99004
    INTERNAL_UNCATEGORIZED = 99009


STORED: frozenset[int] = frozenset(
    {
        StatusCode.SUCCESS,
        StatusCode.ACCEPTED,
        StatusCode.ANNOTATION_SUCCESS,
        StatusCode.ANNOTATION_PENDING,
        24153,  # "in progress" in the docs, without a name in the API's enum
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

    code: Annotated[StatusCode | int | str, Checked(_code)]
    description: str | None = None
    details: str | None = None

    @property
    def code_name(self) -> str | None:
        """The name of the code, such as ``"ANNOTATION_PENDING"``; ``None`` for an unknown number."""
        if isinstance(self.code, StatusCode):
            return self.code.name
        return self.code if isinstance(self.code, str) else None
