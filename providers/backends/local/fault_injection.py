"""Fault injection for tests and training: the local provider fails in every way a provider can.

Configured in the provider's settings:
`{"faults": {"image": "refuse_moderated", "after": 2, "times": 1, "seconds": 5}}`. Of a story's
images the first two succeed, the next one fails as named, and the others succeed again. Without
`times` all later ones fail.
"""

import os
import signal
import time
from collections.abc import Mapping
from datetime import timedelta
from io import BytesIO
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext_noop
from PIL import Image

from providers.adapters import Accepted, CallContext
from providers.enums import Kind, Refusal
from providers.errors import Refused, Unclear

from .fault_settings import REFUSALS, TASKS, UNCLEAR


def scenario(settings: Mapping[str, Any], kind: Kind, call_context: CallContext) -> str:
    """Return the scenario for this call; empty for none."""
    faults = settings.get("faults") or {}
    place = call_context.nth - int(faults.get("after", 0))
    times = faults.get("times")
    return (
        str(faults.get(kind) or "") if place > 0 and (times is None or place <= int(times)) else ""
    )


def black_picture(size: tuple[int, int]) -> bytes:
    """Return a PNG of this width and height that is black throughout."""
    target = BytesIO()
    Image.new("RGB", size).save(target, "PNG")
    return target.getvalue()


def seconds(settings: Mapping[str, Any], default: float) -> float:
    return float((settings.get("faults") or {}).get("seconds", default))


def play(name: str, settings: Mapping[str, Any], call_context: CallContext) -> Accepted | None:
    """Execute the scenario: raise, wait, accept a task, kill the process, or return None."""
    if name in REFUSALS:
        kind, template = REFUSALS[name]
        until = (
            timezone.now() + timedelta(seconds=seconds(settings, 5))
            if kind == Refusal.LIMIT
            else None
        )
        raise Refused(template, kind=kind, until=until)
    if name in UNCLEAR:
        raise Unclear(UNCLEAR[name])
    if name in TASKS:
        ready_at = int((timezone.now() + timedelta(seconds=seconds(settings, 3))).timestamp())
        return Accepted(
            f"local-{name}-{ready_at}-{call_context.attempt.hex}",
            poll_in=min(1.0, seconds(settings, 3)),
        )
    if name == "slow":
        _wait(seconds(settings, 10), call_context)
    if name == "killed":
        os.kill(os.getpid(), signal.SIGKILL)
    return None


def _wait(length: float, call_context: CallContext) -> None:
    end = time.monotonic() + length
    while (left := end - time.monotonic()) > 0:
        if call_context.should_stop():
            raise Refused(gettext_noop("It was stopped."), kind=Refusal.CANCELLED)
        call_context.on_progress(int(100 * (1 - left / length)))
        time.sleep(min(0.2, left))
