"""Sends one message by e-mail."""

import smtplib
from collections.abc import Callable
from urllib.parse import urlsplit

from django.conf import settings
from django.core import mail
from django.core.mail.backends.base import BaseEmailBackend
from django.utils.translation import gettext_noop

from .failures import MaybeSentError, NotNowError, RefusedError

PERMANENT = 500  # SMTP: replies from here on say that it will not work later either
REPLIES = (smtplib.SMTPResponseException, smtplib.SMTPRecipientsRefused)


def send(to: str, subject: str, text: str, *, mail_id: str, begin: Callable[[], None]) -> None:
    """Send the message. `begin` is called when the server is connected and nothing was sent yet.

    `mail_id` becomes the Message-ID. Raises `NotNowError`, `RefusedError` or `MaybeSentError`, and
    what `begin` raises.
    """
    domain = urlsplit(settings.PUBLIC_URL).hostname or "videoplanet-studio"
    message = mail.EmailMessage(
        subject=" ".join(subject.split()),
        body=text,
        from_email=settings.DEFAULT_FROM_EMAIL,
        to=[to],
        headers={"Message-ID": f"<{mail_id}@{domain}>", "Auto-Submitted": "auto-generated"},
    )
    connection = mail.mailers["default"]
    try:
        connection.open()
    except (smtplib.SMTPException, OSError) as error:
        raise NotNowError(
            gettext_noop("The mail server cannot be used (%(error)s)."),
            error=_reply(error) or type(error).__name__,
        ) from error
    try:
        begin()
        connection.send_messages([message])
    except REPLIES as error:
        answer = _reply(error)
        kind = RefusedError if answer >= PERMANENT else NotNowError
        raise kind(
            gettext_noop("The mail server did not take it (%(code)s)."), code=answer
        ) from error
    except (smtplib.SMTPException, OSError) as error:
        raise MaybeSentError(
            gettext_noop("The connection to the mail server broke (%(error)s)."),
            error=type(error).__name__,
        ) from error
    finally:
        _close(connection)


def _reply(error: BaseException) -> int:
    """The reply code of the server; 0 if it did not reply."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return max((code for code, _text in error.recipients.values()), default=0)
    return error.smtp_code if isinstance(error, smtplib.SMTPResponseException) else 0


def _close(connection: BaseEmailBackend) -> None:
    try:
        connection.close()
    except (smtplib.SMTPException, OSError):
        pass  # what was sent is known by then
