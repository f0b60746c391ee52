"""Adding a connection: another account or server of a known kind."""

from typing import Any

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils.translation import gettext_noop

from core import visible
from providers import keys
from providers.client import checked_base
from providers.errors import Forbidden, Invalid
from providers.models import AIProviderConfig, ProviderModel
from providers.registry import NAMES, schemes_of

from . import catalogue

NEEDED = ("providers.add_aiproviderconfig", "providers.set_provider_key")


def add(config: AIProviderConfig, *, actor: Any) -> AIProviderConfig:
    """Add this connection, with the models of its kind's oldest connection or the catalogue.

    An empty address becomes the provider's own. The connection begins without a key. Raises
    `Forbidden`, `Invalid`, or `NotConfigured` for an address to which no key may be sent.
    """
    if not actor.is_active or not actor.has_perms(NEEDED):
        raise Forbidden(gettext_noop("You may not add a connection."))
    if config.kind not in NAMES:
        raise Invalid(gettext_noop("Choose one of the kinds of connection."), field="kind")
    config.name = visible.stripped(config.name)
    if not config.name:
        raise Invalid(gettext_noop("Give the connection a name."), field="name")
    config.base_url = config.base_url or keys.home_address_of(config)
    if config.base_url:
        checked_base(config.base_url, name=config.name, schemes=schemes_of(config))
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
    return config


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
