"""User actions on provider configurations.

Every saved change sends `signals.capacity_freed` after the commit, which notifies waiting work.
"""

from decimal import Decimal
from typing import Any

from django.contrib.auth.models import Group
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_noop

from accounts import audit
from accounts.models import AuditAction
from core import visible
from core.clock import database_now
from core.localized_messages import LocalizedMessage
from providers import keys
from providers.enums import CallState
from providers.errors import Forbidden, Invalid
from providers.models import AIProviderConfig, OrganizationBudget, ProviderCall, RoleLimit
from providers.signals import capacity_freed

SHORTEST_KEY = 8
ORGANIZATION_BUDGET = 1  # primary key of the single row


def require(actor: Any, permission: str) -> None:
    """Raise `Forbidden` unless this person has the permission of the app `providers`."""
    if not actor.is_active or not actor.has_perm(f"providers.{permission}"):
        raise Forbidden(gettext_noop("You may not change this about a provider."))


def wake_the_waiting(*, provider: str = "") -> None:
    """After the commit, notify work that may wait for this provider (for any, if empty).

    Every saved configuration calls this.
    """
    transaction.on_commit(
        lambda: capacity_freed.send_robust(
            sender=AIProviderConfig, provider=provider, subject="", item=""
        )
    )


@transaction.atomic
def set_key(config: AIProviderConfig, *, actor: Any, key: str) -> AIProviderConfig:
    """Store a new key, encrypted; an empty one removes it. Raises `Forbidden`, `Invalid`."""
    require(actor, "set_provider_key")
    check_key(key)
    keys.put_key(config, key)
    _ask_again(config)
    config.save(update_fields=("api_key_enc", "api_key_hint", "key_origin", "updated_at"))
    return config


def check_key(key: str) -> None:
    """Raise `Invalid` for what cannot be a key; an empty one removes it."""
    key = key.strip()
    if key and (len(key) < SHORTEST_KEY or any(c.isspace() for c in key) or not key.isprintable()):
        raise Invalid(gettext_noop("This does not look like a key."), field="api_key")


def _ask_again(config: AIProviderConfig) -> None:
    """Make tasks that could not be polled for lack of a valid key due now."""
    now = database_now()
    ProviderCall.objects.filter(
        provider=config, state=CallState.ACCEPTED, poll_after__gt=now
    ).update(poll_after=now)


def note_test(
    config: AIProviderConfig, *, works: bool, why: LocalizedMessage | None = None
) -> None:
    """Record the result of a connection test, and `why` it failed.

    After a failed test an earlier balance is no longer shown.
    """
    config.tested_at, config.test_works = timezone.now(), works
    config.test_note_data = why.as_json() if why else {}
    fields: dict[str, Any] = {
        "tested_at": config.tested_at,
        "test_works": works,
        "test_note_data": config.test_note_data,
    }
    if not works:
        config.balance = config.balance_at = None
        fields |= {"balance": None, "balance_at": None}
    AIProviderConfig.objects.filter(pk=config.pk).update(**fields)


def forget_test(config: AIProviderConfig) -> None:
    """Discard the last test result, because the configuration has changed."""
    config.tested_at = config.test_works = None
    config.test_note_data = {}
    AIProviderConfig.objects.filter(pk=config.pk).update(
        tested_at=None, test_works=None, test_note_data={}
    )


@transaction.atomic
def pause(config: AIProviderConfig, *, actor: Any, reason: str) -> AIProviderConfig:
    """Stop new calls; calls in progress are still polled. Raises `Forbidden`, `Invalid`."""
    require(actor, "pause_provider")
    if not (reason := visible.stripped(reason)):
        raise Invalid(gettext_noop("Give a reason."), field="reason")
    config.is_paused, config.pause_reason, config.pause_note_data = True, reason[:200], {}
    config.save(update_fields=("is_paused", "pause_reason", "pause_note_data", "updated_at"))
    audit.record(
        AuditAction.CHANGED,
        actor=actor,
        target=config,
        detail=LocalizedMessage(gettext_noop("Paused: %(reason)s"), {"reason": reason}),
    )
    return config


@transaction.atomic
def resume(config: AIProviderConfig, *, actor: Any) -> AIProviderConfig:
    """Allow calls again. Raises `Forbidden`."""
    require(actor, "pause_provider")
    config.is_paused, config.not_before = False, None
    config.pause_reason, config.pause_note_data = "", {}
    _ask_again(config)
    config.save(
        update_fields=("is_paused", "pause_reason", "pause_note_data", "not_before", "updated_at")
    )
    audit.record(
        AuditAction.CHANGED,
        actor=actor,
        target=config,
        detail=LocalizedMessage(gettext_noop("Resumed.")),
    )
    return config


def organization_budget() -> OrganizationBudget:
    """Return the single row of the organization budget."""
    return OrganizationBudget.objects.get_or_create(pk=ORGANIZATION_BUDGET)[0]


def plan_limit_of(person: Any) -> Decimal | None:
    """Return what this user may start alone, in USD; None means no limit.

    It is the highest limit of the user's roles, else the organization's.
    """
    limits = list(RoleLimit.objects.filter(role__user=person).values_list("plan_limit", flat=True))
    if not limits:
        return organization_budget().plan_limit
    given = [limit for limit in limits if limit is not None]
    return max(given) if len(given) == len(limits) else None


def approve_limit_of(person: Any, permission: str) -> Decimal | None:
    """Return the amount in USD up to which this user may approve; None means any amount.

    It is the highest limit of the user's roles that grant the permission ("app.codename").
    """
    app, _dot, codename = permission.partition(".")
    roles = Group.objects.filter(
        user=person, permissions__codename=codename, permissions__content_type__app_label=app
    ).values_list("pk", flat=True)
    limits = dict.fromkeys(roles) | dict(
        RoleLimit.objects.filter(role__in=roles).values_list("role_id", "approve_limit")
    )
    given = [limit for limit in limits.values() if limit is not None]
    return max(given) if given and len(given) == len(limits) else None
