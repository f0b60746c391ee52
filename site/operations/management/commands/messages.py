"""`manage.py messages`: updates the translation catalogs from the messages in the code."""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from operations.collect_messages import collect, known, written


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
                before = known(po)
                po.write_text(written(found.values(), before), encoding="utf-8")
                after = known(po)
                empty = [
                    entry for key, entry in after.items() if key != ("", "") and not entry.value
                ]
                self.stdout.write(
                    f"{po.parent.parent.name}: {len(after) - 1} messages, {len(empty)} "
                    f"without a translation"
                )
