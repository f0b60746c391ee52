"""`manage.py unlock`: clears failed log-in attempts when nobody can log in to the admin."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accounts import login_throttle


class Command(BaseCommand):
    help = (
        "Lets an account, or everybody at an address, log in again at once: forgets the "
        "wrong tries."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name", nargs="?", default="", help="User name of the account.")
        parser.add_argument(
            "--address",
            default="",
            help="Address as it is counted: IPv4, or the /64 network of IPv6.",
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        name, address = options["name"], options["address"]
        if bool(name) == bool(address):
            raise CommandError("Name an account or --address.")
        count = login_throttle.unlock(name) if name else login_throttle.unlock_address(address)
        self.stdout.write(f"Wrong tries forgotten: {count}")
