"""Connections: adding another account or server of a known kind, changing, testing, archiving."""

from decimal import Decimal
from typing import Any

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext_noop

from accounts import audit
from accounts.models import AuditAction
from core import visible
from core.localized_messages import DomainError, LocalizedMessage, listed
from providers import addresses, keys
from providers.adapters import Health
from providers.calls import balance_evidence
from providers.client import checked_base
from providers.enums import UNDECIDED_CALL
from providers.errors import Conflict, Forbidden, Invalid
from providers.models import AIProviderConfig, ProviderCall, ProviderModel
from providers.registry import NAMES, adapter_for, schemes_of

from . import catalogue, configs, money_changes

NEEDED = ("providers.add_aiproviderconfig", "providers.set_provider_key")
SENDS_KEYS = frozenset({"base_url", "settings"})  # they say where the key and results go
NOT_WORKING = gettext_noop("The provider answered, but it does not work. %(facts)s")
ARCHIVED = gettext_noop("%(provider)s is archived. Restore it first.")


@transaction.atomic
def add(config: AIProviderConfig, *, actor: Any, key: str = "") -> AIProviderConfig:
    """Add this connection, with the models of its kind's oldest connection or the catalogue.

    An empty address becomes the provider's own. Raises `Forbidden`, `Invalid`, or `NotConfigured`
    for an address to which no key may be sent.
    """
    if not actor.is_active or not actor.has_perms(NEEDED):
        raise Forbidden(gettext_noop("You may not add a connection."))
    if config.kind not in NAMES:
        raise Invalid(gettext_noop("Choose one of the kinds of connection."), field="kind")
    config.name = _named(config.name)
    config.base_url = config.base_url or keys.home_address_of(config)
    if config.base_url:
        checked_base(config.base_url, name=config.name, schemes=schemes_of(config))
    _clean(config)
    try:
        with transaction.atomic():
            config.save(force_insert=True)
            _copy_models(config)
    except IntegrityError as error:
        raise Invalid(
            gettext_noop("There is a connection named “%(provider)s” already."),
            field="provider",
            provider=config.provider,
        ) from error
    if key.strip():
        configs.set_key(config, actor=actor, key=key)
    configs.wake_the_waiting(provider=config.provider)
    audit.record(
        AuditAction.ADDED,
        actor=actor,
        target=config,
        detail=LocalizedMessage(gettext_noop("Kind: %(kind)s."), {"kind": NAMES[config.kind]}),
    )
    return config


def change(
    config: AIProviderConfig, *, actor: Any, key: str | None = None, **values: Any
) -> AIProviderConfig:
    """Change the named fields of a connection. A `key` is stored instead of the present one; an
    empty one removes it.

    A key is bound to the host for which it was entered, so another host needs the key again.
    Changed prices bind the person as `money_changes` says. Raises `Forbidden`, `Invalid`,
    `Conflict` for an archived connection, or `NotConfigured` for an address to which no key may be
    sent.
    """
    configs.require(actor, "change_aiproviderconfig")
    if key is not None or SENDS_KEYS & values.keys():
        configs.require(actor, "set_provider_key")
    with money_changes.of_prices(config.provider, actor=actor):
        row = AIProviderConfig.objects.get(pk=config.pk)
        if row.archived_at is not None:
            raise Conflict(ARCHIVED, provider=row.name)
        before = {name: getattr(row, name) for name in values}
        if "base_url" in values and row.api_key_enc and key is None:
            _require_same_host(row.base_url, values["base_url"])
        for name, value in values.items():
            setattr(row, name, _named(value) if name == "name" else value)
        if row.base_url:
            checked_base(row.base_url, name=row.name, schemes=schemes_of(row))
        _clean(row)
        row.save(update_fields=(*values, "updated_at"))
        if key is not None:
            configs.set_key(row, actor=actor, key=key)
        changed = [name for name, value in before.items() if getattr(row, name) != value]
        if key is not None or SENDS_KEYS & set(changed):
            configs.forget_test(row)
        configs.wake_the_waiting(provider=row.provider)
        done = audit.names_of(AIProviderConfig, changed)
        if key is not None:
            done.append(LocalizedMessage(gettext_noop("key")))
        if done:
            detail = LocalizedMessage(
                gettext_noop("Changed: %(fields)s."), {"fields": listed(done)}
            )
            audit.record(AuditAction.CHANGED, actor=actor, target=row, detail=detail)
    return row


def _require_same_host(before: str, after: str) -> None:
    if addresses.origin(after) != addresses.origin(before):
        raise Invalid(
            gettext_noop(
                "The address leads to another host: enter the key for it, or remove the key."
            ),
            field="api_key",
        )


@transaction.atomic
def archive(config: AIProviderConfig, *, actor: Any) -> AIProviderConfig:
    """Take a connection out of use: it is switched off, its key is removed, it is not offered.

    Its calls, models and bills stay. Raises `Forbidden`, `Invalid` for the studio's own connection,
    or `Conflict` while a call is not decided, because the key may be needed for its result.
    """
    _require_both(actor)
    row = AIProviderConfig.objects.select_for_update().get(pk=config.pk)
    if row.kind not in NAMES:
        raise Invalid(gettext_noop("The studio's own connection cannot be archived."))
    if ProviderCall.objects.filter(provider=row, state__in=UNDECIDED_CALL).exists():
        raise Conflict(
            gettext_noop("%(provider)s has calls that are not decided yet; archive it after them."),
            provider=row.name,
        )
    if row.archived_at is None:
        keys.put_key(row, "")
        row.is_active, row.archived_at = False, timezone.now()
        row.tested_at = row.test_works = row.balance = row.balance_at = None
        row.test_note_data = {}
        row.save()
        audit.record(
            AuditAction.CHANGED,
            actor=actor,
            target=row,
            detail=LocalizedMessage(gettext_noop("Archived; key removed.")),
        )
    return row


@transaction.atomic
def restore(config: AIProviderConfig, *, actor: Any) -> AIProviderConfig:
    """Take a connection out of the archive. It is off and has no key. Raises `Forbidden`."""
    _require_both(actor)
    row = AIProviderConfig.objects.select_for_update().get(pk=config.pk)
    if row.archived_at is not None:
        row.archived_at = None
        row.save(update_fields=("archived_at", "updated_at"))
        audit.record(
            AuditAction.CHANGED,
            actor=actor,
            target=row,
            detail=LocalizedMessage(gettext_noop("Restored.")),
        )
    return row


def test(config: AIProviderConfig, *, actor: Any) -> Health:
    """Make a free call that shows whether the connection works, and record the result.

    The recorded state is shown until the next test or change. Must not run inside a transaction.
    Raises `Forbidden`, or what the adapter raises, which counts as not working.
    """
    configs.require(actor, "change_aiproviderconfig")
    adapter = adapter_for(config)
    try:
        health = adapter.check()
    except DomainError as error:
        configs.note_test(config, works=False, why=error.sentence)
        raise
    facts = ", ".join(f"{name}: {value}" for name, value in health.facts.items())
    why = None if health.ok else LocalizedMessage(NOT_WORKING, {"facts": health.why or facts})
    configs.note_test(config, works=health.ok, why=why)
    if health.ok and adapter.tells_balance:
        balance_evidence.ask_balance(config, adapter)
    return health


def ask_balance(config: AIProviderConfig, *, actor: Any) -> Decimal | None:
    """Ask the provider what is left, in USD; None if it does not tell.

    Must not run inside a transaction. Raises `Forbidden`, `NotConfigured` or `KeyUnreadable`.
    """
    configs.require(actor, "change_aiproviderconfig")
    adapter = adapter_for(config)
    return balance_evidence.ask_balance(config, adapter) if adapter.tells_balance else None


def _require_both(actor: Any) -> None:
    configs.require(actor, "change_aiproviderconfig")
    configs.require(actor, "set_provider_key")


def _named(name: str) -> str:
    if not (found := visible.stripped(name)):
        raise Invalid(gettext_noop("Give the connection a name."), field="name")
    return found


def _clean(config: AIProviderConfig) -> None:
    try:
        config.full_clean(exclude=("balance",))
    except ValidationError as error:
        field, messages = next(iter(error.message_dict.items()))
        raise Invalid(
            gettext_noop("The value of “%(field_name)s” cannot be used: %(problem)s"),
            field=field,
            field_name=field,
            problem=messages[0],
        ) from error


def _copy_models(config: AIProviderConfig) -> None:
    example = (
        AIProviderConfig.objects.filter(kind=config.kind)
        .exclude(pk=config.pk)
        .order_by("pk")
        .first()
    )
    if example is None:
        catalogue.add_all(config, catalogue.shipped())
        return
    rows = list(example.models.all())
    for row in rows:
        row.pk, row.provider = None, config
    ProviderModel.objects.bulk_create(rows)
