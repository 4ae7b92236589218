"""How do I change an annotation that is stored: a part of it, all of it, or take something out?

A removal names items by their ids and needs no value; "overwrite" replaces what it names and leaves the rest.
"""

import os

from clarifai_http_annotations import Annotation, Client, negative, positive
from clarifai_http_annotations.testing import Emulator

IMAGE = os.environ.get("CLARIFAI_INPUT_ID", "53d0362a")  # on Clarifai: an image of your app


def show(step: str) -> None:
    stored = client.get(created.id, input_id=IMAGE)
    labels = ", ".join(f"{concept.id} {concept.value}" for _, concept in stored.each_concept())
    print(f"{step:<13}{labels:<33}{stored.annotation_info}")


pat = os.environ.get("CLARIFAI_PAT")
print("This runs on Clarifai." if pat else "CLARIFAI_PAT is not set: this runs on the embedded emulator.")
with Client() if pat else Emulator().client() as client:
    labels = positive("tree"), negative("water"), negative("boat")
    [created] = client.create(Annotation.of(IMAGE, *labels, annotation_info={"round": 1}))
    show("created")

    edited = client.get(created.id, input_id=IMAGE)  # get, edit, patch: what was edited is sent
    for _, concept in edited.each_concept():
        if concept.id == "water":
            concept.value = 1
    edited.annotation_info = {"round": 2}
    client.patch(edited)
    show("merged")

    client.patch({"id": created.id, "input_id": IMAGE, "data": {"concepts": [{"id": "boat"}]}}, action="remove")
    show("removed")

    client.patch(Annotation.of(IMAGE, negative("tree"), positive("sand"), id=created.id), action="overwrite")
    show("overwritten")
    client.delete(created.id, input_id=IMAGE)  # so that this file can run again
