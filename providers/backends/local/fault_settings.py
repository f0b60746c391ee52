"""The setting `faults` of the local provider: the faults there are, and its check."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_noop

from providers.enums import Kind, Refusal
from providers.errors import Invalid

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
