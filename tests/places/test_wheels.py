"""What the script says of wheels, shown with a few made-up distributions in a folder, without any registry."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from zipfile import ZipFile

import pytest

SCRIPT = Path(__file__).with_name("wheels.py")
HERE = platform.machine()
NATIVE = "cp{0}{1}-cp{0}{1}-linux_{2}".format(*sys.version_info[:2], HERE)  # what this machine takes, by its own Python
GLIBC = "cp312-abi3-manylinux_2_17_{0}.manylinux2014_{0}"
MUSL = "cp312-abi3-musllinux_1_2_{0}"

pytestmark = pytest.mark.skipif(
    sys.platform != "linux" or HERE not in ("x86_64", "aarch64"), reason="it resolves as this machine does"
)


def make(folder: Path, name: str, version: str, *requires: str, tag: str = "py3-none-any") -> None:
    """Write a wheel, with a compiled library if its tag says so."""
    with ZipFile(folder / f"{name}-{version}-{tag}.whl", "w") as wheel:
        about = f"{name}-{version}.dist-info"
        lines = ["Metadata-Version: 2.1", f"Name: {name}", f"Version: {version}"]
        wheel.writestr(f"{about}/METADATA", "\n".join([*lines, *(f"Requires-Dist: {text}" for text in requires), ""]))
        wheel.writestr(f"{about}/WHEEL", f"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: {tag}\n")
        wheel.writestr(f"{name}.py" if tag == "py3-none-any" else f"{name}.abi3.so", "")
        wheel.writestr(f"{about}/RECORD", "")


Check = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def check(tmp_path: Path) -> Check:
    """Return a function that runs the script for requirements that the folder has to answer."""

    def run(*requirements: str, python: str = "3.12") -> subprocess.CompletedProcess[str]:
        offline = {**os.environ, "PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(tmp_path), "PIP_CONFIG_FILE": os.devnull}
        command = [sys.executable, str(SCRIPT), "--python", python, *requirements]
        return subprocess.run(command, env=offline, capture_output=True, text=True, timeout=120)

    return run


def test_everything_that_is_pulled_in_is_counted_and_what_is_compiled_is_named(check: Check, tmp_path: Path) -> None:
    make(tmp_path, "lib", "2.0", "core==2.0")
    for machine in ("x86_64", "aarch64"):
        for tag in (GLIBC, MUSL):
            make(tmp_path, "core", "2.0", tag=tag.format(machine))
    make(tmp_path, "core", "2.0", tag=NATIVE)
    done = check("lib>=1")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.count("2 of 2 distributions,   0.0 MB, compiled: core") == 4


def test_a_platform_without_a_wheel_is_named_and_an_older_or_a_hollow_one_is_none(check: Check, tmp_path: Path) -> None:
    make(tmp_path, "lib", "1.0", "core")  # pip by itself would take this, and the placeholder
    make(tmp_path, "core", "0.0.1")
    make(tmp_path, "lib", "2.0", "core==2.0")
    make(tmp_path, "core", "2.0", tag=NATIVE)
    make(tmp_path, "core", "2.0", tag=GLIBC.format("x86_64"))
    make(tmp_path, "core", "2.0", tag=MUSL.format("x86_64"))
    make(tmp_path, "core", "2.0", tag=MUSL.format("aarch64"))
    done = check("lib>=1")
    assert done.returncode == 1
    assert done.stderr.splitlines() == ["There is no wheel of", "core==2.0 for manylinux aarch64, Python 3.12"]


def test_what_only_another_python_needs_is_looked_for_too(check: Check, tmp_path: Path) -> None:
    make(tmp_path, "lib", "2.0", 'later>=1; python_version >= "3.14"', 'never>=1; sys_platform == "win32"')
    make(tmp_path, "later", "1.0", "below")
    make(tmp_path, "below", "1.0", 'other; extra == "more"')
    assert "1 of 1 distributions" in check("lib", python="3.13").stdout
    assert check("lib", python="3.14").stdout.count("3 of 3 distributions") == 4
