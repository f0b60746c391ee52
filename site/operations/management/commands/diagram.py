"""`manage.py diagram`: updates the story states in ARCHITECTURE.md and the
tables of call states.
"""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from operations import call_state_table
from operations.story_state_diagram import drawn


class Command(BaseCommand):
    help = (
        "Draws the states of a story into ARCHITECTURE.md and prints those of a call into "
        "docs/operation/calls.md."
    )

    def handle(self, *_args: Any, **_options: Any) -> None:
        file = Path(settings.BASE_DIR) / "ARCHITECTURE.md"
        file.write_text(drawn(file.read_text(encoding="utf-8")), encoding="utf-8")
        calls = Path(settings.BASE_DIR) / "docs" / "operation" / "calls.md"
        calls.write_text(
            call_state_table.written(calls.read_text(encoding="utf-8")), encoding="utf-8"
        )
