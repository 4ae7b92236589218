"""For which machines there are wheels of everything that this library needs at run time, and what they weigh.

    python tests/places/wheels.py           a line for each Python and platform; exit code 1 and names if one is missing
    python tests/places/wheels.py --size    what is deployed, beside Clarifai's own packages, measured in the same way

1. What is needed is asked of pip once, with exact versions: those that pip takes where it may also build from
   source. A wheel of an older version, or a placeholder under the same name, is therefore none.
2. Markers such as ``python_version < "3.13"`` are read for each platform and Python, not for those of this machine.
3. Each of them is downloaded as a wheel for each platform, and what is compiled is seen by looking into it.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import tomllib
from argparse import ArgumentParser
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zipfile import ZipFile

from packaging.requirements import Requirement  # comes with pytest
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
PYTHONS = ("3.11", "3.12", "3.13", "3.14")
MACHINES = ("x86_64", "aarch64")
LIBCS = {
    "manylinux": ("manylinux_2_17", "manylinux2014"),  # AWS Lambda's Python 3.11 has glibc 2.26
    "musllinux": ("musllinux_1_2", "musllinux_1_1"),  # Alpine since 3.16
}
OTHERS = ("clarifai-grpc", "clarifai")


@dataclass(frozen=True)
class Target:
    """A Python on a platform."""

    python: str
    libc: str
    machine: str

    def __str__(self) -> str:
        return f"{self.libc} {self.machine}, Python {self.python}"

    @property
    def options(self) -> list[str]:
        """What pip is told of it."""
        platforms = [f"--platform={tag}_{self.machine}" for tag in LIBCS[self.libc]]
        return ["--only-binary=:all:", "--implementation=cp", f"--python-version={self.python}", *platforms]

    @property
    def markers(self) -> dict[str, str]:
        """What markers of requirements ask of it."""
        version = {"python_version": self.python, "python_full_version": f"{self.python}.0"}
        system = {"sys_platform": "linux", "platform_system": "Linux", "os_name": "posix"}
        return {**version, **system, "platform_machine": self.machine, "implementation_name": "cpython"}


def pip(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run pip; what it says is in the result."""
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def resolve(requirements: Sequence[str]) -> dict[str, Any]:
    """Return the metadata of everything that requirements pull in, by name, as pip would install it here."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.json"
        asked = pip("install", "--dry-run", "--ignore-installed", "--quiet", f"--report={report}", *requirements)
        if asked.returncode:
            sys.exit(asked.stderr)
        found = [item["metadata"] for item in json.loads(report.read_text())["install"]]
    return {canonicalize_name(metadata["name"]): metadata for metadata in found}


def needed(roots: Iterable[str], known: dict[str, Any], target: Target) -> dict[str, Requirement]:
    """Return what requirements pull in on a target, by name; a name that is not known has nothing below it."""
    found: dict[str, Requirement] = {}
    todo = [Requirement(root) for root in roots]
    seen: set[str] = set()
    while todo:
        requirement = todo.pop()
        if str(requirement) in seen:
            continue
        seen.add(str(requirement))
        name = canonicalize_name(requirement.name)
        found[name] = requirement
        for text in known.get(name, {}).get("requires_dist", []):
            below = Requirement(text)
            environments = [{**target.markers, "extra": extra} for extra in ("", *requirement.extras)]
            if below.marker is None or any(map(below.marker.evaluate, environments)):
                below.marker = None
                todo.append(below)
    return found


def known_for(roots: Sequence[str], targets: Sequence[Target]) -> dict[str, Any]:
    """Return the metadata of everything that requirements pull in on any target: pip reads markers for this machine."""
    asked = list(roots)
    while True:
        known = resolve(asked)
        more = {name: str(found) for target in targets for name, found in needed(asked, known, target).items()}
        if not (lacking := [text for name, text in more.items() if name not in known]):
            return known
        asked += lacking


def download(pins: Sequence[str], target: Target, folder: Path) -> list[str]:
    """Download wheels for a target; return those that there are none of."""
    fetch = ["download", "--no-deps", "--quiet", f"--dest={folder}", *target.options]
    if pip(*fetch, *pins).returncode == 0:
        return []
    return [pin for pin in pins if pip(*fetch, pin).returncode]


def check(roots: Sequence[str], targets: Sequence[Target]) -> list[str]:
    """Print a line for each target; return what is missing."""
    known = known_for(roots, targets)
    missing: list[str] = []
    for target in targets:
        pins = [f"{name}=={known[name]['version']}" for name in sorted(needed(roots, known, target))]
        with tempfile.TemporaryDirectory() as folder:
            lacking = download(pins, target, Path(folder))
            wheels = sorted(Path(folder).glob("*.whl"))
            compiled = [wheel.name.split("-")[0] for wheel in wheels if is_compiled(wheel)]
            megabytes = sum(wheel.stat().st_size for wheel in wheels) / 1e6
        said = (
            f"{len(wheels):>3} of {len(pins)} distributions, {megabytes:5.1f} MB, compiled: {' '.join(compiled) or '-'}"
        )
        print(f"{target!s:<34}{said}", flush=True)
        missing += [f"{pin} for {target}" for pin in lacking]
    return missing


def is_compiled(wheel: Path) -> bool:
    """Tell whether a wheel has a compiled library in it."""
    with ZipFile(wheel) as file:
        return any(is_library(name) for name in file.namelist())


def is_library(name: str) -> bool:
    """Tell whether a file is a compiled library: ``_core.so``, ``libgcc_s-f685abf1.so.1``."""
    return name.endswith(".so") or ".so." in name


def size(requirement: str) -> str:
    """Return what is deployed of a requirement and all that it pulls in, without what Python compiles by itself."""
    with tempfile.TemporaryDirectory() as folder:
        done = pip("install", "--quiet", "--no-compile", f"--target={folder}", requirement)
        if done.returncode:
            sys.exit(done.stderr)
        files = [path for path in Path(folder).rglob("*") if path.is_file() and path.suffix != ".pyc"]
        megabytes = sum(path.stat().st_size for path in files) / 1e6
        libraries = sum(is_library(path.name) for path in files)
        distributions = len(list(Path(folder).glob("*.dist-info")))
    return f"{megabytes:6.1f} MB, {distributions:>3} distributions, {libraries:>3} compiled libraries"


def main() -> None:
    """Do what the arguments say."""
    parser = ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("requirements", nargs="*", help="instead of those that pyproject.toml has for run time")
    parser.add_argument("--python", action="append", choices=PYTHONS, help="instead of all of them")
    parser.add_argument("--size", action="store_true", help="install here, and weigh it")
    told = parser.parse_args()
    if told.size:
        for name, requirement in {"this library": str(ROOT), **{other: other for other in OTHERS}}.items():
            print(f"{name:<14}{size(requirement)}", flush=True)
        return
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    targets = [Target(*at) for at in ((p, libc, m) for libc in LIBCS for m in MACHINES for p in told.python or PYTHONS)]
    if missing := check(told.requirements or project["dependencies"], targets):
        sys.exit("\n".join(["There is no wheel of", *missing]))
    print("There is a wheel of each.")


if __name__ == "__main__":
    main()
