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
from providers.errors import Invalid, Refused, Unclear

REFUSALS = {
    "refuse_invalid": (
        Refusal.INVALID,
        gettext_noop("Injected fault: the provider does not accept this request."),
    ),
    "refuse_moderated": (
        Refusal.MODERATED,
        gettext_noop(
            "Injected fault: the provider refused the content; change the words of the prompt."
        ),
    ),
    "refuse_key": (
        Refusal.KEY,
        gettext_noop("Injected fault: the provider does not accept the key."),
    ),
    "refuse_credits": (
        Refusal.CREDITS,
        gettext_noop("Injected fault: the account at the provider is empty."),
    ),
    "refuse_failed": (Refusal.FAILED, gettext_noop("Injected fault: the provider failed.")),
    "refuse_limit": (
        Refusal.LIMIT,
        gettext_noop("Injected fault: too many calls for the provider."),
    ),
    "unreachable": (
        Refusal.UNREACHABLE,
        gettext_noop("Injected fault: the provider cannot be reached."),
    ),
}
UNCLEAR = {
    "timeout": gettext_noop("Injected fault: no answer came in time; it may have been done."),
    "dropped": gettext_noop(
        "Injected fault: the connection broke before the answer; it may have been done."
    ),
}
# These accept the task and take effect when it is polled; `async` succeeds and is also usable as a
# normal mode.
TASKS = ("async", "async_failed", "async_lost", "expired_link")
SCENARIOS = (*REFUSALS, *UNCLEAR, *TASKS, "slow", "killed", "broken_file", "black_picture")
SETTINGS = {*Kind.values, "after", "times", "seconds"}


def check(settings: Mapping[str, Any]) -> None:
    """Raise `Invalid` if the `faults` setting has unknown keys or scenarios."""
    faults = settings.get("faults") or {}
    if not isinstance(faults, Mapping):
        raise Invalid(
            gettext_noop("The setting “%(name)s” must be a JSON object."),
            field="settings",
            name="faults",
        )
    unknown = sorted(set(faults) - SETTINGS)
    if unknown:
        raise Invalid(
            gettext_noop("Fault injection has no setting “%(name)s”."),
            field="settings",
            name=unknown[0],
        )
    for kind in Kind.values:
        if faults.get(kind) and faults[kind] not in SCENARIOS:
            raise Invalid(
                gettext_noop("There is no fault “%(name)s”; there are: %(known)s."),
                field="settings",
                name=str(faults[kind]),
                known=", ".join(SCENARIOS),
            )


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
