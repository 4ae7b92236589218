"""How do I store annotations that come over a queue, on AWS Lambda?

    python examples/aws_lambda/handler.py          try it here, on the embedded emulator
    python examples/aws_lambda/build.py            make the zip for template.yaml

The body of a message is an annotation, a list of them, or {"annotations": [...]}, as JSON. A message that cannot be
stored as it is (this one does not say whether the tree is present or absent) goes back to the queue, alone.
"""

from typing import Any

from clarifai_http_annotations import Client
from clarifai_http_annotations.aws_lambda import Context, handle

if __name__ != "__main__":
    # Once, when Lambda loads this file. CLARIFAI_PAT, CLARIFAI_USER_ID and CLARIFAI_APP_ID are set in template.yaml.
    client = Client(timeout=10)  # seconds: an answer that is lost leaves time to ask again, of the function's 60


def handler(event: Any, context: Context) -> dict[str, Any]:
    return handle(event, context, client)


if __name__ == "__main__":
    from clarifai_http_annotations.testing import Emulator

    class Minute:
        def get_remaining_time_in_millis(self) -> int:
            return 60_000

    print("This runs on the embedded emulator, as Lambda would run it.")
    emulator = Emulator()
    client = emulator.client()
    good = '{"input_id": "53d0362a", "data": {"concepts": [{"id": "tree", "value": 1}, {"id": "water", "value": 0}]}}'
    bad = '{"input_id": "53d0362a", "data": {"concepts": [{"id": "tree"}]}}'
    records = [{"messageId": f"m-{n}", "body": body, "eventSource": "aws:sqs"} for n, body in enumerate([good, bad])]
    print("SQS:", handler({"Records": records}, Minute()))
    for concept in emulator.annotations[0]["data"]["concepts"]:
        print("stored:", concept["id"], concept["value"])
    print(
        "invoked directly:",
        handler({"input_id": "53d0362a", "data": {"concepts": [{"id": "boat", "value": 1}]}}, Minute()),
    )
