"""Fetch Pyodide and the wheels for it into a folder, once; the tests find it by ``PYODIDE_HOME``.

$ python tests/places/pyodide/prepare.py FOLDER && PYODIDE_HOME=FOLDER python -m pytest tests/places/pyodide

Pyodide comes by npm and the dependencies by pip, nothing from a CDN; this library is the wheel of this checkout.
Ends with exit code 75 if something cannot be had from elsewhere, as without a network; another is a failure of our own.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

PYODIDE = "pyodide@314.0.7"
ROOT = Path(__file__).parents[3]


UNAVAILABLE = 75


def run(*command: object, failed: int) -> None:
    """Run a command; if it fails, its output is shown, and this ends with an exit code."""
    done = subprocess.run([*map(str, command)], capture_output=True, text=True)
    if done.returncode:
        print(f"$ {' '.join(map(str, command))}\n{done.stdout}{done.stderr}", file=sys.stderr)
        sys.exit(failed)


def prepare(home: Path) -> list[Path]:
    """Return the wheels, in a folder beside Pyodide."""
    if not shutil.which("npm"):
        sys.exit("This machine has no npm, and Pyodide comes by it.")
    wheels, own = home / "wheels", home / "own"
    for folder in (wheels, own):  # or an old wheel would be loaded beside the new one
        shutil.rmtree(folder, ignore_errors=True)
    run("npm", "install", "--prefix", home, "--ignore-scripts", "--no-audit", "--no-fund", PYODIDE, failed=UNAVAILABLE)
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check"]
    run(*pip, "wheel", "--no-deps", "--wheel-dir", own, ROOT, failed=1)
    [ours] = own.glob("*.whl")
    about = json.loads((home / "node_modules/pyodide/pyodide-lock.json").read_text(encoding="utf-8"))["info"]
    version = "".join(about["python"].split(".")[:2])
    platform = f"pyemscripten_{about['abi_version']}_{about['arch']}"
    target = ["--platform", platform, "--python-version", version, "--implementation", "cp", "--abi", f"cp{version}"]
    run(*pip, "download", "--only-binary=:all:", *target, "--dest", wheels, ours, failed=UNAVAILABLE)
    # for a platform that it has no wheel for, pip takes a placeholder of pydantic_core that has nothing in it
    if not list(wheels.glob(f"pydantic_core-*-{platform}.whl")):
        sys.exit(f"There is no pydantic_core for {platform}: {[path.name for path in wheels.iterdir()]}")
    return sorted(wheels.glob("*.whl"))


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    for wheel in prepare(Path(sys.argv[1]).absolute()):
        print(wheel.name)
