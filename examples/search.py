"""How do I find annotations by what they say: present, absent, in a box, or not that?

Clarifai may refuse to search for concepts of your own before a model was trained on them.
"""

import os

from clarifai_http_annotations import Annotation, BoundingBox, Client, Concept, Filter, negative, positive
from clarifai_http_annotations.testing import Emulator

IMAGE = os.environ.get("CLARIFAI_INPUT_ID", "53d0362a")  # on Clarifai: an image of your app
BOX = BoundingBox(top_row=0.1, left_col=0.2, bottom_row=0.5, right_col=0.9)

annotations = [
    Annotation.of(IMAGE, positive("tree"), negative("boat")),
    Annotation.of(IMAGE, negative("tree"), positive("boat")),
    Annotation.of(IMAGE, positive("boat"), region=BOX),
]
questions: dict[str, Filter | Concept] = {
    "tree is present": positive("tree"),
    "tree is absent": negative("tree"),
    "tree is absent, or not mentioned": ~Filter(concept=positive("tree")),
    "boat is present, in a box": Filter(concept=positive("boat"), kind="bounding_box"),
    "anything but a box": ~Filter(kind="bounding_box"),
}

pat = os.environ.get("CLARIFAI_PAT")
print("This runs on Clarifai." if pat else "CLARIFAI_PAT is not set: this runs on the embedded emulator.")
with Client() if pat else Emulator().client() as client:
    client.create(annotations)
    for question, wanted in questions.items():
        print(question)
        for hit in client.search(wanted, Filter(input_id=IMAGE)):  # an annotation that is both
            print("  ", ", ".join(f"{concept.id} {concept.value}" for _, concept in hit.annotation.each_concept()))
