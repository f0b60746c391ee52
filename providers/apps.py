from typing import Any

from django.apps import AppConfig
from django.db.models.signals import post_save
from django.utils.translation import gettext_lazy as _


def _wake_waiting_jobs(instance: Any, **_kwargs: Any) -> None:
    """Notify waiting work after a configuration or the organization budget was saved.

    The work may wait for a price, a key, a higher budget or the end of a pause.
    """
    from .services.configs import wake_the_waiting  # noqa: PLC0415  the app must be ready first

    wake_the_waiting(provider=str(getattr(instance, "provider", "")))


class ProvidersConfig(AppConfig):
    name = "providers"
    verbose_name = _("Providers")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        for name in ("AIProviderConfig", "OrganizationBudget"):
            post_save.connect(
                _wake_waiting_jobs,
                sender=self.get_model(name),
                dispatch_uid=f"providers.{name}.freed",
            )
