"""Everything that this library raises, as one tree.

ClarifaiError
├── ConfigurationError (ValueError)      the client cannot be made from these settings
├── InvalidRequestError (ValueError)     refused here, before anything was sent
│   └── MissingValueError                a concept without a polarity
├── ClientClosedError (RuntimeError)     the client was closed and then used
├── JournalError                         the journal of an upload cannot be read or written
├── LabelError                           a label file, or a row of one, cannot be read
├── APIError                             a call was made and did not succeed
│   ├── APIConnectionError               no usable answer came
│   │   ├── APITimeoutError              ... in time
│   │   └── InvalidResponseError         an answer came that nobody can read
│   └── APIStatusError                   the API answered, and said no
│       ├── BadRequestError              400
│       ├── AuthenticationError          401
│       ├── PaymentRequiredError         402
│       ├── PermissionDeniedError        403
│       ├── NotFoundError                404
│       ├── ConflictError                409
│       ├── RequestTooLargeError         413
│       ├── UnprocessableEntityError     422
│       ├── RateLimitError               429
│       └── InternalServerError          5xx
├── PartialFailureError                  some annotations of one call failed
└── UploadError                          an upload did not get everything into the app

"No usable answer" and "the API said no" are unrelated on purpose: after the first
nobody knows whether the call took effect, after the second somebody does.

The API's own code decides the class before the HTTP status does: an answer of
``HTTP 200`` with code 11005 is a `RateLimitError`.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from .labels._label import Problem
    from .models.annotation import Annotation
    from .upload.report import UploadReport


class ClarifaiError(Exception):
    """Root of everything that this library raises about Clarifai.

    Attributes:
        message: What was wrong, without the advice; the name of the class if nobody said.
        hint: What to do about it, or ``None``.
        report: What an upload did until this stopped it; ``None`` elsewhere.
    """

    report: "UploadReport | None" = None

    def __init__(self, message: str = "", *, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message or type(self).__name__
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message} {self.hint}" if self.hint else self.message

    def __reduce__(self) -> tuple[Any, ...]:
        # The default would call __init__ with args alone and lose the keyword arguments.
        return _rebuild, (type(self), self.args, self.__dict__.copy())


def _rebuild(cls: type[ClarifaiError], args: tuple[Any, ...], state: dict[str, Any]) -> ClarifaiError:
    error = cls.__new__(cls, *args)
    error.__dict__.update(state)
    return error


class ConfigurationError(ClarifaiError, ValueError):
    """The client cannot be made: a setting is missing, malformed, or would expose the key."""


class InvalidRequestError(ClarifaiError, ValueError):
    """What was asked cannot be sent; nothing left this process.

    Attributes:
        problems: One sentence for each thing that is wrong, with its place
            (index of the annotation, its input, the field).
    """

    def __init__(self, message: str = "", *, hint: str | None = None, problems: Sequence[str] = ()) -> None:
        super().__init__(message, hint=hint)
        self.problems: tuple[str, ...] = tuple(problems) or (message,)


class MissingValueError(InvalidRequestError):
    """A concept has no ``value``, so HTTP would store a positive and gRPC a negative."""


class ClientClosedError(ClarifaiError, RuntimeError):
    """The client was closed; make a new one."""


class JournalError(ClarifaiError):
    """The journal of an upload cannot be read or written; what is stored is stored all the same."""


class LabelError(ClarifaiError):
    """A label file, or a row of one, cannot be read.

    Attributes:
        problem: What is wrong, and where.
    """

    problem: "Problem | None" = None


class APIError(ClarifaiError):
    """A call to the API was made and did not succeed.

    Attributes:
        operation: The method of the client that was called, such as ``"create"``.
        method: HTTP method.
        path: Path of the request, without the host and the query.
        attempts: Requests that were made for this call, retries included.
        elapsed: Seconds from the start of the call to this error.
        maybe_done: ``True`` if this or an earlier attempt ended so that the server may have
            carried it out. The same call can be made again: ids make it the same annotation, as
            long as the server keeps at most one for an input and an id.
    """

    operation: str | None = None
    method: str | None = None
    path: str | None = None
    attempts: int = 0
    elapsed: float = 0.0
    maybe_done: bool = False

    def _outcome(self) -> str:
        return self.message

    def __str__(self) -> str:
        said = _sentence(self._outcome())
        if self.operation is not None:
            tries = f"{self.attempts} attempt{'' if self.attempts == 1 else 's'} in {self.elapsed:.1f} s."
            said = f"{self.operation}: {self.method} {self.path} {said} {tries}"
        return f"{said} {self.hint}" if self.hint else said


def _folded(text: str, most: int = 500) -> str:
    """Return a server's text on one line and not too long: what it says goes into logs."""
    line = " ".join(text.split())
    return line if len(line) <= most else f"{line[:most]}..."


def _sentence(text: str) -> str:
    return text if text.endswith((".", "!", "?")) else text + "."


class APIConnectionError(APIError):
    """No usable answer came: refused, reset, cut off, or a failure of TLS or of a proxy."""

    _fate: object = None  # what `_retry` makes of it


class APITimeoutError(APIConnectionError):
    """No usable answer came in time (``timeout=`` for an attempt, ``deadline=`` for the call)."""


class InvalidResponseError(APIConnectionError):
    """An answer came that is not one of the API's: not JSON, half of it, or of another shape.

    Attributes:
        status_code: HTTP status of that answer.
    """

    status_code: int | None = None
    _is_anothers: bool = False  # it may be the answer to another request, and the next one on its connection too


class APIStatusError(APIError):
    """The API answered, and said no.

    Attributes:
        status_code: HTTP status, or ``None`` for the error of one annotation in an answer.
        http_status_code: The HTTP status that Clarifai's status object names, if it names one.
        code: Clarifai's status code, such as 11009, or ``None`` if there was none.
        code_name: Its name, such as ``"CONN_KEY_NOT_FOUND"``, if this library knows it.
        description: Clarifai's text for the code.
        details: Clarifai's explanation of this case.
        request_id: Clarifai's id of the request; support asks for it.
        retry_after: Seconds that the server asked to wait, or ``None``.
        body: The answer: parsed JSON, or the first characters of anything else.
    """

    status_code: int | None = None
    http_status_code: int | None = None
    code: int | str | None = None
    code_name: str | None = None
    description: str = ""
    details: str = ""
    request_id: str | None = None
    retry_after: float | None = None
    body: Any = None

    def _outcome(self) -> str:
        if self.code is None and self.status_code is None:
            return self.message
        code = f"Clarifai {self.code}" + (f" {self.code_name}" if self.code_name else "")
        said = [f"HTTP {self.status_code}"] if self.status_code is not None else []
        said += [code] if self.code is not None else []
        text = _folded(": ".join(part for part in (self.description, self.details) if part) or self.message)
        request = f" (request id {self.request_id})" if self.request_id else ""
        return f"answered {', '.join(said)}: {text.rstrip('.')}{request}"


class BadRequestError(APIStatusError):
    """400, and the codes that say a request or an annotation is invalid."""


class AuthenticationError(APIStatusError):
    """401, and the codes that say the key is missing, malformed, unknown or expired."""


class PaymentRequiredError(APIStatusError):
    """402, and the codes that say a limit of the account or its plan is used up."""


class PermissionDeniedError(APIStatusError):
    """403, and the codes that say the key may not do this."""


class NotFoundError(APIStatusError):
    """404, and the codes that say that something does not exist."""


class ConflictError(APIStatusError):
    """409, and the codes that say that the id is taken."""


class RequestTooLargeError(APIStatusError):
    """413, and the code that says that the message is too large."""


class UnprocessableEntityError(APIStatusError):
    """422."""


class RateLimitError(APIStatusError):
    """429, and the codes that say that there were too many requests."""


class InternalServerError(APIStatusError):
    """5xx, and the codes that say that something behind the API failed."""


class Failure(NamedTuple):
    """One annotation that was not stored, and why.

    Attributes:
        index: Its position in what was given to the call, from 0.
        annotation: The annotation as it was sent, with its id.
        error: Why: an `APIError`. A `ConflictError` means that its id holds other content.
    """

    index: int  # type: ignore[assignment]  # a tuple's method of this name means nothing here
    annotation: "Annotation"
    error: APIError


class PartialFailureError(ClarifaiError):
    """Some annotations of one call were stored and some, or all of several, were not.

    Attributes:
        succeeded: The annotations that are stored, in the order asked.
        failed: A `Failure` for each of the others, in the order asked.
    """

    def __init__(
        self,
        message: str = "",
        *,
        succeeded: "Sequence[Annotation]" = (),
        failed: Sequence[Failure] = (),
    ) -> None:
        super().__init__(message)
        self.succeeded = list(succeeded)
        self.failed = list(failed)

    def __str__(self) -> str:
        if not self.failed:
            return self.message
        lines = [f"  [{f.index}] input {f.annotation.input_id!r}: {f.error}" for f in self.failed[:5]]
        more = len(self.failed) - len(lines)
        return "\n".join([self.message, *lines, *([f"  ... and {more} more in .failed"] if more else [])])


class UploadError(ClarifaiError):
    """An upload did not get everything that was given into the app (`UploadReport.raise_for_failures`).

    Attributes:
        report: What it did; ``report.failures`` are the annotations and their errors.
    """

    def __str__(self) -> str:
        failures = self.report.failures[:5] if self.report is not None else []
        lines = [f"  [{failure.index}] input {failure.input_id!r}: {failure.error}" for failure in failures]
        more = self.report.problems - len(lines) if self.report is not None else 0
        rest = [f"  ... and {more:,} more in .report.failures"] if more else []
        return "\n".join([super().__str__(), *lines, *rest])
