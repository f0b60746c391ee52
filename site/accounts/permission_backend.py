"""Grants role permissions to staff only, and lets no program log in.

Without staff status a user's roles have no effect, in the admin and over the API.
"""

from typing import Any

from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.models import User

from .api_keys import is_service_account


class StaffBackend(ModelBackend):
    def get_user(self, user_id: int) -> User | None:
        """Return the user of a session with the version of the account. One query."""
        related = ("account_version", "service_account")
        user = User.objects.select_related(*related).filter(pk=user_id).first()
        return user if user is not None and self.user_can_authenticate(user) else None

    def user_can_authenticate(self, user: Any) -> bool:
        """Return whether the account is active and belongs to a person."""
        return super().user_can_authenticate(user) and not is_service_account(user)

    def _get_permissions(self, user_obj: Any, obj: Any, from_name: str) -> set[str]:
        """Return the permissions of the user or their groups, or none for users without staff
        status.
        """
        if not user_obj.is_staff:
            return set()
        # Not in the stubs
        found: set[str] = super()._get_permissions(user_obj, obj, from_name)  # type: ignore[misc]
        return found
