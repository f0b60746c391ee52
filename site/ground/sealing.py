"""What is stored encrypted: under the newest of the installation's secrets, readable with all of them."""

import base64
import hashlib

from cryptography.fernet import Fernet, MultiFernet
from django.conf import settings


def box() -> MultiFernet:
    """Made anew each time: it is needed a few times a minute, and tests and rotation change the secrets."""
    return MultiFernet([Fernet(base64.urlsafe_b64encode(hashlib.sha256(secret.encode()).digest())) for secret in settings.PROVIDER_SECRETS])
