"""Provider keys at rest: encrypted, bound to their row, unreadable rather than wrong."""

from cryptography.fernet import InvalidToken
from django.conf import settings
from django.utils.translation import gettext_noop

from ground.sealing import box

from . import addresses
from .errors import KeyUnreadable
from .models import AIProviderConfig
from .registry import adapter_class

WEBHOOK = "replicate webhook"


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
    """The key to use at the provider's present address, empty when there is none. Raises `KeyUnreadable`, also for a key of another address."""
    if environment_key(config):
        return environment_key(config)
    if not config.api_key_enc:
        return ""
    if not is_bound_here(config):
        raise KeyUnreadable(gettext_noop("The key of %(provider)s was entered for another address; enter it again."), provider=config.name)
    return unseal(config.provider, config.api_key_enc)


def environment_key(config: AIProviderConfig) -> str:
    """The key that the environment gives, if the provider's address is the one that it is for; empty otherwise.

    It is for the provider's own host, or for the one that the environment itself names (LLM_BASE_URL and the like).
    """
    key = from_environment(config.provider)
    here = addresses.origin(config.base_url)
    if not key or (config.base_url and here not in {home_of(config.provider), addresses.origin(settings.PROVIDER_ADDRESSES.get(config.provider, ""))}):
        parts = addresses.split(config.base_url)
        for_development = settings.LOOPBACK_PROVIDERS and parts is not None and addresses.is_loopback(addresses.host_of(parts))
        return key if for_development else ""
    return key


def home_of(provider: str) -> str:
    """Scheme, host and port of the provider's own address."""
    kind = adapter_class(provider)
    return addresses.origin(getattr(kind, "home", "")) if kind else ""


def is_bound_here(config: AIProviderConfig) -> bool:
    """Whether the stored key was entered for the host that the provider's address names now."""
    return not config.base_url or addresses.origin(config.base_url) == (config.key_origin or home_of(config.provider))


def has_key(config: AIProviderConfig) -> bool:
    return bool(environment_key(config) or (config.api_key_enc and is_bound_here(config)))


def hint_of(config: AIProviderConfig) -> str:
    """The last four characters of the key in use."""
    key = environment_key(config)
    return hint(key) if key else config.api_key_hint


def hint(key: str) -> str:
    """The last four characters, of long keys only: of a short one they would give too much away."""
    return key[-4:] if len(key) >= 12 else ""  # noqa: PLR2004  three times what is shown


def put_key(config: AIProviderConfig, key: str) -> None:
    """Set the sealed key, its hint and the host that it is for on the object; the caller saves. An empty key removes it."""
    key = key.strip()
    config.api_key_enc = seal(config.provider, key) if key else ""
    config.api_key_hint = hint(key)
    config.key_origin = addresses.origin(config.base_url) if key else ""


def reseal(config: AIProviderConfig) -> bool:
    """Bring the ciphertext under the newest secret; True when there was one. Raises `KeyUnreadable`."""
    if not config.api_key_enc:
        return False
    config.api_key_enc = seal(config.provider, unseal(config.provider, config.api_key_enc))
    if config.webhook_secret_enc:
        try:
            config.webhook_secret_enc = seal(WEBHOOK, unseal(WEBHOOK, config.webhook_secret_enc))
        except KeyUnreadable:
            config.webhook_secret_enc = ""  # it is asked for again
    return True
