"""How do I make the zip of the function, and how large is it?

    python examples/aws_lambda/build.py --architecture arm64 --python 3.13

It holds the handler, this library as it is in this checkout, and what it needs, as wheels for Lambda's Linux; the
Python that runs this needs pip and no more. It fails if the zip has more than 4 MB or more than one compiled library.
"""

import argparse
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

HERE = Path(__file__).parent
LIBRARY = HERE.parents[1]
PLATFORMS = {"arm64": "manylinux2014_aarch64", "x86_64": "manylinux2014_x86_64"}
MOST_BYTES, MOST_COMPILED = 4_000_000, 1
LEFT_OUT = {"__pycache__", "bin"}  # byte-code, which Lambda's Python writes for itself, and scripts

parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
parser.add_argument("--architecture", choices=PLATFORMS, default="arm64")
parser.add_argument("--python", default="3.13", help="of the function's runtime (default: 3.13)")
parser.add_argument("--output", type=Path, default=HERE / "function.zip", help="default: beside this file")
given = parser.parse_args()

with tempfile.TemporaryDirectory() as folder:
    wheels, packages = Path(folder, "wheels"), Path(folder, "packages")
    pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, "wheel", "--no-deps", "--wheel-dir", wheels, LIBRARY], check=True)  # noqa: S603 # pip itself
    target = ["--python-version", given.python, "--platform", PLATFORMS[given.architecture], "--target", packages]
    subprocess.run(  # noqa: S603 # pip itself
        [*pip, "install", "--only-binary=:all:", "--no-compile", *target, *wheels.iterdir()], check=True
    )
    files = {path.relative_to(packages): path for path in packages.rglob("*") if path.is_file()}
    files = {name: path for name, path in files.items() if not LEFT_OUT & set(name.parts)}
    files[Path("handler.py")] = HERE / "handler.py"
    with zipfile.ZipFile(given.output, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name in sorted(files):
            archive.write(files[name], name)
    unpacked = sum(path.stat().st_size for path in files.values())

size = given.output.stat().st_size
compiled = sorted(str(name) for name in files if name.suffix == ".so" or ".so." in name.name)
print(f"{given.output}: {size / 1e6:.2f} MB, {unpacked / 1e6:.1f} MB unpacked, {len(files)} files")
print(f"compiled: {', '.join(compiled) or 'nothing'}")
if size > MOST_BYTES or len(compiled) > MOST_COMPILED:
    sys.exit(f"It must not have more than {MOST_BYTES / 1e6:g} MB and {MOST_COMPILED} compiled library.")
