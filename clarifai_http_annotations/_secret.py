"""The key: which one counts, whether it can be one, and that it never shows."""

from collections.abc import Callable, Mapping
from typing import Any, Self

from .errors import ConfigurationError

KEYS = {"pat": "CLARIFAI_PAT", "token": "CLARIFAI_SESSION_TOKEN", "app_key": "CLARIFAI_APP_KEY"}
"""Ways to say who one is: arguments, and the variables that are looked at in this order if none is given."""

SHORTEST_KEY = 6
"""Letters of a key that is one. Clarifai's have 32; what is shorter may be part of any word."""

_QUOTES = tuple("\"'`“”„‘’‚«»")


class Secret:
    """A key that does not show: not in a repr, a log, a pickle, or the locals of a traceback."""

    __slots__ = ("_reveal", "is_text")

    _reveal: Callable[[], str]

    def __init__(self, value: object) -> None:
        text = value.strip() if isinstance(value, str) else ""  # a variable often ends in a newline
        self.is_text = isinstance(value, str)
        self._reveal = lambda: text

    def reveal(self) -> str:
        """Return the key. Never keep what this returns in a variable."""
        return self._reveal()

    def redact(self, text: str) -> str:
        """Return the text with the key replaced, wherever it is in it; a toy key of a test is left alone."""
        return text.replace(self.reveal(), "***") if len(self.reveal()) >= SHORTEST_KEY else text

    def __repr__(self) -> str:
        return "Secret(***)"

    def __reduce__(self) -> Any:
        raise TypeError("A key is not pickled: make the client where it is used, from the environment there.")

    def __deepcopy__(self, _: Any) -> Self:
        return self


def hide(value: object) -> Secret | None:
    """Wrap a key before anything can go wrong with it, so that no traceback holds it; empty text is none."""
    hidden = value if value is None or isinstance(value, Secret) else Secret(value)
    return None if hidden is not None and hidden.is_text and not hidden.reveal() else hidden


def find_key(keys: Mapping[str, Secret | None], variable: Callable[[str], str]) -> tuple[str, Secret | None]:
    """Return which key is given, or else which the environment has first; a PAT that is not there if none is."""
    given = {name: key for name, said in keys.items() if (key := _key(said, name)) is not None}
    if len(given) > 1:
        names = " and ".join(f"{name}=" for name in given)
        ways = "two ways" if len(given) == 2 else "three ways"
        raise ConfigurationError(f"{names} are {ways} to say who you are: give one of them.")
    if given:
        return given.popitem()
    for name, where in KEYS.items():
        if (key := _key(hide(variable(where)), where)) is not None:
            return name, key
    return "pat", None


def _key(hidden: Secret | None, name: str) -> Secret | None:
    """Return a key that can be one. Says why it cannot be without showing it."""
    if hidden is None:
        return None
    if not hidden.is_text:
        raise ConfigurationError(f"{name} must be text.")
    check_quotes(hidden.reveal(), name)
    if hidden.reveal().lower().startswith(("key ", "bearer ")):
        raise ConfigurationError(f"{name} must be the key alone, without the word before it.")
    if not (hidden.reveal().isascii() and hidden.reveal().isprintable() and " " not in hidden.reveal()):
        raise ConfigurationError(f"{name} is no key: it holds a space, a control character or a letter outside ASCII.")
    return hidden


def check_quotes(text: str, name: str) -> None:
    """Refuse what begins or ends with a quote, without showing it: it may be a key."""
    has_quotes = text.startswith(_QUOTES) or text.endswith(_QUOTES)
    del text
    if has_quotes:
        raise ConfigurationError(
            f"{name} has a quote at its beginning or end, which would be sent with it.",
            hint="Take the quotes off: docker's --env-file, for one, keeps them as part of the value.",
        )
