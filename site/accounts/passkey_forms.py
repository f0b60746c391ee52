"""Forms that take the answer of a passkey, as django-allauth checks it and with its use counted.

A device counts each use of a passkey. A count that does not rise means that there is a copy of it.
"""

import logging
from typing import Any

from allauth.core import context
from allauth.mfa.adapter import get_adapter
from allauth.mfa.models import Authenticator
from allauth.mfa.webauthn.forms import (
    AddWebAuthnForm,
    AuthenticateWebAuthnForm,
    LoginWebAuthnForm,
    ReauthenticateWebAuthnForm,
)
from allauth.mfa.webauthn.internal import auth
from django import forms
from django.contrib.auth.signals import user_login_failed
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from . import single_sign_on

COUNT = "sign_count"  # the highest count so far, beside allauth's own data
LONGEST = 100_000  # characters of an answer
logger = logging.getLogger(__name__)


class _Answer(forms.JSONField):
    """The answer of a passkey as JSON of a bounded size."""

    widget = forms.HiddenInput

    def to_python(self, value: Any) -> Any:
        if isinstance(value, str) and len(value) > LONGEST:
            raise _refused()
        try:
            found = super().to_python(value)
        except RecursionError as error:
            raise _refused() from error
        if found not in self.empty_values and not isinstance(found, dict):
            raise _refused()
        return found


class _Counted(AuthenticateWebAuthnForm):  # type: ignore[misc]  # not typed
    credential = _Answer()

    def clean_credential(self) -> Authenticator:
        try:
            authenticator: Authenticator = super().clean_credential()
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            if isinstance(error, ValidationError):
                raise
            raise _refused() from error
        answer = auth.parse_authentication_response(self.cleaned_data["credential"])
        count = answer.response.authenticator_data.counter
        if not _raise_count(authenticator, count):
            logger.warning("A passkey of account %s may have been copied.", authenticator.user_id)
            user_login_failed.send(
                sender=__name__,
                credentials={"username": authenticator.user.get_username()},
                request=context.request,
            )
            raise _refused()
        return authenticator


def _raise_count(authenticator: Authenticator, count: int) -> bool:
    """Store the count; return whether it has risen. Devices that do not count always say 0.

    Of two answers at the same time one changes the row.
    """
    before = authenticator.data
    known = before.get(COUNT, authenticator.wrap().authenticator_data.counter)
    if not count and not known:
        return True
    if count <= known:
        return False
    authenticator.data = {**before, COUNT: count}
    rows = Authenticator.objects.filter(pk=authenticator.pk, data=before)
    return bool(rows.update(data=authenticator.data))


class CodeByPasskeyForm(_Counted):
    """After the password."""


class ConfirmByPasskeyForm(_Counted, ReauthenticateWebAuthnForm):  # type: ignore[misc]  # not typed
    """Before a factor is changed."""


class LogInByPasskeyForm(_Counted, LoginWebAuthnForm):  # type: ignore[misc]  # not typed
    """In place of the password, and for whom a password is enough.

    With single sign-on, who was removed at the provider must not come in by a passkey.
    """

    def clean_credential(self) -> Authenticator:
        authenticator = super().clean_credential()
        if not single_sign_on.allows_password(authenticator.user):
            raise ValidationError(
                _("Use your company's sign-on. Passwords are for administrators only."),
                code="sign_on_only",
            )
        return authenticator


class AddPasskeyForm(AddWebAuthnForm):  # type: ignore[misc]  # not typed
    name = forms.CharField(required=False, max_length=80)
    credential = _Answer()

    def clean(self) -> dict[str, Any]:
        try:
            return dict(super().clean())
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            if isinstance(error, ValidationError):
                raise
            raise _refused() from error


def _refused() -> ValidationError:
    refused: ValidationError = get_adapter().validation_error("incorrect_code")
    return refused
