"""Keeps the picture of a story's states in ARCHITECTURE.md true."""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from studio.diagram import drawn


class Command(BaseCommand):
    help = "Draws the states of a story into ARCHITECTURE.md."

    def handle(self, *_args: Any, **_options: Any) -> None:
        file = Path(settings.BASE_DIR) / "ARCHITECTURE.md"
        file.write_text(drawn(file.read_text(encoding="utf-8")), encoding="utf-8")
