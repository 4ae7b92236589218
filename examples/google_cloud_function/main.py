"""How do I store annotations from Google Cloud Functions: those that are posted, and those that Pub/Sub brings?

    functions-framework --target post_annotations    whoever posts is told what became of them
    functions-framework --target on_message          behind a Pub/Sub trigger that retries (--retry)

Either takes JSON: an annotation, a list of them, or {"annotations": [...]}. What comes twice is stored once.
"""

import base64
import json
import sys

import flask
import functions_framework
from cloudevents.http import CloudEvent
from outcome import APP_ID, SECONDS, USER_ID, is_final, summary

from clarifai_http_annotations import ClarifaiError, Client, InvalidRequestError, read_annotations

client = Client()  # for all calls and threads of an instance; without a key the instance does not start


def store(source: bytes) -> dict[str, int]:
    return summary(client.upload(read_annotations(source, user_id=USER_ID, app_id=APP_ID), deadline=SECONDS))


@functions_framework.http
def post_annotations(request: flask.Request) -> flask.typing.ResponseReturnValue:
    try:
        return store(request.get_data())
    except ClarifaiError as error:
        return str(error), 400 if is_final(error) else 503, {"Content-Type": "text/plain; charset=utf-8"}


def published(event: CloudEvent) -> bytes:
    try:
        return base64.b64decode(event.data["message"].get("data", ""), validate=True)
    except (AttributeError, LookupError, TypeError, ValueError):
        raise InvalidRequestError("This event holds no message of Pub/Sub.") from None


@functions_framework.cloud_event
def on_message(event: CloudEvent) -> None:
    try:
        store(published(event))
    except ClarifaiError as error:
        if not is_final(error):
            raise  # answers 500, and Pub/Sub brings it again
        # Acknowledged: a trigger's subscription has no dead-letter topic unless you give it one, and would bring this
        # for a day, in vain. The log keeps it, up to 256 KB, as an ERROR that can alert somebody. With a topic, raise.
        print(json.dumps({"severity": "ERROR", "message": f"{error}\n{event.data}"}), file=sys.stderr, flush=True)
