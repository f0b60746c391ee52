"""`manage.py work`: runs jobs until it is stopped."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from jobs.worker.pool import Size
from jobs.worker.supervisor import PAID_SECONDS, Supervisor


class Command(BaseCommand):
    help = (
        "Does the jobs in the queue: a pool of worker processes and a ticker, until "
        "SIGTERM or Ctrl+C."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--min",
            "--workers",
            dest="least",
            type=int,
            default=settings.WORKERS,
            help="Workers that are always there (WORKERS).",
        )
        parser.add_argument(
            "--max",
            dest="most",
            type=int,
            help="Workers that there may be while jobs queue (as many as --min).",
        )
        parser.add_argument(
            "--idle",
            type=float,
            default=30.0,
            help="Seconds after which a worker that is not needed ends.",
        )
        parser.add_argument(
            "--grace",
            type=float,
            default=5.0,
            help="Seconds that running jobs have to stop in when it ends.",
        )

        help_text = (
            "Seconds that providers have to answer paid requests in when it ends; "
            "meanwhile nothing else is done."
        )
        parser.add_argument("--paid-grace", type=float, default=PAID_SECONDS, help=help_text)

    def handle(
        self,
        *_args: Any,
        least: int,
        most: int | None,
        idle: float,
        grace: float,
        paid_grace: float,
        **_options: Any,
    ) -> None:
        try:
            size = Size(least, least if most is None else most, idle)
        except ValueError as error:
            raise CommandError(str(error)) from error
        Supervisor(size=size, grace=grace, paid_grace=paid_grace).run()
