from django.apps import AppConfig
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _


class AccountsConfig(AppConfig):
    name = "accounts"
    label = "web"  # names tables and permissions of installations since 0.1.0
    verbose_name = _("Accounts")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from . import account_changes, account_versions, login_throttle  # noqa: PLC0415  needs the models

        login_throttle.connect()
        account_changes.connect()
        post_migrate.connect(account_versions.create_trigger, sender=self)
