from django.apps import AppConfig
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _


class AccountsConfig(AppConfig):
    name = "accounts"
    label = "web"  # names tables and permissions of installations since 0.1.0
    verbose_name = _("Accounts")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from django.contrib.auth.models import Group  # noqa: PLC0415  needs the models

        from . import account_changes, account_versions, audit, login_throttle, passkeys  # noqa: PLC0415  needs the models

        # Django's groups are the studio's roles, and called so wherever the admin names them.
        options = Group._meta  # noqa: SLF001  Django's documented way to a model's names
        options.verbose_name, options.verbose_name_plural = _("role"), _("roles")
        login_throttle.connect()
        account_changes.connect()
        passkeys.connect()
        post_migrate.connect(account_versions.create_trigger, sender=self)
        post_migrate.connect(audit.create_triggers, sender=self)
