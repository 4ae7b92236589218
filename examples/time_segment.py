"""How do I label a part of a video or a recording, from one time to another?

The API does not name the unit of these times: look at one segment there before you post many.
"""

import os

from clarifai_http_annotations import Annotation, Client, TimeInfo, negative, positive
from clarifai_http_annotations.testing import Emulator

RECORDING = os.environ.get("CLARIFAI_INPUT_ID", "harbour-sound")  # on Clarifai: a video or a recording of your app

annotations = [
    Annotation.of(RECORDING, positive("horn"), negative("speech"), time_segment=TimeInfo(begin_time=1.5, end_time=4)),
    Annotation.of(RECORDING, negative("horn"), positive("speech"), time_segment=TimeInfo(begin_time=4, end_time=9.25)),
]

pat = os.environ.get("CLARIFAI_PAT")
print("This runs on Clarifai." if pat else "CLARIFAI_PAT is not set: this runs on the embedded emulator.")
with Client() if pat else Emulator().client() as client:
    stored = [client.get(created.id, input_id=RECORDING) for created in client.create(annotations)]

for annotation in stored:
    for segment in annotation.data.time_segments if annotation.data else []:
        print(f"segment {segment.time_info}")
    for place, concept in annotation.each_concept():
        print(f"  {concept.id:<8}{concept.value:<5}{place}")
