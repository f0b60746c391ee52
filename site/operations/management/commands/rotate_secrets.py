"""Encrypt stored provider keys, two-factor secrets and addresses again with the newest of
VP_SECRET_KEYS.

Afterwards the older secrets can be removed.
"""

from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from accounts import mfa
from api import idempotency
from notifications import resealing
from notifications.failures import RefusedError
from providers import keys, raw_answer_store
from providers.errors import KeyUnreadable
from providers.models import AIProviderConfig


class Command(BaseCommand):
    help = (
        "Store every provider key, second factor, address of a chat and webhook anew under the "
        "newest secret of VP_SECRET_KEYS (newest first, separated by commas)."
    )

    @transaction.atomic
    # The signature of every command
    def handle(self, *args: Any, **options: Any) -> None:  # noqa: ARG002
        done = 0
        for config in AIProviderConfig.objects.select_for_update():
            try:
                resealed = keys.reseal(config)
            except KeyUnreadable as error:
                raise CommandError(str(error)) from error
            if resealed:
                config.save(update_fields=("api_key_enc", "webhook_secret_enc", "updated_at"))
                done += 1
        try:
            raw_answer_store.reseal()
        except KeyUnreadable as error:
            raise CommandError(str(error)) from error
        try:
            addresses = resealing.reseal()
        except RefusedError as error:
            raise CommandError(str(error)) from error
        idempotency.reseal()
        self.stdout.write(
            f"Keys stored anew: {done}; second factors: {mfa.reseal()}; chats and webhooks: "
            f"{addresses}"
        )
