from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class WebConfig(AppConfig):
    name = "web"
    verbose_name = _("Web")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from .auth import accounts, attempts  # noqa: PLC0415  needs the models

        attempts.connect()
        accounts.connect()
