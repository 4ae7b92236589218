"""What the log says of messages that could not be stored. Loaded only when there are some."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ._call import logger

if TYPE_CHECKING:
    from .aws_lambda import Message

LONGEST_REASON = 1000
"""Characters of a line in the log."""

MOST_NAMED = 10
"""Messages that a line in the log names, of those that failed for the same reason."""


def log_reasons(failed: list[Message]) -> None:
    """Say why messages failed, each reason once: when the upload is stopped, it is the same for most of them."""
    by_reason: dict[str, list[Message]] = {}
    for message in failed:
        if message.why is not None:
            by_reason.setdefault(message.why, []).append(message)
    for why, messages in by_reason.items():
        named = ", ".join(message.id for message in messages[:MOST_NAMED])
        more = f" and {len(messages) - MOST_NAMED} more" if len(messages) > MOST_NAMED else ""
        messages_are = "message" if len(messages) == 1 else "messages"
        logger.warning("SQS %s %s%s: %s", messages_are, named, more, one_line(messages[0].where + why))


def one_line(text: str) -> str:
    """Return a text as a line of a log."""
    line = " ".join(text.split())
    return line if len(line) <= LONGEST_REASON else f"{line[:LONGEST_REASON]}..."
