"""How do I delete many annotations at once, such as all that are about one concept?

`delete_all_of_inputs` deletes everything of an input, whoever made it; this deletes what it names.
"""

import os

from clarifai_http_annotations import Annotation, Client, negative, positive
from clarifai_http_annotations.testing import Emulator

IMAGE = os.environ.get("CLARIFAI_INPUT_ID", "53d0362a")  # on Clarifai: an image of your app


def show(step: str) -> None:
    there = [annotation for annotation in client.list(input_ids=IMAGE) if annotation.id in ids]
    labels = [f"{concept.id} {concept.value}" for annotation in there for _, concept in annotation.each_concept()]
    print(f"{step:<9}{len(there)} annotations: {', '.join(labels) or 'none'}")


pat = os.environ.get("CLARIFAI_PAT")
print("This runs on Clarifai." if pat else "CLARIFAI_PAT is not set: this runs on the embedded emulator.")
with Client() if pat else Emulator().client() as client:
    concepts = positive("palm"), negative("palm"), positive("sand"), negative("snow")
    created = client.create([Annotation.of(IMAGE, concept) for concept in concepts])
    ids = {annotation.id for annotation in created}
    show("created")

    about_palms = [found for found in created if any(concept.id == "palm" for _, concept in found.each_concept())]
    client.delete_many(about_palms)
    show("deleted")

    client.delete_many(created)  # the first two once more: what does not exist counts as gone
    show("gone")
