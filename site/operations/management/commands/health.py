"""`manage.py health`: runs the checks of /readyz for scripts, containers and service managers.

The exit code is 1 if a check fails.
"""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from operations import health


class Command(BaseCommand):
    help = "Checks database, storage, wake-ups, workers and tools."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "checks", nargs="*", metavar="check", help=f"Only these of: {', '.join(health.CHECKS)}."
        )

    def handle(self, *_args: Any, checks: list[str], **_options: Any) -> None:
        if unknown := sorted(set(checks) - set(health.CHECKS)):
            raise CommandError(f"There is no check {', '.join(unknown)}.")
        findings = health.examine(checks or None)
        for finding in findings:
            self.stdout.write(
                f"{'ok    ' if finding.ok else 'FAILED'} {finding.name}: {finding.detail}"
            )
        if not all(finding.ok for finding in findings):
            raise CommandError("A check failed.")
