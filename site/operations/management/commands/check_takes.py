"""`manage.py check_takes`: checks the takes that this version of the check has not seen."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from stories.models import Take
from stories.services import checks


class Command(BaseCommand):
    help = (
        "Checks pictures and clips that arrived before the automatic check, or that an earlier "
        "version of it checked. It can be ended and started again at any time."
    )

    def handle(self, *_args: Any, **_options: Any) -> None:
        if not settings.CHECK_TAKES:
            raise CommandError("The check is turned off by CHECK_TAKES.")
        checked = failed = 0
        for take in checks.unchecked():
            if checks.check(take):
                checked += 1
            else:
                failed += 1
        doubtful = Take.objects.exclude(doubts="").count()
        self.stdout.write(
            f"checked: {checked}, not readable: {failed}; "
            f"doubtful: {doubtful} of {Take.objects.count()}"
        )
