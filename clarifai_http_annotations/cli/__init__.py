"""The command ``clarifai-annotations``: label files to annotations and back. It needs the extra ``cli``."""

from __future__ import annotations

import signal
import sys


def main() -> None:
    """Run the command with the arguments of the process."""
    try:
        import click  # noqa: F401 # asked for here alone
        import ijson  # type: ignore[import-untyped]  # noqa: F401 # it has no types, and is asked for here alone
        import platformdirs  # noqa: F401 # likewise
        import rich  # noqa: F401 # likewise
    except ImportError as missing:
        sys.exit(
            f"The command line needs {missing.name}, which is not here: pip install 'clarifai-http-annotations[cli]'"
        )
    from ._app import run

    signal.signal(signal.SIGTERM, signal.default_int_handler)  # to be ended is to be interrupted: what was done is said
    run()
