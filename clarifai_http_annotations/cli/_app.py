"""The command and its parts."""

from __future__ import annotations

import sys

import click

from .._version import __version__
from ..testing._command import run as serve_emulator
from ._check import check, stats
from ._export import export
from ._stored import delete, flip, get, list_, search
from ._upload import upload


@click.group(
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 120},
    epilog="The key is read from CLARIFAI_PAT, or asked for. Exit codes: 0 done, 1 problems in the data, "
    "2 called wrong, 3 some failed, 4 the API, the key or the network, 130 interrupted.",
)
@click.version_option(__version__, prog_name="clarifai-annotations")
def run() -> None:
    """Label files to Clarifai annotations and back, with every polarity as it was."""


@click.command(
    context_settings={"ignore_unknown_options": True},
    add_help_option=False,
    short_help="Serve an emulator of the API, without a key.",
)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def emulator(arguments: tuple[str, ...]) -> None:
    """Serve an emulator of Clarifai's annotation routes on this machine; ``emulator --help`` says how."""
    sys.argv[1:] = arguments  # it is a command of its own
    serve_emulator()


for part in (check, upload, stats, list_, get, search, flip, delete, export, emulator):
    run.add_command(part)
