"""What other services of AWS put around a message or send in its place, told by name, with what to do about it.

Loaded only when something that should be annotations is none.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .elsewhere import parse
from .errors import InvalidRequestError

SNS = "Subscribe a queue of SQS to the topic, with raw message delivery, and let the queue invoke the function."
SNS_IN_SQS = (
    "Turn on raw message delivery (RawMessageDelivery) for the queue's subscription to the topic: then the queue holds "
    "the message itself."
)
EVENT_BRIDGE = "Give the rule's target the input path $.detail, or an input transformer that makes an annotation of it."
S3 = "It names an object and holds no annotations: read the object, and give what is in it to handle or upload."
S3_TEST = "Such a test is sent once, when notifications are set up: delete it."
HTTP = "Give handle the body (event['body'], out of base64 if isBase64Encoded), and answer with a statusCode."
DESTINATION = "Take what is in its requestPayload, or let the queue of the annotations itself invoke the function."
PIPES = "Let the queue invoke the function itself, by an event source mapping, which delivers {'Records': [...]}."

BY_SOURCE = {"aws:sns": SNS, "aws:s3": S3}
"""What to do about records of a service that invokes functions itself."""


def envelope_error(source: object) -> InvalidRequestError | None:
    """Return the error for what a service of AWS made; ``None`` if it is nothing of the kind.

    Args:
        source: An event, or the body of a message.
    """
    try:
        tree = parse(source)
    except InvalidRequestError:
        return None  # it is no JSON
    if isinstance(tree, list) and _source_of(tree) is not None:
        return InvalidRequestError("This is a list of records, as EventBridge Pipes delivers them.", hint=PIPES)
    return _error_of(tree) if isinstance(tree, Mapping) else None


def _error_of(tree: Mapping[str, Any]) -> InvalidRequestError | None:
    if {"Type", "TopicArn", "Message"} <= tree.keys():
        of = f"This is a notification of Amazon SNS, of topic {tree['TopicArn']!r}, around a message."
        return InvalidRequestError(of, hint=SNS_IN_SQS)
    if {"detail-type", "source", "detail"} <= tree.keys():
        of = f"This is an event of Amazon EventBridge, from {tree['source']!r} ({tree['detail-type']!r})."
        return InvalidRequestError(of, hint=EVENT_BRIDGE)
    if _source_of(tree.get("Records")) == "aws:s3":
        return InvalidRequestError("This is an event of Amazon S3.", hint=S3)
    if tree.get("Event") == "s3:TestEvent":
        return InvalidRequestError("This is the test event of Amazon S3.", hint=S3_TEST)
    if {"requestContext", "requestPayload"} <= tree.keys():
        return InvalidRequestError(
            "This is a record of an invocation, for a destination of AWS Lambda.", hint=DESTINATION
        )
    if "requestContext" in tree and tree.keys() & {"body", "headers", "httpMethod"}:
        of = "This is an HTTP request, of API Gateway, a function URL or a load balancer."
        return InvalidRequestError(of, hint=HTTP)
    return None


def _source_of(records: object) -> str | None:
    """Return which service records are of, if they are records."""
    if not isinstance(records, list) or not records or not isinstance(records[0], Mapping):
        return None
    source = records[0].get("eventSource", records[0].get("EventSource"))  # SNS writes it so
    return source if isinstance(source, str) else None
