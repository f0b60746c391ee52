"""The token of a link to set a new password: Django's, which ends with a log-in, a change of the
password or of the e-mail address, and here also with the account's version.
"""

from typing import Any

from django.contrib.auth.tokens import PasswordResetTokenGenerator

from .account_versions import current_version


class ResetTokenGenerator(PasswordResetTokenGenerator):
    key_salt = "accounts.reset_tokens"

    def _make_hash_value(self, user: Any, timestamp: int) -> str:
        return f"{super()._make_hash_value(user, timestamp)}{current_version(user)}"
