"""`manage.py work`: does the jobs until it is told to end."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser

from jobs.work.supervisor import Supervisor


class Command(BaseCommand):
    help = "Does the jobs in the queue: a pool of worker processes and a ticker, until SIGTERM or Ctrl-C."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--workers", type=int, default=settings.WORKERS, help="How many jobs at a time (the setting WORKERS by default).")
        parser.add_argument("--grace", type=float, default=5.0, help="Seconds that running jobs have to stop in when it ends.")

    def handle(self, *_args: Any, workers: int, grace: float, **_options: Any) -> None:
        Supervisor(workers=workers, grace=grace).run()
