"""Storage of provider keys: encrypted and bound to their provider.

A key that cannot be decrypted raises an error; it never yields a wrong key.
"""

from typing import Literal

from cryptography.fernet import InvalidToken
from django.conf import settings
from django.utils.translation import gettext_noop

from core.encryption import fernet

from . import addresses
from .errors import KeyUnreadable
from .models import AIProviderConfig
from .registry import class_of

WEBHOOK = "replicate webhook"


def from_environment(provider: str) -> str:
    """Return the key from the environment. It takes precedence over a stored key."""
    return str(settings.PROVIDER_KEYS.get(provider, ""))


def encrypt(provider: str, key: str) -> str:
    """Return the key encrypted and bound to this provider."""
    return fernet().encrypt(f"{provider}\n{key}".encode()).decode()


def decrypt(provider: str, encrypted: str) -> str:
    """Return the decrypted key.

    Raises `KeyUnreadable` if the secrets do not match or the ciphertext belongs to another
    provider.
    """
    try:
        bound, _, key = fernet().decrypt(encrypted.encode()).decode().partition("\n")
    except InvalidToken:
        bound, key = "", ""
    if bound != provider or not key:
        raise KeyUnreadable(
            gettext_noop(
                "The stored key of %(provider)s cannot be read with this installation's "
                "secrets; enter it again."
            ),
            provider=provider,
        )
    return key


def key_of(config: AIProviderConfig) -> str:
    """Return the key for the provider's current address; empty if there is none.

    Raises `KeyUnreadable`, also for a key that was entered for another address.
    """
    if environment_key(config):
        return environment_key(config)
    if not config.api_key_enc:
        return ""
    if not is_bound_here(config):
        raise KeyUnreadable(
            gettext_noop(
                "The key of %(provider)s was entered for another address; enter it again."
            ),
            provider=config.name,
        )
    return decrypt(config.provider, config.api_key_enc)


def environment_key(config: AIProviderConfig) -> str:
    """Return the key from the environment if it may be sent to the provider's address; else empty.

    It may be sent to the provider's own host, or to the host that the environment itself names
    (LLM_BASE_URL and similar).
    """
    key = from_environment(config.provider)
    here = addresses.origin(config.base_url)
    if not key or (
        config.base_url
        and here
        not in {
            home_of(config),
            addresses.origin(settings.PROVIDER_ADDRESSES.get(config.provider, "")),
        }
    ):
        parts = addresses.split(config.base_url)
        for_development = (
            settings.LOOPBACK_PROVIDERS
            and parts is not None
            and addresses.is_loopback(addresses.host_of(parts))
        )
        return key if for_development else ""
    return key


def home_of(config: AIProviderConfig) -> str:
    """Return scheme, host and port of the provider's own address."""
    return addresses.origin(home_address_of(config))


def home_address_of(config: AIProviderConfig) -> str:
    """Return the provider's own address; empty if its servers are whatever a person enters."""
    return str(getattr(class_of(config), "home", ""))


def is_at_home(config: AIProviderConfig) -> bool:
    """Return whether the connection leads to the provider itself, not to a server of its kind."""
    return not config.base_url or addresses.origin(config.base_url) == home_of(config)


def is_bound_here(config: AIProviderConfig) -> bool:
    """Return whether the stored key was entered for the host of the provider's current address."""
    return not config.base_url or addresses.origin(config.base_url) == (
        config.key_origin or home_of(config)
    )


def has_key(config: AIProviderConfig) -> bool:
    return bool(environment_key(config) or (config.api_key_enc and is_bound_here(config)))


def source_of(
    config: AIProviderConfig,
) -> Literal["none", "stored", "environment", "other_address"]:
    """Return where the key comes from; "other_address": it was entered for another host."""
    if environment_key(config):
        return "environment"
    if not config.api_key_enc:
        return "none"
    return "stored" if is_bound_here(config) else "other_address"


def hint_of(config: AIProviderConfig) -> str:
    """Return the last four characters of the key in use."""
    key = environment_key(config)
    return hint(key) if key else config.api_key_hint


def hint(key: str) -> str:
    """Return the last four characters of a long key; nothing of a short one."""
    return key[-4:] if len(key) >= 12 else ""  # noqa: PLR2004  three times what is shown


def put_key(config: AIProviderConfig, key: str) -> None:
    """Set the encrypted key, its hint and its host on the object; the caller saves it.

    An empty key removes the stored one.
    """
    key = key.strip()
    config.api_key_enc = encrypt(config.provider, key) if key else ""
    config.api_key_hint = hint(key)
    config.key_origin = addresses.origin(config.base_url) if key else ""


def reseal(config: AIProviderConfig) -> bool:
    """Encrypt the key again with the newest secret; return whether there was one.

    Raises `KeyUnreadable`.
    """
    if not config.api_key_enc:
        return False
    config.api_key_enc = encrypt(config.provider, decrypt(config.provider, config.api_key_enc))
    if config.webhook_secret_enc:
        try:
            config.webhook_secret_enc = encrypt(
                WEBHOOK, decrypt(WEBHOOK, config.webhook_secret_enc)
            )
        except KeyUnreadable:
            config.webhook_secret_enc = ""  # it is requested again
    return True
