"""Rights by roles, for staff: with the mark taken away, a person's roles count for nothing, in the admin and over the API."""

from typing import Any

from django.contrib.auth.backends import ModelBackend


class StaffBackend(ModelBackend):
    def _get_permissions(self, user_obj: Any, obj: Any, from_name: str) -> set[str]:
        """Django's place for what a user or their groups may do."""
        if not user_obj.is_staff:
            return set()
        found: set[str] = super()._get_permissions(user_obj, obj, from_name)  # type: ignore[misc]  # not in the stubs
        return found
