"""The form for a new password of one's own."""

from typing import Any

from django.core.exceptions import ValidationError
from django.http import HttpRequest
from unfold.forms import AdminOwnPasswordChangeForm

from web.json.problems import Problem

from . import attempts


class OwnPasswordForm(AdminOwnPasswordChangeForm):
    def __init__(self, *args: Any, request: HttpRequest, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.request = request

    def clean_old_password(self) -> str:
        """As Django's, with a limit of tries, after which the right one waits, too."""
        old: str = self.cleaned_data["old_password"]
        try:
            if attempts.check_own_password(self.request, self.user, old):
                return old
        except Problem as problem:
            raise ValidationError(str(problem.sentence), code=problem.code) from problem
        raise ValidationError(self.error_messages["password_incorrect"], code="password_incorrect")
