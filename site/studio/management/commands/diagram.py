"""Keeps the picture of a story's states in ARCHITECTURE.md and the tables of a call's states true."""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from studio import call_table
from studio.diagram import drawn


class Command(BaseCommand):
    help = "Draws the states of a story into ARCHITECTURE.md and prints those of a call into docs/operation/calls.md."

    def handle(self, *_args: Any, **_options: Any) -> None:
        file = Path(settings.BASE_DIR) / "ARCHITECTURE.md"
        file.write_text(drawn(file.read_text(encoding="utf-8")), encoding="utf-8")
        calls = Path(settings.BASE_DIR) / "docs" / "operation" / "calls.md"
        calls.write_text(call_table.written(calls.read_text(encoding="utf-8")), encoding="utf-8")
