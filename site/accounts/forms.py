"""The form for changing one's own password."""

from typing import Any

from django.core.exceptions import ValidationError
from django.http import HttpRequest
from unfold.forms import AdminOwnPasswordChangeForm

from api.problems import Problem

from . import login_throttle


class OwnPasswordForm(AdminOwnPasswordChangeForm):
    def __init__(self, *args: Any, request: HttpRequest, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.request = request

    def clean_old_password(self) -> str:
        """Check the old password with a limit of attempts. Past the limit, the correct one must
        wait, too.
        """
        old: str = self.cleaned_data["old_password"]
        try:
            if login_throttle.check_own_password(self.request, self.user, old):
                return old
        except Problem as problem:
            raise ValidationError(str(problem.sentence), code=problem.code) from problem
        raise ValidationError(self.error_messages["password_incorrect"], code="password_incorrect")
