"""Sends the link to set a new password, by a job that makes the link when it runs.

No link is therefore stored. If it is unknown whether it was sent, it is sent again.
"""

from typing import Any
from uuid import uuid4

from allauth.account.forms import ResetPasswordForm
from allauth.account.utils import user_pk_to_url_str
from django.conf import settings
from django.contrib.auth.models import User
from django.db import transaction
from django.http import HttpRequest
from django.utils import translation
from django.utils.translation import gettext

from accounts import audit, password_reset
from accounts.models import AuditAction
from accounts.reset_tokens import ResetTokenGenerator
from jobs.outcomes import Fail, Retry
from jobs.services import queue

from . import mail
from .failures import MaybeSentError, NotNowError, RefusedError
from .sending import language_of

SEND_RESET_LINK = "send_reset_link"
PRIORITY = 2  # somebody waits for it
ATTEMPTS = 5
NOBODY = 0  # the id in the job for an address without an account


class AskForm(ResetPasswordForm):  # type: ignore[misc]  # not typed
    """Asks for the address of an account."""

    def clean_email(self) -> str:
        """Find the accounts by the address that administrators see and change."""
        email: str = self.cleaned_data["email"]
        self.users = password_reset.accounts_of(email)
        return email

    # The signature of the base
    def save(self, request: HttpRequest, **kwargs: Any) -> str:  # noqa: ARG002
        """Have the links sent. An unknown address makes a job, too, so that it takes as long."""
        origin = settings.PUBLIC_URL or request.build_absolute_uri("/").rstrip("/")
        with transaction.atomic():
            people: list[User | None] = [*self.users] or [None]
            for user in people:
                audit.record(AuditAction.RESET_ASKED, actor=user, request=request)
                _enqueue(user.pk if user else NOBODY, origin)
        return str(self.cleaned_data["email"])


def _enqueue(person_id: int, origin: str) -> None:
    queue.enqueue(
        SEND_RESET_LINK,
        subject=f"person-{person_id}",
        data={
            "story_id": "",
            "action": SEND_RESET_LINK,
            "parameters": {"id": person_id, "origin": origin},
        },
        priority=PRIORITY,
        max_attempts=ATTEMPTS,
        unique_key=f"{SEND_RESET_LINK} {person_id}",
    )


def send_link(person_id: int, *, origin: str) -> None:
    """Send the link to this person, unless the account may not use one.

    `origin` is the studio's address. Raises Retry or Fail.
    """
    person = User.objects.filter(pk=person_id).first()
    if person is None or not person.email or not password_reset.may_reset(person):
        return
    key = f"{user_pk_to_url_str(person)}-{ResetTokenGenerator().make_token(person)}"
    link = password_reset.link_of(key, origin=origin)
    with translation.override(language_of(person)):
        subject = gettext("A new password for the studio")
        text = gettext(
            "Somebody, probably you, asked to set a new password for your account "
            "“%(name)s”.\n\nThis link does it, once and within an hour:\n%(link)s\n\n"
            "If it was not you, ignore this message: your password stays as it is.\n"
        ) % {"name": person.get_username(), "link": link}
    try:
        mail.send(person.email, subject, text, mail_id=str(uuid4()), begin=lambda: None)
    except (NotNowError, MaybeSentError) as error:
        raise Retry("%(problem)s", problem=error.sentence) from error
    except RefusedError as error:
        raise Fail("%(problem)s", problem=error.sentence) from error
