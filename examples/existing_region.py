"""How do I say what is, and what is not, in a region that a model found?"""

import os

from clarifai_http_annotations import Annotation, BoundingBox, Client, Region, Worker, negative, positive
from clarifai_http_annotations.testing import Emulator

IMAGE = os.environ.get("CLARIFAI_INPUT_ID", "53d0362a")  # on Clarifai: an image of your app,
VERSION = os.environ.get("CLARIFAI_MODEL_VERSION_ID", "detector-1")  # and a version of a model that found regions in it

pat = os.environ.get("CLARIFAI_PAT")
print("This runs on Clarifai." if pat else "CLARIFAI_PAT is not set: this runs on the embedded emulator.")
with Client() if pat else Emulator().client() as client:
    if not pat:  # then nobody found anything yet
        box = BoundingBox(top_row=0.1, left_col=0.2, bottom_row=0.5, right_col=0.9)
        by_model = Annotation.of(IMAGE, positive("ship"), region=box)
        by_model.worker = Worker(model={"id": "detector", "model_version": {"id": VERSION}})
        client.create(by_model)

    found = client.list(input_ids=IMAGE, model_version_ids=VERSION, return_model_output=True)
    region = next(region for annotation in found if annotation.data for region in annotation.data.regions)
    mine = Annotation.of(IMAGE, positive("boat"), negative("ship"), region=Region(id=region.id))
    [created] = client.create(mine)
    stored = client.get(created.id, input_id=IMAGE)

for place, concept in stored.each_concept():
    print(f"{concept.id:<6}{concept.value:<5}{place}")
for kept in stored.data.regions if stored.data else []:
    print("The region is the model's." if kept.id == region.id else "The region is another one.")
