from django.apps import AppConfig, apps
from django.db.models.signals import pre_save
from django.utils.translation import gettext_lazy as _

from ground.composed import compose_fields

WRITTEN_BY_PEOPLE = ("stories", "providers", "auth")  # apps whose rows hold what somebody typed


class StudioConfig(AppConfig):
    name = "studio"
    verbose_name = _("Studio")

    def ready(self) -> None:
        for label in WRITTEN_BY_PEOPLE:
            for model in apps.get_app_config(label).get_models():
                pre_save.connect(compose_fields, sender=model, dispatch_uid=f"composed.{model._meta.label}")  # noqa: SLF001  Django's documented model API
