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
3. All others are one upload, whichever message they came in, so that requests are full.
4. What is delivered again has the same ids, which are derived from content, and is stored once.
5. The upload ends ``margin`` seconds before the function's time does. What has no time left is delivered again.
6. Of a FIFO queue, messages behind a failed one of their group are failed too, so that SQS keeps their order.
7. If the upload was stopped by an error (of the key, the account, the app) and nothing at all is done, the error is
   raised: it comes to the same for the messages, but Lambda counts it, shows it, and slows down.
8. A direct invocation is one message whose answer somebody reads: it raises what went wrong.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from pydantic import BaseModel

from ._call import logger
from ._wire.guard import guard
from ._wire.rows import Row, prepare_row
from .client import Client
from .elsewhere import MissingValue, read_annotations
from .errors import ClarifaiError, ConfigurationError, InvalidRequestError
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

LONGEST_REASON = 1000
"""Characters of a line in the log."""

Identity = tuple[str, str, str]
"""Input, id and content."""


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
            ``{"annotations": [...]}`` as JSON; or, invoked directly, one of these itself.
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
        event = event.model_dump()

    def left() -> float:
        return context.get_remaining_time_in_millis() / 1000 - margin

    if isinstance(event, dict) and "Records" in event:
        return _handle_batch(_records_of(event["Records"]), left, client, missing_value)
    return _handle_direct(event, left, client, missing_value)


# --- messages -------------------------------------------------------------------------------------


@dataclass
class Message:
    """A message of a batch.

    Attributes:
        id: SQS's, of this message.
        group: What has to stay in order: the group, if the queue is FIFO.
        annotations: What it holds.
        identities: Of each annotation.
        why: Why it is not sent, or not done; ``None`` if nothing is known against it.
        done: How many annotations of it are known to be in the app.
    """

    id: str
    group: str | None
    annotations: list[Annotation] = field(default_factory=list)
    identities: list[Identity] = field(default_factory=list)
    why: str | None = None
    done: int = 0

    @property
    def is_done(self) -> bool:
        """Whether all of it is in the app."""
        return self.why is None and self.done == len(self.annotations)


def _records_of(records: Any) -> list[Mapping[str, Any]]:
    """Return the records of a batch of SQS.

    Raises:
        InvalidRequestError: If they are another service's, or none at all.
    """
    if not isinstance(records, list) or not all(isinstance(record, Mapping) for record in records):
        raise InvalidRequestError("This event has Records that are no list of objects.", hint=TAKES)
    for index, record in enumerate(records):
        source = record.get("eventSource", record.get("EventSource"))  # SNS writes it so
        if source != SQS:
            raise InvalidRequestError(f"Records[{index}] is from {source!r}, not from {SQS!r}.", hint=TAKES)
        if not isinstance(record.get("messageId"), str):
            raise InvalidRequestError(f"Records[{index}] has no messageId, so nobody can say what became of it.")
    return records


def _message_of(record: Mapping[str, Any], missing_value: MissingValue, *, fractional_values: bool) -> Message:
    """Read a message. One that cannot be read or sent says why."""
    is_fifo = str(record.get("eventSourceARN")).endswith(".fifo")  # other queues have groups too, without an order
    message = Message(record["messageId"], (record.get("attributes") or {}).get("MessageGroupId") if is_fifo else None)
    try:
        annotations = read_annotations(record.get("body"), missing_value)
        rows = _rows_of(annotations, fractional_values=fractional_values)
    except InvalidRequestError as error:
        message.why = str(error)
    else:
        message.annotations = annotations
        message.identities = [(row.tree["input_id"], row.tree["id"], row.digest) for row in rows]
    return message


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


# --- a batch --------------------------------------------------------------------------------------


def _handle_batch(
    records: list[Mapping[str, Any]], left: Callable[[], float], client: Client, missing_value: MissingValue
) -> dict[str, Any]:
    fractional_values = client._settings.fractional_values
    messages = [_message_of(record, missing_value, fractional_values=fractional_values) for record in records]
    _hold_back(messages, lambda message: message.why is not None)
    sent = [message for message in messages if message.why is None]
    results: list[UploadResult] = []
    error = _upload(sent, left, client, results)
    _settle(sent, results)
    _hold_back(messages, lambda message: not message.is_done)
    failed = [message for message in messages if not message.is_done]
    for message in failed:
        if message.why is not None:
            logger.warning("SQS message %s: %s", message.id, _one_line(message.why))
    if failed:
        logger.warning("%d of %d SQS messages are left in the queue", len(failed), len(messages))
    if error is not None and len(failed) == len(messages):
        raise error
    return {"batchItemFailures": [{"itemIdentifier": message.id} for message in failed]}


def _hold_back(messages: list[Message], has_failed: Callable[[Message], bool]) -> None:
    """Let fail what is behind a failed message of its group."""
    failed: dict[str, str] = {}
    for message in messages:
        if message.group is None:
            continue
        if message.group in failed and message.why is None:
            message.why = f"message {failed[message.group]} is before it in its group, and failed"
        if has_failed(message):
            failed.setdefault(message.group, message.id)


def _upload(
    sent: list[Message], left: Callable[[], float], client: Client, results: list[UploadResult]
) -> ClarifaiError | None:
    """Upload what messages hold, and return the error that stopped it, if one did."""
    annotations = [annotation for message in sent for annotation in message.annotations]
    if not annotations:
        return None
    deadline = left()
    if deadline <= 0:
        logger.error("Nothing was sent: no time is left. Give the function a longer timeout, or a smaller margin=.")
        return None
    try:
        report = client.upload(annotations, deadline=deadline, on_result=results.append)
    except ClarifaiError as error:
        logger.error("The upload was stopped: %s", _one_line(str(error)))
        return error
    if report.stopped is not None:
        logger.warning("The upload was stopped: %s", report.stopped)
    return None


def _settle(sent: list[Message], results: list[UploadResult]) -> None:
    """Write into messages what became of their annotations."""
    owners = [message for message in sent for _ in message.annotations]
    identities = [identity for message in sent for identity in message.identities]
    there = {identities[result.index] for result in results if result.outcome in THERE}
    for result in results:
        message = owners[result.index]
        # A twin is as good as the one that was sent, which may have failed.
        if result.outcome in THERE or (result.outcome == "repeated" and identities[result.index] in there):
            message.done += 1
        elif result.outcome in REASONED and message.why is None:
            message.why = f"input {result.input_id!r}: {result.error}"


def _one_line(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= LONGEST_REASON else f"{line[:LONGEST_REASON]}..."


# --- a direct invocation --------------------------------------------------------------------------


def _handle_direct(
    event: object, left: Callable[[], float], client: Client, missing_value: MissingValue
) -> dict[str, Any]:
    if isinstance(event, dict) and not event.keys() & {"annotations", "annotation", "input_id", "inputId"}:
        raise InvalidRequestError(f"This event is no annotation: it has {', '.join(map(repr, event))}.", hint=TAKES)
    annotations = read_annotations(event, missing_value)
    _rows_of(annotations, fractional_values=client._settings.fractional_values)
    report = client.upload(annotations, deadline=left())
    report.raise_for_failures()
    return {"stored": report.stored, "already_there": report.already_there, "repeated": report.repeated}
