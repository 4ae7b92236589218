#!/usr/bin/env bash
# clarifai 12.5.0: the SDK's loader for ImageNet folders gives all images of a class one id if the path has a dot.
#
# The id of an input is what stands before the first dot of the whole path, and after its last slash. For a folder that
# is named ./birds, or birds.v2, that is the same for every image, so that several photos are one input, with the labels
# of all of them. A dot inside the name of a file does the same to files that are alike up to it.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check clarifai==12.5.0 clarifai-grpc==12.6.0 protobuf==5.29.5

cat > "$work/show.py" <<'PY'
from pathlib import Path

from clarifai.datasets.upload.loaders.imagenet_classification import ImageNetDataLoader

for folder in ("birds", "birds.v2"):
    Path(folder, "train", "n01").mkdir(parents=True)
    Path(folder, "LOC_synset_mapping.txt").write_text("n01 heron\n")
    for name in ("one.jpg", "two.jpg"):
        Path(folder, "train", "n01", name).touch()
    loader = ImageNetDataLoader(folder)
    print(folder, sorted(loader[index].id for index in range(len(loader))))
PY

expected="birds ['one', 'two']
birds.v2 ['birds', 'birds']"
seen=$(cd "$work" && "$work/venv/bin/python" show.py 2>/dev/null)
printf 'seen:\n%s\nexpected:\n%s\n' "$seen" "$expected"
[ "$seen" = "$expected" ] || exit 1
