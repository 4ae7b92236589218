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
    "concept": "--concept-map gives the name of a class another id.",
    "input": "--input-id file or stem takes less of an image's name.",
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


def expected_app(user_id: str | None, app_id: str | None) -> ExpectedApp:
    """Return the app that options and the environment name, to be compared with what is in a file."""
    user_id = user_id or os.environ.get("CLARIFAI_USER_ID") or ("me" if app_id or not _has_app_key_only() else None)
    return ExpectedApp(user_id, app_id or os.environ.get("CLARIFAI_APP_ID") or None)


def _has_app_key_only() -> bool:
    """Tell whether the key that counts is an app's own and no app is named: then the app is the key's."""
    *others, app_key = KEYS.values()
    return bool(os.environ.get(app_key)) and not any(map(os.environ.get, (*others, "CLARIFAI_APP_ID")))


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
