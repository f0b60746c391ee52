"""Sends one message to an incoming webhook as Slack has them (also Mattermost, Rocket.Chat and,
with `/slack`, Discord).
"""

import json
from collections.abc import Callable
from http import HTTPStatus

from django.utils.translation import gettext_noop

from . import posting
from .failures import NotNowError, RefusedError

PURPOSE = "chat"
LONGEST = 3500  # characters of one message
SIGNS = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})
# With these the server says that it did nothing.
NOT_DONE = (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE)


def send(sealed_url: str, *, host: str, text: str, begin: Callable[[], None]) -> None:
    """Send the text. Signs that could name a channel or a group are escaped.

    Raises `NotNowError`, `RefusedError` or `MaybeSentError`, and what `begin` raises.
    """
    body = json.dumps({"text": text[:LONGEST].translate(SIGNS)}, ensure_ascii=False).encode()
    answer = posting.post(
        posting.opened(PURPOSE, sealed_url),
        host=host,
        body=body,
        headers={},
        begin=begin,
        clear=NOT_DONE,
    )
    if answer.ok:
        return
    kind = NotNowError if answer.status in NOT_DONE else RefusedError
    raise kind(
        gettext_noop("%(host)s did not take it (HTTP %(status)s)."),
        host=host,
        status=answer.status,
    )
