#!/usr/bin/env bash
# clarifai 12.5.0: when one annotation of a batch is refused, Inputs.upload_annotations logs those that are stored as
# failed too, and returns the whole batch to be sent again.
#
# It compares the status code of each annotation, which protobuf's JSON printer gives as the name ANNOTATION_SUCCESS,
# with the number 24150, so they are never equal. Who sends what is returned again, without ids of his own, has the server
# store the good ones a second time.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check clarifai==12.5.0 clarifai-grpc==12.6.0 protobuf==5.29.5

cat > "$work/show.py" <<'PY'
import logging

from clarifai.client.input import Inputs
from clarifai_grpc.grpc.api import resources_pb2, service_pb2
from clarifai_grpc.grpc.api.status import status_code_pb2


def answer(request):
    """Answer as a server that stores the first annotation and refuses the second."""
    said = service_pb2.MultiAnnotationResponse()
    said.status.code = status_code_pb2.MIXED_STATUS
    for annotation in request.annotations:
        said.annotations.add().CopyFrom(annotation)
    said.annotations[0].status.code = status_code_pb2.ANNOTATION_SUCCESS
    said.annotations[1].status.code = status_code_pb2.ANNOTATION_INVALID_ARGUMENT
    return said


class Lines(logging.Handler):
    def emit(self, record):
        if "Post annotations failed" in record.getMessage():
            print("logged:", record.getMessage().split(", ")[1])


inputs = Inputs(user_id="user", app_id="app", pat="0" * 32)
inputs._grpc_request = lambda method, request: answer(request)
inputs.logger.handlers = [Lines()]
inputs.logger.propagate = False
batch = [resources_pb2.Annotation(id=name, input_id="one") for name in ("good", "bad")]
print("to be sent again:", [annotation.id for annotation in inputs.upload_annotations(batch)])
PY

expected="logged: status: {'code': 'ANNOTATION_SUCCESS'}
logged: status: {'code': 'ANNOTATION_INVALID_ARGUMENT'}
to be sent again: ['good', 'bad']"
seen=$("$work/venv/bin/python" "$work/show.py" 2>/dev/null)
printf 'seen:\n%s\nexpected:\n%s\n' "$seen" "$expected"
[ "$seen" = "$expected" ] || exit 1
