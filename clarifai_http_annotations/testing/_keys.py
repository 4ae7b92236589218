"""Which keys the emulator accepts, and which app a request means: by path, by body or query, or by its key."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ..models.status import StatusCode
from ._answers import Refused, invalid
from ._rules import checked_apps
from ._state import App, Recorded
from ._types import typed


@dataclass(frozen=True, repr=False)  # no traceback shows a key
class Keys:
    """Which keys are accepted.

    Attributes:
        pat: The only key that is no app's own; any is if absent.
        me: Who ``me`` is.
        of_apps: The app of each key that is an app's own.
    """

    pat: str | None
    me: str
    of_apps: dict[str, App]

    @classmethod
    def of(cls, pat: object, me: str, app_keys: Mapping[str, App] | None) -> Keys:
        """Return the keys that an emulator is told.

        Raises:
            TypeError: If one is no text.
            ValueError: If an app is no pair of user and app.
        """
        of_apps = dict(app_keys or {})
        for key, argument in ((pat, "pat"), *((key, "a key of app_keys") for key in of_apps)):
            if key is not None and not isinstance(key, str):
                raise TypeError(f"{argument} must be text, not a {type(key).__name__}")
        checked_apps(list(of_apps.values()))
        return cls(pat if isinstance(pat, str) else None, me, of_apps)

    def checked(self, headers: Mapping[str, str]) -> str:
        """Return the key of a request, or refuse one that is not accepted."""
        scheme, _, key = headers.get("authorization", "").partition(" ")
        key = key if scheme == "Key" else headers.get("x-clarifai-session-token", "")
        if not key:
            details = "Empty or malformed authorization header. Please provide an API key or session token."
            raise Refused(401, StatusCode.CONN_INVALID_REQUEST, "Invalid request", details)
        if self.pat is not None and key not in (self.pat, *self.of_apps):
            raise Refused(401, StatusCode.CONN_KEY_NOT_FOUND, "API key not found", "invalid key")
        return key

    def app_of(self, key: str, request: Recorded, in_path: App | None) -> App:
        """Return the app that a request means. How it is refused if it means none, or another's, is a guess."""
        own = self.of_apps.get(key)
        user_id, app_id = in_path or _beside(request)
        if own is not None:
            user_id, app_id = user_id or own[0], app_id or own[1]
        if not user_id or not app_id:
            raise invalid("user_app_id.user_id and user_app_id.app_id are required: this key is not an app's own")
        app = ((own[0] if own else self.me) if user_id == "me" else user_id, app_id)
        if own is not None and app != own:
            details = f"this key is of app {own[1]} of user {own[0]}"
            raise Refused(403, StatusCode.CONN_INSUFFICIENT_SCOPES, "Insufficient scopes", details)
        return app


def _beside(request: Recorded) -> App:
    """Return the user and the app that a request names in its body, or else in its query; empty if it does not."""
    body = request.body if isinstance(request.body, dict) else {}
    said = typed(body, "user_app_id", dict)
    user_id, app_id = (
        typed(said, name, str, "user_app_id.") or request.query.get(f"user_app_id.{name}", [""])[-1]
        for name in ("user_id", "app_id")
    )
    return user_id, app_id
