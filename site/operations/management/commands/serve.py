"""`manage.py serve`: runs the web server and the workers on one machine."""

import os
import time
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.urls import reverse
from django.utils.translation import gettext as _

from core.localized_messages import DomainError
from operations.bootstrap import prepare
from operations.process_supervisor import (
    PAID_STOP_SECONDS,
    Children,
    Ended,
    ended_by_signals,
    require_free_port,
)

CHECK_INTERVAL = 0.3
LAST_PORT = 65535


def web_command(host: str, port: int) -> list[str]:
    """Returns the web server command, with the settings of every installation
    (`site/config/gunicorn_settings.py`).
    """
    address = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    config = str(settings.BASE_DIR / "site" / "config" / "gunicorn_settings.py")
    return [
        "-m",
        "gunicorn",
        "-c",
        config,
        "--bind",
        address,
        "--graceful-timeout",
        "3",
        "--log-level",
        "warning",
    ]


def work_command() -> list[str]:
    return [str(settings.BASE_DIR / "manage.py"), "work"]


def add_address(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--host",
        default=os.environ.get("HOST") or "127.0.0.1",
        help="Address to listen on (or the variable HOST).",
    )
    parser.add_argument(
        "--port",
        default=os.environ.get("PORT") or "8000",
        help="Port to listen on (or the variable PORT).",
    )


def checked_address(options: dict[str, Any]) -> tuple[str, int]:
    """Returns a free host and port to listen on. Raises CommandError or PortInUseError."""
    if not (options["port"].isdecimal() and 0 < int(options["port"]) <= LAST_PORT):
        raise CommandError(
            _("PORT must be a whole number from 1 to 65535, not “%(port)s”.")
            % {"port": options["port"]}
        )
    host, port = options["host"], int(options["port"])
    require_free_port(host, port)
    return host, port


class Command(BaseCommand):
    help = "Serves the studio and works its queue, on one machine, until Ctrl+C or SIGTERM."

    def add_arguments(self, parser: ArgumentParser) -> None:
        add_address(parser)

    def handle(self, *_args: Any, **options: Any) -> None:
        try:
            host, port = checked_address(options)
            with ended_by_signals(), Children() as children:
                for line in prepare():
                    self.stdout.write(str(line))
                children.start("work", work_command(), stop_seconds=PAID_STOP_SECONDS)
                children.start("web", web_command(host, port))
                self.stdout.write(
                    _("The studio is at %(url)s. Press Ctrl+C to stop.") % {"url": url(host, port)}
                )
                self.stdout.flush()
                check_children(children, self)
        except DomainError as error:
            raise CommandError(str(error)) from error
        except Ended as ended:
            raise SystemExit(ended.exit_code) from None


def url(host: str, port: int) -> str:
    return f"http://{f'[{host}]' if ':' in host else host}:{port}{reverse('admin:index')}"


def check_children(children: Children, command: BaseCommand) -> None:
    """Restarts ended processes until a signal arrives."""
    while True:
        time.sleep(CHECK_INTERVAL)
        for name in children.check():
            command.stderr.write(
                _("The process “%(name)s” had ended and was started again.") % {"name": name}
            )
