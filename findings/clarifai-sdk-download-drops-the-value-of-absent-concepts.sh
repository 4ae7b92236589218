#!/usr/bin/env bash
# clarifai 12.5.0: a dataset that is downloaded with the SDK has absent concepts without their value.
#
# InputAnnotationDownloader, which Dataset.export uses, writes the annotations of each input to
# <split>/annotations/<input id>.json. A concept that is present (value 1) keeps its value; one that is absent (value 0)
# is written without it, because the message is turned into JSON by protobuf's printer, which leaves zeros
# out. The downloader knows of that and puts zeros back, but into bounding boxes only. Sent to the REST API as it is, or
# read by whatever takes a missing value for 1, such a file turns every negative into a positive.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check clarifai==12.5.0 clarifai-grpc==12.6.0 protobuf==5.29.5

cat > "$work/show.py" <<'PY'
import sys
import zipfile

from clarifai.datasets.export.inputs_annotations import InputAnnotationDownloader
from clarifai_grpc.grpc.api import resources_pb2


class Answer:
    content = b"a text"

    def raise_for_status(self):
        pass


class Session:  # stands for the server that hosts the text of the input
    def get(self, url, **options):
        return Answer()


stored = resources_pb2.Input(id="one")
stored.data.text.hosted.prefix, stored.data.text.hosted.suffix = "https://hosted.example", "one"
stored.data.text.hosted.sizes.append("orig")
for name, value in (("heron", 1.0), ("gull", 0.0)):
    stored.data.concepts.add(id=name, value=value)

InputAnnotationDownloader(Session(), [stored]).download_archive(sys.argv[1], split="train")
print(zipfile.ZipFile(sys.argv[1]).read("train/annotations/one.json").decode())
PY

expected='[{"id": "heron", "value": 1.0}, {"id": "gull"}]'
seen=$("$work/venv/bin/python" "$work/show.py" "$work/train.zip" 2>/dev/null)
echo "seen:     $seen"
echo "expected: $expected"
[ "$seen" = "$expected" ] || exit 1
