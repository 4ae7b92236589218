"""A handler for AWS Lambda: annotations from a queue of Amazon SQS, or from whoever invokes the function.

    from clarifai_http_annotations import Client
    from clarifai_http_annotations.aws_lambda import handle

    client = Client()  # outside of the handler: made once, used by every invocation

    def handler(event, context):
        return handle(event, context, client)

Rules:

1. A message is done if **every** annotation of it is in the app. The others are answered as
   ``batchItemFailures``, and SQS delivers them again. The event source mapping must say
   ``ReportBatchItemFailures``: without it Lambda ignores the answer and deletes every message.
2. Of a message that cannot be read, or holds something that cannot be sent, nothing is sent. It fails alone.
3. All others are one upload, whichever message they came in, so that requests are full. Messages are read while it
   is under way.
4. What is delivered again has the same ids, which are derived from content, and is stored once.
5. The upload ends ``margin`` seconds before the function's time does. What has no time left is delivered again.
6. Of a FIFO queue, messages behind a failed one of their group are failed too, so that SQS keeps their order.
7. If the upload was stopped by an error (of the key, the account, the app) and nothing at all is done, the error is
   raised: it comes to the same for the messages, but Lambda counts it, shows it, and slows down.
8. A direct invocation is one message whose answer somebody reads: it raises what went wrong.
9. What another service put around a message (SNS, EventBridge, ...) is not opened, but told by its name.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from pydantic import BaseModel

from ._call import logger
from ._wire.bodies import KEYS
from ._wire.guard import guard
from ._wire.rows import Row, prepare_row
from .client import Client
from .elsewhere import MissingValue, read_annotations
from .errors import ClarifaiError, ConfigurationError, InvalidRequestError, UploadError
from .models.annotation import Annotation

if TYPE_CHECKING:  # it is loaded by the first upload
    from .upload.report import UploadResult

SQS = "aws:sqs"

THERE = ("stored", "already_there")
"""What became of an annotation that is known to be in the app."""

TAKES = (
    "handle takes a batch of SQS, or an annotation, a list of them or {'annotations': [...]} from who invokes the "
    "function. Other services can send to a queue."
)

REASONED = ("failed", "conflict", "unknown")
"""What became of an annotation that fails its message for a reason of its own."""

NO_TIME = "Nothing was sent: no time is left. Give the function a longer timeout, or a smaller margin=."

ANNOTATION = KEYS | {"input_id", "inputId"}
"""Keys that tell an annotation, or a request, from an event of another service."""

Taken = tuple["Message", tuple[str, str, str]]
"""An annotation that was given to the upload: the message that it is of; its input, id and content."""


class Context(Protocol):
    """What is needed of the context that Lambda gives to a handler."""

    def get_remaining_time_in_millis(self) -> int:
        """Return how long the function may still run."""


def handle(
    event: object, context: Context, client: Client, *, missing_value: MissingValue = "error", margin: float = 5.0
) -> dict[str, Any]:
    """Store the annotations of an event, and answer as AWS Lambda expects it.

    Args:
        event: A batch of SQS, whose messages each hold an annotation, a list of them or
            ``{"annotations": [...]}`` as JSON; or, invoked directly, one of these itself, also as what a parser made
            of it, such as an `Annotation`.
        context: The context of the invocation.
        client: Made outside of the handler, and not closed by it.
        missing_value: What a concept without ``value`` is, as for `read_annotations`.
        margin: Seconds of the function's time that are left for the answer.

    Returns:
        For SQS ``{"batchItemFailures": [{"itemIdentifier": messageId}, ...]}``, the messages to be delivered
        again; invoked directly, how many annotations were ``stored``, ``already_there`` and ``repeated``.

    Raises:
        InvalidRequestError: If the event is of another service, or, invoked directly, is not annotations that can be
            sent; nothing was sent.
        UploadError: If, invoked directly, not everything is in the app.
        ClarifaiError: What stopped the upload, such as an `AuthenticationError`: invoked directly, or if no message is
            done.
        ConfigurationError: If ``client`` or ``margin`` cannot be.
    """
    if not isinstance(client, Client):
        raise ConfigurationError(
            f"handle takes a Client, not {type(client).__name__}: a handler is a blocking function."
        )
    if isinstance(margin, bool) or not isinstance(margin, (int, float)) or not 0 <= margin < math.inf:
        raise ConfigurationError(f"margin must be seconds, 0 or more, not {margin!r}.")
    if isinstance(event, Mapping):  # a dict, or what a decorator made of it
        event = dict(event)
    elif isinstance(event, BaseModel) and not isinstance(event, Annotation):
        event = event.model_dump(exclude_unset=True)  # what nobody said is not sent

    def left() -> float:
        return context.get_remaining_time_in_millis() / 1000 - margin

    # A batch is never delivered empty: beside an annotation, empty Records are an unknown field of it.
    if isinstance(event, dict) and "Records" in event and (event["Records"] != [] or not event.keys() & ANNOTATION):
        return _handle_batch(_messages_of(event["Records"]), left, client, missing_value)
    return _handle_direct(event, left, client, missing_value)


# --- messages -------------------------------------------------------------------------------------


@dataclass
class Message:
    """A message of a batch.

    Attributes:
        id: SQS's, of this message.
        body: As it came.
        group: What has to stay in order: the group, if the queue is FIFO.
        size: How many annotations it holds; ``None`` if it was not read, or cannot be sent.
        done: How many of them are known to be in the app.
        why: Why it failed, if there is a reason of its own.
        where: Which annotation of it the reason is of, with a colon, if it is of one.
    """

    id: str
    body: object
    group: str | None
    size: int | None = None
    done: int = 0
    why: str | None = None
    where: str = ""

    @property
    def is_done(self) -> bool:
        """Whether all of it is in the app."""
        return self.done == self.size


def _messages_of(records: Any) -> list[Message]:
    """Return the messages of a batch of SQS.

    Raises:
        InvalidRequestError: If they are another service's, or none at all.
    """
    if not isinstance(records, list) or not all(isinstance(record, Mapping) for record in records):
        raise InvalidRequestError("This event has Records that are no list of objects.", hint=TAKES)
    messages = []
    for index, record in enumerate(records):
        source = record.get("eventSource", record.get("EventSource"))  # SNS writes it so
        if source != SQS:
            from ._envelopes import BY_SOURCE  # only here: no batch of SQS needs it

            hint = BY_SOURCE.get(str(source), TAKES)
            raise InvalidRequestError(f"Records[{index}] is from {source!r}, not from {SQS!r}.", hint=hint)
        if not isinstance(record.get("messageId"), str):
            raise InvalidRequestError(f"Records[{index}] has no messageId, so nobody can say what became of it.")
        is_fifo = str(record.get("eventSourceARN")).endswith(".fifo")  # other queues have groups too, without an order
        group = (record.get("attributes") or {}).get("MessageGroupId") if is_fifo else None
        messages.append(Message(record["messageId"], record.get("body"), group))
    return messages


def _rows_of(annotations: list[Annotation], *, fractional_values: bool) -> list[Row]:
    """Return what would be sent of one message.

    Raises:
        InvalidRequestError: If any of it cannot be sent, or there is nothing.
    """
    if not annotations:
        raise InvalidRequestError("There are no annotations in it.")
    rows = [prepare_row(annotation, f"annotations[{index}]") for index, annotation in enumerate(annotations)]
    guard({"annotations": [row.tree for row in rows]}, fractional_values=fractional_values)
    return rows


def _named(source: object) -> InvalidRequestError | None:
    """Return the error for what another service of AWS made, if it is that."""
    from ._envelopes import envelope_error  # only here: what holds annotations never needs it

    return envelope_error(source)


# --- a batch --------------------------------------------------------------------------------------


def _handle_batch(
    messages: list[Message], left: Callable[[], float], client: Client, missing_value: MissingValue
) -> dict[str, Any]:
    taken: list[Taken] = []
    results: list[UploadResult] = []
    error = _upload(_read(messages, taken, left, client, missing_value), left, client, results)
    _settle(taken, results)
    _hold_back(messages)
    failed = [message for message in messages if not message.is_done]
    if failed:
        from ._failed_messages import log_reasons  # only here: as a rule, none has failed

        log_reasons(failed)
        logger.warning("%d of %d SQS messages are left in the queue", len(failed), len(messages))
    if error is not None and len(failed) == len(messages):
        raise error
    return {"batchItemFailures": [{"itemIdentifier": message.id} for message in failed]}


def _read(
    messages: list[Message], taken: list[Taken], left: Callable[[], float], client: Client, missing_value: MissingValue
) -> Iterator[Annotation]:
    """Yield what the messages hold and write down whose it is, while the upload is under way and there is time."""
    failed: set[str | None] = set()
    for message in messages:
        if left() <= 0:
            return
        if message.group is not None and message.group in failed:
            continue
        try:
            annotations = read_annotations(message.body, missing_value, **_app_of(client))
            rows = _rows_of(annotations, fractional_values=client._settings.fractional_values)
        except InvalidRequestError as error:
            message.why = str(_named(message.body) or error)
            failed.add(message.group)
            continue
        message.size = len(rows)
        for annotation, row in zip(annotations, rows, strict=True):
            taken.append((message, (row.tree["input_id"], row.tree["id"], row.digest)))
            yield annotation


def _upload(
    annotations: Iterator[Annotation], left: Callable[[], float], client: Client, results: list[UploadResult]
) -> ClarifaiError | None:
    """Upload annotations, and return the error that stopped it, if one did."""
    deadline = left()
    if deadline <= 0:
        logger.error(NO_TIME)
        return None
    try:
        report = client.upload(annotations, deadline=deadline, on_result=results.append)
    except ClarifaiError as error:
        from ._failed_messages import one_line

        logger.error("The upload was stopped: %s", one_line(str(error)))
        return error
    if report.stopped is not None:
        logger.warning("The upload was stopped: %s", report.stopped)
    return None


def _settle(taken: list[Taken], results: list[UploadResult]) -> None:
    """Write into messages what became of their annotations."""
    there = {taken[result.index][1] for result in results if result.outcome in THERE}
    for result in results:
        message, identity = taken[result.index]
        # A twin is as good as the one that was sent, which may have failed.
        if result.outcome in THERE or (result.outcome == "repeated" and identity in there):
            message.done += 1
        elif result.outcome in REASONED and message.why is None:
            message.why, message.where = str(result.error), f"input {result.input_id!r}: "


def _hold_back(messages: list[Message]) -> None:
    """Let fail what is behind a failed message of its group."""
    failed: set[str] = set()
    for message in messages:
        if message.group is None:
            continue
        if message.group in failed:
            message.why = message.why or "a message before it in its group failed"
            message.size = None
        elif not message.is_done:
            failed.add(message.group)


def _app_of(client: Client) -> dict[str, Any]:
    """Return the app that annotations are stored in, to be compared with the one that a body names."""
    return {"user_id": client._settings.user_id, "app_id": client._settings.app_id}


# --- a direct invocation --------------------------------------------------------------------------


def _handle_direct(
    event: object, left: Callable[[], float], client: Client, missing_value: MissingValue
) -> dict[str, Any]:
    if event == {}:
        raise InvalidRequestError("This event is empty.", hint=TAKES)
    if isinstance(event, dict) and not event.keys() & ANNOTATION:
        said = f"This event is no annotation: it has {', '.join(map(repr, event))}."
        raise _named(event) or InvalidRequestError(said, hint=TAKES)
    if isinstance(event, list) and (error := _named(event)) is not None:
        raise error
    given = [event] if isinstance(event, Annotation) else event
    annotations = read_annotations(given, missing_value, **_app_of(client))
    _rows_of(annotations, fractional_values=client._settings.fractional_values)
    deadline = left()
    report = client.upload(annotations, deadline=deadline)
    try:
        report.raise_for_failures()
    except UploadError as error:
        if deadline <= 0:
            error.hint = NO_TIME
        raise
    return {"stored": report.stored, "already_there": report.already_there, "repeated": report.repeated}
