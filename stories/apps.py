from django.apps import AppConfig
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _


class StoriesConfig(AppConfig):
    name = "stories"
    verbose_name = _("Stories")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        # Registers the job handlers once the models are loaded
        from . import handlers, roles  # noqa: F401, PLC0415

        post_migrate.connect(roles.sync_roles, sender=self)
