"""`manage.py messages`: updates the translation catalogs from the messages in the code."""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from operations.collect_messages import collect, written
from operations.compile_messages import is_translated, read


class Command(BaseCommand):
    help = (
        "Write every sentence of the studio into locale/*/LC_MESSAGES/django.po, keeping "
        "the translations there are."
    )
    requires_system_checks = ()

    def handle(self, *args: Any, **options: Any) -> None:  # noqa: ARG002  Django's signature
        found = collect(settings.BASE_DIR)
        for folder in settings.LOCALE_PATHS:
            for po in sorted(Path(folder).glob("*/LC_MESSAGES/django.po")):
                po.write_text(written(found.values(), read(po)), encoding="utf-8")
                after = read(po)
                empty = [message for message in after if message.id and not is_translated(message)]
                self.stdout.write(
                    f"{po.parent.parent.name}: {len(after)} messages, {len(empty)} "
                    f"without a translation"
                )
