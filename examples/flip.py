"""How do I correct one label that says the opposite of what is in the image?"""

import os

from clarifai_http_annotations import Annotation, BoundingBox, Client, negative, positive
from clarifai_http_annotations.testing import Emulator

IMAGE = os.environ.get("CLARIFAI_INPUT_ID", "53d0362a")  # on Clarifai: an image of your app
BOX = BoundingBox(top_row=0.1, left_col=0.2, bottom_row=0.5, right_col=0.9)


def labels(annotation: Annotation) -> str:
    return ", ".join(f"{concept.id} {concept.value}" for _, concept in annotation.each_concept())


annotations = [
    Annotation.of(IMAGE, positive("tree"), negative("water")),
    Annotation.of(IMAGE, positive("boat"), negative("person"), region=BOX),
]

pat = os.environ.get("CLARIFAI_PAT")
print("This runs on Clarifai." if pat else "CLARIFAI_PAT is not set: this runs on the embedded emulator.")
with Client() if pat else Emulator().client() as client:
    image, box = client.create(annotations)
    client.set_value(image.id, input_id=IMAGE, concept_id="water", value=True)
    client.set_value(box.id, input_id=IMAGE, concept_id="boat", value=False)
    for name, before in {"image": image, "box": box}.items():
        print(f"{name:<7}{labels(before):<23}->  {labels(client.get(before.id, input_id=IMAGE))}")
    client.delete_many([image, box])  # so that this file can run again
