"""The admin log-in, with the same limits as the API:
per account and per address, across processes.
"""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.forms import AuthenticationForm
from unfold.widgets import UnfoldAdminTextInputWidget

from accounts import login_throttle
from api.problems import Problem

CODE_ATTRIBUTES = {
    "autocomplete": "one-time-code",
    "autocapitalize": "none",
    "spellcheck": "false",
    "autofocus": "",
    "maxlength": "40",
}


class LogInForm(AuthenticationForm):
    """Asks for username and password, then for the code if two-factor authentication is set up.

    Past the limit it reports when to try again. `mfa_token` is set while the code is asked for: the
    page submits it with the code in place of the password.
    """

    request: HttpRequest
    user_cache: Any

    error_messages = {
        **AuthenticationForm.error_messages,
        "invalid_login": gettext_lazy(
            "User name and password do not fit together. Capital and small letters are not "
            "the same."
        ),
    }

    code = forms.CharField(
        label=gettext_lazy("Code"),
        required=False,
        max_length=40,
        widget=UnfoldAdminTextInputWidget(attrs=CODE_ATTRIBUTES),
    )

    def __init__(self, request: HttpRequest | None = None, *args: Any, **kwargs: Any) -> None:
        super().__init__(request, *args, **kwargs)
        self.mfa_token = str(self.data.get("mfa_token", ""))[:500]
        if self.mfa_token:
            self.fields["username"].required = self.fields["password"].required = False

    def clean(self) -> dict[str, Any]:
        try:
            if self.mfa_token:
                self._pass()
            elif (username := self.cleaned_data.get("username")) and (
                password := self.cleaned_data.get("password")
            ):
                self._log_in(username, password)
        except Problem as problem:
            if problem.code == "wrong_credentials":
                raise self.get_invalid_login_error() from problem
            raise ValidationError(str(problem.sentence), code=problem.code) from problem
        return dict(self.cleaned_data)

    def _log_in(self, username: str, password: str) -> None:
        """Check the password. If a code is required, set `mfa_token` and no user yet."""
        try:
            self.user_cache = login_throttle.log_in(self.request, username, password)
        except login_throttle.CodeNeeded as needed:
            self.confirm_login_allowed(needed.user)
            self.mfa_token = login_throttle.mfa_pending_token(needed.user)
            raise ValidationError("", code=login_throttle.CODE_NEEDED) from needed
        self.confirm_login_allowed(self.user_cache)

    def _pass(self) -> None:
        user = login_throttle.of_mfa_pending(self.mfa_token)
        if user is None:
            self.mfa_token = ""
            raise ValidationError(_("That took too long. Log in again."), code="too_late")
        self.user_cache = login_throttle.verify_mfa(
            self.request, user, self.cleaned_data.get("code", "")
        )
        self.confirm_login_allowed(self.user_cache)
