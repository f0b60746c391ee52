"""Maps ComfyUI's errors to refusals. The server is one's own: what it refuses costs nothing."""

import re
from datetime import timedelta
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext_noop

from providers.client import ProviderResponse, UnreadableError, brief
from providers.enums import Refusal
from providers.errors import Refused

from .messages import Entry, Problem, Problems

MEMORY = re.compile(r"OutOfMemory|out of memory|Allocation on device", re.IGNORECASE)
LIMIT_PAUSE = timedelta(seconds=30)
KINDS = {401: Refusal.KEY, 402: Refusal.CREDITS, 403: Refusal.KEY, 429: Refusal.LIMIT}
TEMPLATES = {
    Refusal.INVALID: gettext_noop("%(provider)s does not accept the workflow: %(words)s"),
    Refusal.KEY: gettext_noop("%(provider)s does not accept the key: %(words)s"),
    Refusal.CREDITS: gettext_noop("The account at %(provider)s is empty: %(words)s"),
    Refusal.LIMIT: gettext_noop("Too many calls for %(provider)s: %(words)s"),
    Refusal.MEMORY: gettext_noop(
        "The graphics card of %(provider)s has too little memory for this: make it smaller or "
        "shorter, or use another server. It says: %(words)s"
    ),
    Refusal.FAILED: gettext_noop("%(provider)s worked on it and failed: %(words)s"),
    Refusal.CANCELLED: gettext_noop("It was stopped at %(provider)s."),
}


def words_of(answer: ProviderResponse) -> str:
    """Return what the server says, with the first node that it objects to."""
    try:
        found = answer.parsed(Problems)
    except UnreadableError:
        return brief(answer.text) or f"HTTP {answer.status}"
    error = found.error if isinstance(found.error, Problem) else Problem(message=found.error)
    words = ": ".join(part for part in (error.message, error.details) if part)
    node = _first_node(found.node_errors)
    return brief(f"{words} ({node})" if node and node not in words else words) or (
        f"HTTP {answer.status}"
    )


def _first_node(node_errors: dict[str, Any]) -> str:
    for number, found in node_errors.items():
        if isinstance(found, dict):
            return f"{found.get('class_type', '')} {number}".strip()
    return ""


def left_out(node_errors: dict[str, Any], output: str) -> str:
    """Return why the workflow's own output is not made, though a part of the workflow is run; empty
    if it is made.
    """
    for number, found in node_errors.items():
        if not isinstance(found, dict):
            continue
        errors = [one for one in found.get("errors") or [] if isinstance(one, dict)]
        outputs = found.get("dependent_outputs")
        if number == output or (isinstance(outputs, list) and output in map(str, outputs)):
            first = errors[0] if errors else {}
            words = [str(first[key]) for key in ("message", "details") if first.get(key)]
            return brief(f"{': '.join(words)} ({_first_node({number: found})})")
    return ""


def refusal(answer: ProviderResponse, *, provider: str) -> Refused:
    kind = KINDS.get(answer.status, Refusal.INVALID)
    wait = answer.retry_after or LIMIT_PAUSE
    return Refused(
        TEMPLATES[kind],
        kind=kind,
        until=timezone.now() + wait if kind == Refusal.LIMIT else None,
        provider=provider,
        words=words_of(answer),
    )


def failure(entry: Entry, *, provider: str) -> Refused:
    """Return the refusal for a job that ended without success."""
    events = _events(entry)
    if "execution_interrupted" in events:
        return Refused(TEMPLATES[Refusal.CANCELLED], kind=Refusal.CANCELLED, provider=provider)
    error = events.get("execution_error", {})
    sort, text = str(error.get("exception_type", "")), str(error.get("exception_message", ""))
    node = str(error.get("node_type", ""))
    kind = Refusal.MEMORY if MEMORY.search(f"{sort} {text}") else Refusal.FAILED
    words = brief(f"{node}: {text.strip() or sort}" if node else text.strip() or sort) or "error"
    return Refused(TEMPLATES[kind], kind=kind, provider=provider, words=words)


def _events(entry: Entry) -> dict[str, dict[str, Any]]:
    """Return what the server wrote down about the job, by the name of the event."""
    found: dict[str, dict[str, Any]] = {}
    for message in entry.status.messages if entry.status else []:
        if isinstance(message, list) and len(message) > 1 and isinstance(message[1], dict):
            found[str(message[0])] = message[1]
    return found
