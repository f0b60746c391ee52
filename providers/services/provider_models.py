"""The models of a connection: adding one by hand, its price, which is used, and removing it."""

from collections.abc import Collection, Mapping
from typing import Any

from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext_noop

from accounts import audit
from accounts.models import AuditAction
from core import visible
from core.localized_messages import LocalizedMessage, listed
from providers.enums import Kind
from providers.errors import Conflict, Invalid
from providers.models import AIProviderConfig, ProviderModel

from . import configs, money_changes
from .connections import ARCHIVED

PRICED = ("unit", "price")


def add(config: AIProviderConfig, *, actor: Any, **values: Any) -> ProviderModel:
    """Add a model with these fields. Raises `Forbidden`, `Invalid`, or `Conflict`."""
    return _write(ProviderModel(provider=config), actor=actor, values=values)


def change(row: ProviderModel, *, actor: Any, **values: Any) -> ProviderModel:
    """Change the named fields of a model. Raises `Forbidden`, `Invalid`, or `Conflict`.

    A price that is sent without its day was read today.
    """
    return _write(row, actor=actor, values=values)


def remove(row: ProviderModel, *, actor: Any) -> None:
    """Remove a model; its calls stay in the ledger. Raises `Forbidden`."""
    configs.require(actor, "change_aiproviderconfig")
    with money_changes.of_prices(row.provider_id, actor=actor):
        config = AIProviderConfig.objects.get(pk=row.provider.pk)
        if not ProviderModel.objects.filter(pk=row.pk).exists():
            return  # another has removed it meanwhile
        _record(config, row, LocalizedMessage(gettext_noop("removed")), actor)
        ProviderModel.objects.filter(pk=row.pk).delete()
        configs.wake_the_waiting(provider=config.provider)


def note(config: AIProviderConfig, names: Collection[str], *, actor: Any) -> None:
    """Record that models with these names were changed by the form of their connection."""
    detail = LocalizedMessage(
        gettext_noop("Models changed: %(names)s."), {"names": ", ".join(sorted(names))}
    )
    audit.record(AuditAction.CHANGED, actor=actor, target=config, detail=detail)


def _write(row: ProviderModel, *, actor: Any, values: dict[str, Any]) -> ProviderModel:
    configs.require(actor, "change_aiproviderconfig")
    with money_changes.of_prices(row.provider_id, actor=actor):
        config = AIProviderConfig.objects.get(pk=row.provider.pk)
        if config.archived_at is not None:
            raise Conflict(ARCHIVED, provider=config.name)
        is_new = row.pk is None
        row = row if is_new else ProviderModel.objects.get(pk=row.pk)
        for name, value in values.items():
            setattr(row, name, value)
        row.name = visible.stripped(row.name)
        if values.get("price") is not None and "priced_on" not in values:
            row.priced_on = timezone.localdate()
        _clean(row)
        rows = ProviderModel.objects.filter(provider=config, kind=row.kind).exclude(pk=row.pk)
        if rows.filter(name=row.name).exists():
            raise Invalid(
                gettext_noop("There is a model “%(name)s” of this kind already."),
                field="name",
                name=row.name,
            )
        if row.is_default:
            rows.filter(is_default=True).update(is_default=False)
        row.save()
        _record(config, row, _what(values, is_new=is_new), actor)
        configs.wake_the_waiting(provider=config.provider)
    return row


def _clean(row: ProviderModel) -> None:
    if row.is_default and not row.is_active:
        raise Invalid(
            gettext_noop("A model that is off cannot be the one that is used."), field="is_default"
        )
    try:
        row.full_clean(validate_unique=False, validate_constraints=False)
    except ValidationError as error:
        field, messages = next(iter(error.message_dict.items()))
        raise Invalid(
            gettext_noop("The value of “%(field_name)s” cannot be used: %(problem)s"),
            field=field,
            field_name=field,
            problem=messages[0],
        ) from error


def _what(values: Mapping[str, Any], *, is_new: bool) -> LocalizedMessage:
    if is_new:
        return LocalizedMessage(gettext_noop("added"))
    names = listed(audit.names_of(ProviderModel, values))
    return LocalizedMessage(gettext_noop("changed: %(fields)s"), {"fields": names})


def _record(
    config: AIProviderConfig, row: ProviderModel, what: LocalizedMessage, actor: Any
) -> None:
    detail = LocalizedMessage(
        gettext_noop("Model %(name)s (%(kind)s): %(what)s."),
        {"name": row.name, "kind": Kind(row.kind).label, "what": what},
    )
    audit.record(AuditAction.CHANGED, actor=actor, target=config, detail=detail)
