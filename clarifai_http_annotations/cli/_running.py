"""What all commands share: the client of the environment, and errors as messages and exit codes.

| exit code | meaning |
| --- | --- |
| 0 | everything was done |
| 1 | there are problems in the data |
| 2 | the command was called wrong, or a setting is missing |
| 3 | some annotations failed |
| 4 | the API, the key or the network said no |
| 130 | it was interrupted |
"""

from __future__ import annotations

import functools
import os
import sys
import warnings
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import click
from pydantic import ValidationError

from .._secret import KEYS
from .._wire.bodies import ExpectedApp
from .._wire.encode import UnusualIdWarning
from .._wire.guard import place_of
from ..client import Client
from ..errors import ClarifaiError, ConfigurationError, InvalidRequestError, LabelError
from ._screen import API, INTERRUPTED, OK, PROBLEMS, USAGE, Screen

Command = TypeVar("Command", bound=Callable[..., Any])


OTHER_ID = {
    "concept": "In tables and COCO, --concept-map gives the name of a class another id.",
    "input": "In tables and COCO, --input-id file or stem takes less of an image's name.",
}
"""How an id becomes another, by what it is the id of; both are options of commands that read label files."""


def command(function: Callable[..., int | None]) -> Callable[..., None]:
    """Give a command its `Screen`, and end the process with what it returns or with the code of what went wrong."""

    @click.option("--json", "as_json", is_flag=True, help="Print one JSON object a line.")
    @functools.wraps(function)
    def run(*, as_json: bool, **given: Any) -> None:
        screen = Screen(as_json)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("default", UnusualIdWarning)
                # of a command that reads label files
                advice = OTHER_ID if "concept_map" in given else {}
                warnings.showwarning = lambda message, *_, **__: screen.notice(_with_advice(message, advice))
                code = function(screen, **given)
            sys.stdout.flush()
        except (KeyboardInterrupt, click.Abort):  # the second is that of a question
            screen.error("Interrupted.")
            code = INTERRUPTED
        except BrokenPipeError:  # as of `list | head`: whoever reads has enough
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            code = OK
        except OSError as error:  # also a full disk
            screen.error(f"{error.filename or 'The output'}: {error.strerror or error}")
            code = USAGE
        except ValidationError as error:
            screen.error("; ".join(f"{place_of(found['loc'])}: {found['msg']}" for found in error.errors()))
            code = USAGE
        except (ConfigurationError, InvalidRequestError, LabelError) as error:
            screen.error(str(error))
            code = USAGE if isinstance(error, ConfigurationError) else PROBLEMS
        except ClarifaiError as error:
            screen.error(str(error))
            code = API
        sys.exit(code or OK)

    return run


def _with_advice(warning: Warning | str, advice: Mapping[str, str]) -> str:
    kind = getattr(warning, "kind", "")
    return f"{warning} {advice.get(kind, '')}".rstrip()


def named_app(function: Command) -> Command:
    """Add the options that name an app."""
    for option in (
        click.option("--app-id", metavar="APP", help="The app; otherwise CLARIFAI_APP_ID."),
        click.option("--user-id", metavar="USER", help="The app's owner; otherwise CLARIFAI_USER_ID, or the key's."),
    ):
        function = option(function)
    return function


def of_app(function: Command) -> Command:
    """Add the options that name an app and its server."""
    base_url = click.option("--base-url", metavar="URL", help="The server; otherwise CLARIFAI_API_BASE, or Clarifai's.")
    return named_app(base_url(function))


def options_of(user_id: str | None, app_id: str | None, base_url: str | None) -> list[str]:
    """Return the options that name the same app and server, for a command that is printed."""
    given = {"--user-id": user_id, "--app-id": app_id, "--base-url": base_url}
    return [word for option, value in given.items() if value is not None for word in (option, value)]


def expected_app(user_id: str | None, app_id: str | None) -> ExpectedApp:
    """Return the app that options and the environment name, to be compared with what is in a file."""
    app_id = (app_id or "").strip() or _variable("CLARIFAI_APP_ID")
    if not user_id and not app_id and _has_app_key_only():
        return ExpectedApp()  # the app is the key's, whoever CLARIFAI_USER_ID is
    return ExpectedApp((user_id or "").strip() or _variable("CLARIFAI_USER_ID") or "me", app_id or None)


def _has_app_key_only() -> bool:
    """Tell whether the key that counts is an app's own."""
    *others, app_key = KEYS.values()
    return bool(_variable(app_key)) and not any(map(_variable, others))


def _variable(name: str) -> str:
    return os.environ.get(name, "").strip()  # as a client reads it


of_inputs = click.option(
    "--input-id", "input_ids", metavar="INPUT", multiple=True, help="Of this input alone; repeat it for several."
)
"""Adds the option that names inputs."""


def connect(user_id: str | None, app_id: str | None, base_url: str | None, **settings: Any) -> Client:
    """Return a client of the environment; a key that is not there is asked for, if there is somebody to ask.

    Raises:
        ConfigurationError: If a setting is missing.
    """
    named = {"user_id": expected_app(user_id, app_id).user_id, "app_id": app_id, "base_url": base_url, **settings}
    given = {name: value for name, value in named.items() if value is not None}
    if not any(os.environ.get(name) for name in KEYS.values()) and sys.stdin.isatty() and sys.stderr.isatty():
        given["pat"] = click.prompt(
            "Clarifai personal access token (CLARIFAI_PAT is not set)", hide_input=True, err=True
        )
    return Client(**given)
