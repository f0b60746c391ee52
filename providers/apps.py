from typing import Any

from django.apps import AppConfig
from django.db.models.signals import post_save
from django.utils.translation import gettext_lazy as _


def _tell_the_waiting(instance: Any, **_kwargs: Any) -> None:
    """A saved provider or house budget may be what somebody waits for: a price, a key, a higher budget, the end of a pause."""
    from .domain.configs import wake_the_waiting  # noqa: PLC0415  the app must be ready first

    wake_the_waiting(provider=str(getattr(instance, "provider", "")))


class ProvidersConfig(AppConfig):
    name = "providers"
    verbose_name = _("Providers")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        for name in ("AIProviderConfig", "House"):
            post_save.connect(_tell_the_waiting, sender=self.get_model(name), dispatch_uid=f"providers.{name}.freed")
