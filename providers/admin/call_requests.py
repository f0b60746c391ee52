"""The request of a call in words, for its page."""

from collections.abc import Callable, Mapping
from typing import Any

from django.utils.translation import gettext, gettext_lazy, ngettext


def _text(value: Any) -> str:
    return str(value)


def _seconds(value: Any) -> str:
    return gettext("%(seconds)s s") % {"seconds": f"{int(value) / 1000:g}"}


def _members(value: Any) -> str:
    return ", ".join(str(member.get("name", "")) for member in value)


def _characters(value: Any) -> str:
    count = len(str(value))
    return ngettext("%(count)s character", "%(count)s characters", count) % {"count": count}


# The fields of requests that say what was asked for, in the order of the page. A file is named in
# the request as it was sent.
FIELDS: dict[str, tuple[Any, Callable[[Any], str]]] = {
    "prompt": (gettext_lazy("Prompt"), _text),
    "prompt_en": (gettext_lazy("Prompt in English"), _text),
    "text": (gettext_lazy("Text"), _text),
    "script": (gettext_lazy("Script"), _characters),
    "scenes": (gettext_lazy("Scenes"), _text),
    "negative": (gettext_lazy("What to avoid"), _text),
    "style": (gettext_lazy("Style"), _text),
    "cast": (gettext_lazy("Cast"), _members),
    "voice": (gettext_lazy("Voice"), _text),
    "direction": (gettext_lazy("Direction"), _text),
    "mood": (gettext_lazy("Mood"), _text),
    "duration_ms": (gettext_lazy("Length"), _seconds),
    "aspect_ratio": (gettext_lazy("Format"), _text),
    "seed": (gettext_lazy("Seed"), _text),
}


def request_in_words(request: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Label and value of each field that was asked for. Defaults are not in a request."""
    found = []
    for name, (label, in_words) in FIELDS.items():
        if request.get(name):
            try:
                found.append((str(label), in_words(request[name])))
            except (AttributeError, TypeError, ValueError):
                continue  # a request of an earlier version; it is shown as it was sent
    return found
