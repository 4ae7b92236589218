"""What became of an upload, for whoever asked for it: what is in the app, or whether to ask again."""

import os

from clarifai_http_annotations import ClarifaiError, InvalidRequestError, UploadError, UploadReport

# The app that a body may name (user_app_id): its annotations are stored in no other.
USER_ID, APP_ID = os.environ.get("CLARIFAI_USER_ID"), os.environ.get("CLARIFAI_APP_ID")

SECONDS = float(os.environ.get("UPLOAD_SECONDS", "50"))  # less than the function may take, which is 60 s by default


def summary(report: UploadReport) -> dict[str, int]:
    """Count what is in the app; raise `UploadError` unless that is everything."""
    report.raise_for_failures()
    return {name: getattr(report, name) for name in ("stored", "already_there", "repeated", "positives", "negatives")}


def is_final(error: ClarifaiError) -> bool:
    """Tell whether the same JSON would be refused again; a network, a limit and a key are mended sooner or later."""
    if isinstance(error, UploadError) and (report := error.report):
        return report.exhausted and not report.unknown and not report.not_sent
    return isinstance(error, InvalidRequestError)
