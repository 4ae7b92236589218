"""Post what is present and what is absent, and look at what was sent and what is stored.

As it is, this runs on the embedded emulator. To run it on Clarifai, set CLARIFAI_PAT,
CLARIFAI_USER_ID and CLARIFAI_APP_ID, and CLARIFAI_INPUT_ID to an input of your app.
"""

import json
import os

import httpx

from clarifai_http_annotations import Annotation, BoundingBox, Client, negative, positive
from clarifai_http_annotations.testing import Emulator

INPUT = os.environ.get("CLARIFAI_INPUT_ID", "53d0362a9dfa4e03b2293375e2d0db73")
BOX = BoundingBox(top_row=0.1, left_col=0.2, bottom_row=0.5, right_col=0.9)

annotations = [
    Annotation.of(INPUT, positive("tree"), positive("water")),
    Annotation.of(INPUT, negative("tree"), negative("water")),
    Annotation.of(INPUT, positive("boat"), negative("person"), region=BOX),
]

on_clarifai = bool(os.environ.get("CLARIFAI_PAT"))
if not on_clarifai:
    print("CLARIFAI_PAT is not set: this runs on the embedded emulator.\n")
    os.environ |= {"CLARIFAI_PAT": "emulator-key", "CLARIFAI_USER_ID": "me", "CLARIFAI_APP_ID": "emulator-app"}

transport = None if on_clarifai else httpx.MockTransport(Emulator())
sent: list[httpx.Request] = []  # to show what really leaves this process
with (
    httpx.Client(transport=transport, event_hooks={"request": [sent.append]}) as http,
    Client(http_client=http) as client,
):
    created = client.create(annotations)
    stored = [client.get(annotation.id, input_id=INPUT) for annotation in created]
bodies = json.loads(sent[0].content)["annotations"]

print(f"{'#':<3}{'concept':<10}{'asked for':<11}{'sent value':<12}stored as")
for number, (asked, body, kept) in enumerate(zip(annotations, bodies, stored, strict=True), start=1):
    data = body["data"]["regions"][0]["data"] if "regions" in body["data"] else body["data"]
    for (_, concept), said, (_, found) in zip(asked.each_concept(), data["concepts"], kept.each_concept(), strict=True):
        asked_for = "positive" if concept.is_positive else "negative"
        stored_as = "positive" if found.is_positive else "negative"
        print(f"{number:<3}{concept.id:<10}{asked_for:<11}{said['value']:<12}{stored_as}")
