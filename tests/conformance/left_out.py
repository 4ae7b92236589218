"""What Clarifai's API has about annotations and this library does not, each with its reason."""

from __future__ import annotations

from official import resources_pb2

FILTERS = "annotation filters, which belong to datasets"
STREAMS = "streams"

NOT_HERE = {
    "PatchAnnotationsSearches": "saved searches",
    "StreamAnnotations": STREAMS,
    "StreamLivestreamAnnotations": STREAMS,
    "ListAnnotationFilters": FILTERS,
    "GetAnnotationFilter": FILTERS,
    "PostAnnotationFilters": FILTERS,
    "PatchAnnotationFilters": FILTERS,
    "DeleteAnnotationFilters": FILTERS,
}
"""What the API can be asked about annotations and is not asked here."""

OTHER_DATA = "what models compute, and the input itself, not what a person annotates"
OF_A_CONCEPT = "of the concept in the app, not of what is said with it"
OF_A_USER = "of the account, not of who made an annotation"
OF_AN_ANSWER = "only in answers, kept as it came"

LEFT_OUT: dict[str, dict[str, str]] = {
    "Annotation": {"embed_model_version_id": "deprecated by the API"},
    "Concept": dict.fromkeys(
        ["created_at", "language", "app_id", "definition", "vocab_id", "visibility", "user_id", "keypoint_info"]
        + ["extra_info", "metadata", "image"],
        OF_A_CONCEPT,
    ),
    "Data": dict.fromkeys(
        ["image", "video", "colors", "clusters", "embeddings", "text", "audio", "hits", "heatmaps", "parts", "ndarray"]
        + ["int_value", "float_value", "bytes_value", "bool_value", "string_value", "struct_value"],
        OTHER_DATA,
    ),
    "Region": {"value": "of a prediction"},
    "FrameInfo": {"index": "deprecated by the API: it depends on the sampling"},
    "Geo": dict.fromkeys(["geo_limit", "geo_box"], "of a search for inputs"),
    "Hit": dict.fromkeys(["user_id", "app_id"], OF_AN_ANSWER),
    "Image": {
        **dict.fromkeys(["hosted", "image_info", "hosted_image_info"], OF_AN_ANSWER),
        "allow_duplicate_url": "of posting an input",
        "decoded_bytes": "of the SDK, not of the wire",
    },
    "Input": dict.fromkeys(
        [field.name for field in resources_pb2.Input.DESCRIPTOR.fields if field.name != "id"], OF_AN_ANSWER
    ),
    "Status": dict.fromkeys(
        ["stack_trace", "percent_completed", "time_remaining", "req_id", "internal_details", "redirect_info"]
        + ["developer_notes", "http_status_code"],
        OF_AN_ANSWER + "; errors carry `request_id`",
    ),
    "User": dict.fromkeys(
        [field.name for field in resources_pb2.User.DESCRIPTOR.fields if field.name != "id"], OF_A_USER
    ),
}
"""Fields of the messages that the models do not have, with the reason."""
