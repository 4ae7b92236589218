"""How do I say which concepts are present in a whole image, and which are absent?"""

import os

from clarifai_http_annotations import Annotation, Client, negative, positive
from clarifai_http_annotations.testing import Emulator

IMAGE = os.environ.get("CLARIFAI_INPUT_ID", "53d0362a")  # on Clarifai: an image of your app

pat = os.environ.get("CLARIFAI_PAT")
print("This runs on Clarifai." if pat else "CLARIFAI_PAT is not set: this runs on the embedded emulator.")
with Client() if pat else Emulator().client() as client:
    [created] = client.create(Annotation.of(IMAGE, positive("tree"), positive("water"), negative("boat")))
    stored = client.get(created.id, input_id=IMAGE)

print(f"{'concept':<10}{'value':<7}polarity")
for _, concept in stored.each_concept():
    print(f"{concept.id:<10}{concept.value:<7}{'present' if concept.is_positive else 'absent'}")
