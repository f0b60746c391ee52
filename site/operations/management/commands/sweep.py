"""`manage.py sweep`: lists data that is no longer needed, and removes it on request."""

from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from core.unavailable import ServiceUnavailableError
from operations import retention

SHOWN = 20
UNITS = ("B", "kB", "MB", "GB", "TB")


def size(count: float) -> str:
    """Formats a number of bytes for people."""
    unit = 0
    while count >= 1000 and unit < len(UNITS) - 1:  # noqa: PLR2004  decimal units
        count, unit = count / 1000, unit + 1
    return f"{count:.0f} {UNITS[unit]}" if unit == 0 else f"{count:.1f} {UNITS[unit]}"


class Command(BaseCommand):
    help = (
        "Finds rows whose time is over, scenes deleted long ago and files that no row "
        "names. Removes nothing without --delete."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--delete", action="store_true", help="Remove what was found.")
        parser.add_argument(
            "--min-age",
            type=float,
            default=7.0,
            metavar="DAYS",
            help="Files younger than this are left alone (default 7, at least 1).",
        )
        parser.add_argument("--no-files", action="store_true", help="Look at rows only.")

    def handle(
        self, *_args: Any, delete: bool, min_age: float, no_files: bool, **_options: Any
    ) -> None:
        age = timedelta(days=min_age)
        if age < retention.SHORTEST_AGE:
            raise CommandError(
                "--min-age must be at least 1 day: a younger file may be named by a row in "
                "a moment."
            )
        for finding in retention.rows():
            done = f", removed {finding.remove()}" if delete else ""
            self.stdout.write(f"{finding.name}: {finding.count}{done}")
        if not no_files:
            try:
                self._files(age, delete=delete)
            except ServiceUnavailableError as error:
                raise CommandError(str(error)) from error
        if not delete:
            self.stdout.write("Nothing was removed. With --delete it is.")

    def _files(self, age: timedelta, *, delete: bool) -> None:
        found = retention.files(min_age=age)
        self.stdout.write(
            f"files: {found.kept} in use, {found.young} young, {len(found.orphans)} orphans "
            f"({size(found.orphan_bytes)})"
        )
        for name, count in found.orphans[:SHOWN]:
            self.stdout.write(f"  {name} ({size(count)})")
        if len(found.orphans) > SHOWN:
            self.stdout.write(f"  and {len(found.orphans) - SHOWN} more")
        if found.unknown:
            self.stdout.write(
                f"files that are not the studio's, left alone: {len(found.unknown)}, such "
                f"as {found.unknown[0]}"
            )
        if delete:
            self.stdout.write(f"files removed: {retention.remove_files(found, min_age=age)}")
