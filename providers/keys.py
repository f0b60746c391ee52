"""Provider keys at rest: encrypted, bound to their row, unreadable rather than wrong."""

from cryptography.fernet import InvalidToken
from django.conf import settings
from django.utils.translation import gettext_noop

from ground.sealing import box

from .errors import KeyUnreadable
from .models import AIProviderConfig


def from_environment(provider: str) -> str:
    """The key that the environment gives; it wins over a stored one."""
    return str(settings.PROVIDER_KEYS.get(provider, ""))


def seal(provider: str, key: str) -> str:
    """Ciphertext of the key, bound to this provider."""
    return box().encrypt(f"{provider}\n{key}".encode()).decode()


def unseal(provider: str, sealed: str) -> str:
    """Raises `KeyUnreadable` when the secrets do not fit or the ciphertext belongs to another provider."""
    try:
        bound, _, key = box().decrypt(sealed.encode()).decode().partition("\n")
    except InvalidToken:
        bound, key = "", ""
    if bound != provider or not key:
        raise KeyUnreadable(gettext_noop("The stored key of %(provider)s cannot be read with this installation's secrets; enter it again."), provider=provider)
    return key


def key_of(config: AIProviderConfig) -> str:
    """The key to use, empty when there is none. Raises `KeyUnreadable`."""
    if key := from_environment(config.provider):
        return key
    return unseal(config.provider, config.api_key_enc) if config.api_key_enc else ""


def has_key(config: AIProviderConfig) -> bool:
    return bool(config.api_key_enc or from_environment(config.provider))


def hint_of(config: AIProviderConfig) -> str:
    """The last four characters of the key in use."""
    key = from_environment(config.provider)
    return hint(key) if key else config.api_key_hint


def hint(key: str) -> str:
    """The last four characters, of long keys only: of a short one they would give too much away."""
    return key[-4:] if len(key) >= 12 else ""  # noqa: PLR2004  three times what is shown


def put_key(config: AIProviderConfig, key: str) -> None:
    """Set the sealed key and its hint on the object; the caller saves. An empty key removes it."""
    key = key.strip()
    config.api_key_enc = seal(config.provider, key) if key else ""
    config.api_key_hint = hint(key)


def reseal(config: AIProviderConfig) -> bool:
    """Bring the ciphertext under the newest secret; True when there was one. Raises `KeyUnreadable`."""
    if not config.api_key_enc:
        return False
    config.api_key_enc = seal(config.provider, unseal(config.provider, config.api_key_enc))
    return True
