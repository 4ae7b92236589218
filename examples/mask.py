"""How do I label the pixels of a mask, from an array of scores or from a PNG file?

How the server reads the colours and the size of a PNG is not documented: look at one mask there before you post many.
"""

import os

from clarifai_http_annotations import Annotation, Client, Mask, negative, positive
from clarifai_http_annotations.testing import Emulator

IMAGE = os.environ.get("CLARIFAI_INPUT_ID", "53d0362a")  # on Clarifai: an image of your app
PNG = (  # bytes, as of Path("mask.png").read_bytes(), or their base64: 4 by 3 pixels in grey
    "iVBORw0KGgoAAAANSUhEUgAAAAQAAAADCAAAAACRn/EaAAAAEUlEQVR4nGNgYPj/H4b/MwAALuAG+vkogJEAAAAASUVORK5CYII="
)

try:
    import numpy as np
except ImportError:
    mask = Mask.from_png(PNG)
else:  # the same pixels as booleans: height by width, inside is white
    mask = Mask.from_array(np.array([[0.1, 0.2, 0.9, 0.8], [0.1, 0.7, 0.9, 0.3], [0.6, 0.9, 0.8, 0.1]]) > 0.5)

pat = os.environ.get("CLARIFAI_PAT")
print("This runs on Clarifai." if pat else "CLARIFAI_PAT is not set: this runs on the embedded emulator.")
with Client() if pat else Emulator().client() as client:
    [created] = client.create(Annotation.of(IMAGE, positive("water"), negative("ice"), region=mask))
    stored = client.get(created.id, input_id=IMAGE)

for region in stored.data.regions if stored.data else []:
    if region.region_info and region.region_info.mask:
        image = region.region_info.mask.image
        print(f"{'mask':<8}{'as it was sent' if image.base64 == mask.image.base64 else image.url or 'in other bytes'}")
for place, concept in stored.each_concept():
    print(f"{concept.id:<8}{concept.value:<5}{place}")
