"""How do I label a frame of a video, by its time or by its number, and a box inside it?"""

import os

from clarifai_http_annotations import Annotation, BoundingBox, Client, FrameInfo, negative, positive
from clarifai_http_annotations.testing import Emulator

VIDEO = os.environ.get("CLARIFAI_INPUT_ID", "harbour-video")  # on Clarifai: a video of your app
BOX = BoundingBox(top_row=0.1, left_col=0.2, bottom_row=0.5, right_col=0.9)

annotations = [  # one frame an annotation
    Annotation.of(VIDEO, positive("boat"), negative("person"), region=BOX, frame=FrameInfo(time=5000)),  # milliseconds
    Annotation.of(VIDEO, positive("water"), negative("boat"), frame=FrameInfo(number=300)),
]

pat = os.environ.get("CLARIFAI_PAT")
print("This runs on Clarifai." if pat else "CLARIFAI_PAT is not set: this runs on the embedded emulator.")
with Client() if pat else Emulator().client() as client:
    stored = [client.get(created.id, input_id=VIDEO) for created in client.create(annotations)]

for annotation in stored:
    for frame in annotation.data.frames if annotation.data else []:
        if frame.frame_info:  # Clarifai shows both: a 0 may be what nobody said
            print(f"frame at {frame.frame_info.time} ms, number {frame.frame_info.number}")
    for place, concept in annotation.each_concept():
        print(f"  {concept.id:<8}{concept.value:<5}{place}")
