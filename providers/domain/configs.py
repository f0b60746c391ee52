"""What a person changes about a provider. Whoever waits for it hears of every saved change after the commit (`signals.freed`)."""

from decimal import Decimal
from typing import Any

from django.contrib.auth.models import Group
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_noop

from ground import visible
from ground.clock import database_now
from providers import addresses, keys
from providers.enums import CallState
from providers.errors import Forbidden, Invalid
from providers.http import checked_base
from providers.models import AIProviderConfig, House, ProviderCall, RoleLimit
from providers.signals import freed

SHORTEST_KEY = 8
HOUSE = 1  # the key of the one row


def _require(actor: Any, permission: str) -> None:
    if not actor.is_active or not actor.has_perm(f"providers.{permission}"):
        raise Forbidden(gettext_noop("You may not change this about a provider."))


def wake_the_waiting(*, provider: str = "") -> None:
    """After the commit, tell everybody who may wait for this provider (for any, when empty). Every saved configuration does."""
    transaction.on_commit(lambda: freed.send_robust(sender=AIProviderConfig, provider=provider, subject="", item=""))


@transaction.atomic
def set_address(config: AIProviderConfig, *, actor: Any, base_url: str, key: str = "") -> AIProviderConfig:
    """Where the provider is. The key goes to the host for which it was entered: for another host it has to be given again.

    Raises `Forbidden`, `Invalid`, or `NotConfigured` for an address to which no key may be sent.
    """
    _require(actor, "set_provider_key")
    base_url = checked_base(base_url, name=config.name)
    if config.api_key_enc and addresses.origin(base_url) != addresses.origin(config.base_url) and not key.strip():
        raise Invalid(gettext_noop("The address leads to another host: enter the key for it, or remove the key."), field="api_key")
    config.base_url = base_url
    config.save(update_fields=("base_url", "updated_at"))
    return set_key(config, actor=actor, key=key) if key.strip() else config


@transaction.atomic
def set_key(config: AIProviderConfig, *, actor: Any, key: str) -> AIProviderConfig:
    """Store a new key, sealed; an empty one removes it. Raises `Forbidden`, `Invalid`."""
    _require(actor, "set_provider_key")
    if key.strip() and (len(key.strip()) < SHORTEST_KEY or any(c.isspace() for c in key.strip()) or not key.strip().isprintable()):
        raise Invalid(gettext_noop("This does not look like a key."), field="api_key")
    keys.put_key(config, key)
    _ask_again(config)
    config.save(update_fields=("api_key_enc", "api_key_hint", "key_origin", "updated_at"))
    return config


def _ask_again(config: AIProviderConfig) -> None:
    """Tasks that could not be asked about for want of a key are asked about now."""
    now = database_now()
    ProviderCall.objects.filter(provider=config, state=CallState.ACCEPTED, poll_after__gt=now).update(poll_after=now)


def note_test(config: AIProviderConfig, *, works: bool) -> None:
    """What a test of the connection found. A balance from before a failed test is not said any more."""
    config.tested_at, config.test_works = timezone.now(), works
    fields: dict[str, Any] = {"tested_at": config.tested_at, "test_works": works}
    if not works:
        config.balance = config.balance_at = None
        fields |= {"balance": None, "balance_at": None}
    AIProviderConfig.objects.filter(pk=config.pk).update(**fields)


def forget_test(config: AIProviderConfig) -> None:
    """The configuration is another one, so the last test says nothing about it."""
    config.tested_at = config.test_works = None
    AIProviderConfig.objects.filter(pk=config.pk).update(tested_at=None, test_works=None)


@transaction.atomic
def pause(config: AIProviderConfig, *, actor: Any, reason: str) -> AIProviderConfig:
    """No new call is made; what is out is still asked for. Raises `Forbidden`, `Invalid`."""
    _require(actor, "pause_provider")
    if not (reason := visible.stripped(reason)):
        raise Invalid(gettext_noop("Give a reason."), field="reason")
    config.is_paused, config.pause_reason, config.pause_note_data = True, reason[:200], {}
    config.save(update_fields=("is_paused", "pause_reason", "pause_note_data", "updated_at"))
    return config


@transaction.atomic
def resume(config: AIProviderConfig, *, actor: Any) -> AIProviderConfig:
    """Calls are made again. Raises `Forbidden`."""
    _require(actor, "pause_provider")
    config.is_paused, config.not_before = False, None
    config.pause_reason, config.pause_note_data = "", {}
    _ask_again(config)
    config.save(update_fields=("is_paused", "pause_reason", "pause_note_data", "not_before", "updated_at"))
    return config


def house() -> House:
    """The one row for the money of the house."""
    return House.objects.get_or_create(pk=HOUSE)[0]


def plan_limit_of(person: Any) -> Decimal | None:
    """What this person may start alone, in USD; None: no limit. The highest of their roles' limits, else the house's."""
    limits = list(RoleLimit.objects.filter(role__user=person).values_list("plan_limit", flat=True))
    if not limits:
        return house().plan_limit
    given = [limit for limit in limits if limit is not None]
    return max(given) if len(given) == len(limits) else None


def approve_limit_of(person: Any, permission: str) -> Decimal | None:
    """Up to what this person may approve, in USD; None: any sum. The highest of those of their roles that give them the permission ("app.codename")."""
    app, _dot, codename = permission.partition(".")
    roles = Group.objects.filter(user=person, permissions__codename=codename, permissions__content_type__app_label=app).values_list("pk", flat=True)
    limits = dict.fromkeys(roles) | dict(RoleLimit.objects.filter(role__in=roles).values_list("role_id", "approve_limit"))
    given = [limit for limit in limits.values() if limit is not None]
    return max(given) if given and len(given) == len(limits) else None
