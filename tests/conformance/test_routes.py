"""Every route of ours is one of Clarifai's, by its method and the places of its ids."""

from __future__ import annotations

from official import routes

from clarifai_http_annotations.testing._routes import ROUTES

NOT_HERE = {
    "PatchAnnotationsSearches": "saved searches, which this library does not make",
    "StreamAnnotations": "a stream",
    "StreamLivestreamAnnotations": "a stream",
    "ListAnnotationFilters": "annotation filters, which belong to datasets",
    "GetAnnotationFilter": "annotation filters, which belong to datasets",
    "PostAnnotationFilters": "annotation filters, which belong to datasets",
    "PatchAnnotationFilters": "annotation filters, which belong to datasets",
    "DeleteAnnotationFilters": "annotation filters, which belong to datasets",
}
"""What the API can be asked about annotations and is not asked here, with the reason."""

OURS = {(method, path) for path, handlers in ROUTES.items() for method in handlers}


def test_every_route_of_the_emulator_is_one_of_the_api() -> None:
    assert routes().keys() >= OURS


def test_every_route_of_the_api_is_here_or_left_out_with_a_reason() -> None:
    left_out = {rpc.name for route, rpc in routes().items() if route not in OURS}
    assert left_out == NOT_HERE.keys()
