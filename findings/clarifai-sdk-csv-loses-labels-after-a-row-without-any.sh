#!/usr/bin/env bash
# clarifai 12.5.0: from a CSV file the SDK reads labels up to the first row that has none, and none of any later row.
#
# Inputs.get_inputs_from_csv keeps the labels of a row under the name of its argument labels=, which says whether the
# file has labels at all. A row with an empty cell under "concepts" sets it to None, and from there on the column is not
# read. Such a row is ordinary: an input that somebody has still to label. Nothing is said of the labels that are lost,
# and the inputs are uploaded without them.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check clarifai==12.5.0 clarifai-grpc==12.6.0 protobuf==5.29.5

cat > "$work/birds.csv" <<'CSV'
inputid,input,concepts
one,a text,heron
two,another text,
three,a third text,gull
CSV
cat > "$work/show.py" <<'PY'
import sys

from clarifai.client.input import Inputs

for read in Inputs.get_inputs_from_csv(sys.argv[1], input_type="text", csv_type="raw", labels=True):
    print(read.id, [concept.name for concept in read.data.concepts])
PY

expected="one ['heron']
two []
three []"
seen=$("$work/venv/bin/python" "$work/show.py" "$work/birds.csv" 2>/dev/null)
printf 'seen:\n%s\nexpected:\n%s\n' "$seen" "$expected"
[ "$seen" = "$expected" ] || exit 1
