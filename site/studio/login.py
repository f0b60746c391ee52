"""The log-in of the admin, under the same limits as that of the API: per account and per address, over all processes."""

from typing import Any

from django.core.exceptions import ValidationError
from django.http import HttpRequest
from unfold.forms import AuthenticationForm

from web.auth.attempts import log_in
from web.json.problems import Problem


class LogInForm(AuthenticationForm):
    """Tells when to try again once the limit is passed, whether the password is right or not."""

    request: HttpRequest
    user_cache: Any

    def clean(self) -> dict[str, Any]:
        username, password = self.cleaned_data.get("username"), self.cleaned_data.get("password")
        if username and password:
            try:
                self.user_cache = log_in(self.request, username, password)
            except Problem as problem:
                if problem.code == "wrong_credentials":
                    raise self.get_invalid_login_error() from problem
                raise ValidationError(str(problem.sentence), code=problem.code) from problem
            self.confirm_login_allowed(self.user_cache)
        return dict(self.cleaned_data)
