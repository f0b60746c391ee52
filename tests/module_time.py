"""Replaces functions of `time` for one module alone."""

import time
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest


def replace_time(monkeypatch: pytest.MonkeyPatch, module: ModuleType, **functions: Any) -> None:
    """Let `module` find `functions` in its `time`, and everything else as it is.

    `setattr(module.time, "sleep", …)` would replace it for the whole process: `subprocess` sleeps
    while it waits for a child, and other threads sleep, too.
    """
    own = SimpleNamespace(**{**vars(time), **functions})
    monkeypatch.setattr(module, "time", own)
