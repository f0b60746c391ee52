from django.apps import AppConfig, apps
from django.db.models.signals import pre_save
from django.utils.translation import gettext_lazy as _

from core.unicode_normalization import compose_fields

WRITTEN_BY_PEOPLE = ("stories", "providers", "auth")  # apps whose rows hold user input


class StudioConfig(AppConfig):
    name = "operations"
    label = "studio"  # names tables and permissions of installations since 0.1.0
    verbose_name = _("Studio")

    def ready(self) -> None:
        for label in WRITTEN_BY_PEOPLE:
            for model in apps.get_app_config(label).get_models():
                pre_save.connect(
                    compose_fields,
                    sender=model,
                    # Django's documented model API
                    dispatch_uid=f"composed.{model._meta.label}",  # noqa: SLF001
                )
