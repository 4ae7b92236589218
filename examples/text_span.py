"""How do I label some characters of a text, and one token of it?

Whether the character at `char_end` belongs to the span is not documented: keep to one reading, as here to Python's.
"""

import os

from clarifai_http_annotations import Annotation, Client, Span, Token, negative, positive
from clarifai_http_annotations.testing import Emulator

TEXT_INPUT = os.environ.get("CLARIFAI_INPUT_ID", "harbour-news")  # on Clarifai: an input of your app with this text
TEXT = "The ferry to Elba sails at noon."

start = TEXT.index("Elba")
island = Span(char_start=start, char_end=start + 4, raw_text="Elba")
ferry = Token(char_start=4, char_end=9, raw_text="ferry")
annotations = [
    Annotation.of(TEXT_INPUT, positive("place"), negative("person"), region=island),
    Annotation.of(TEXT_INPUT, positive("ship"), negative("place"), region=ferry),
]

pat = os.environ.get("CLARIFAI_PAT")
print("This runs on Clarifai." if pat else "CLARIFAI_PAT is not set: this runs on the embedded emulator.")
with Client() if pat else Emulator().client() as client:
    stored = [client.get(created.id, input_id=TEXT_INPUT) for created in client.create(annotations)]

for annotation in stored:
    for region in annotation.data.regions if annotation.data else []:
        if region.region_info and (part := region.region_info.span or region.region_info.token):
            print(f"{type(part).__name__:<6}{part.char_start:>3} to {part.char_end:<4}{part.raw_text!r}")
    for _, concept in annotation.each_concept():
        print(f"  {concept.id:<8}{concept.value}")
