"""Runs the fault-injection command outside the product: `python -m tests.chaos`."""

import os
import sys
from pathlib import Path

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
sys.path.insert(1, str(Path(__file__).resolve().parents[2] / "site"))
django.setup()

from tests.chaos.command import Command  # noqa: E402  needs the settings

Command().run_from_argv(["python", "-m tests.chaos", *sys.argv[1:]])
