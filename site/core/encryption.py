"""Encryption of stored values: with the newest installation secret, decryption with any of them."""

import base64
import hashlib

from cryptography.fernet import Fernet, MultiFernet
from django.conf import settings


def fernet() -> MultiFernet:
    """Return the cipher. It is not cached, because it is rarely used and secrets can rotate."""
    return MultiFernet(
        [
            Fernet(base64.urlsafe_b64encode(hashlib.sha256(secret.encode()).digest()))
            for secret in settings.PROVIDER_SECRETS
        ]
    )
