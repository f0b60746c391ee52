"""Renders complete cards with a small template of its own.

A page has many cards, and each poll can bring more. Parts that are the same on all cards are
rendered once per language.
"""

from collections.abc import Iterable
from functools import lru_cache
from typing import Any
from uuid import UUID

from django.template import Context
from django.template.loader import get_template, render_to_string
from django.utils.html import conditional_escape, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language, gettext, override, pgettext

from core.admin.display import money
from stories.enums import Camera

from .cards import Card

TEMPLATE = "board/card.html"


@lru_cache
def words(language: str) -> dict[str, SafeString]:
    """The fixed texts of every card, in this language. `%(n)s` is the scene's number."""
    with override(language):
        message = {
            "title": gettext("Title"),
            "untitled": gettext("Untitled scene"),
            "narration": gettext("Narration"),
            "prompt": gettext("Prompt"),
            "shows": gettext("What the picture shows"),
            "camera": gettext("Camera"),
            "length": gettext("Length in seconds"),
            "seconds": pgettext("seconds", "s"),
            "takes": gettext("Takes"),
            "comments": gettext("Open comments"),
            "left": gettext("What this scene still costs"),
            "plays": gettext("The clip plays when you point at it"),
            "save": gettext("Save"),
            "earlier": gettext("Earlier"),
            "later": gettext("Later"),
            "more": gettext("More"),
            "stale": gettext("Out of date"),
            "rejected": gettext("Rejected"),
            "failed": gettext("Failed"),
            "doubtful": gettext("Doubtful"),
            "locked": gettext("Locked"),
            "decide": gettext("Decide"),
            "open": gettext("Open scene %(n)s: takes and comments"),
            "move": gettext("Move scene %(n)s"),
            "pick": gettext("Select scene %(n)s"),
            "menu": gettext("More for scene %(n)s"),
            "cast": gettext("Cast"),
        }
    return {name: conditional_escape(text) for name, text in message.items()}


@lru_cache(maxsize=256)
def tools(language: str, story_id: UUID, *, may_act: bool, has_model: bool) -> SafeString:
    """The parts that all cards of this story share, in this language.

    `may_act`: include the owner's bulk actions. `has_model`: a model of the story checks takes.
    """
    with override(language):
        return render_to_string(
            "board/tools.html",
            {
                "story_id": story_id,
                "may_act": may_act,
                "has_model": has_model,
                "cameras": Camera.choices,
            },
        )


NUMBERED = ("open", "move", "pick", "menu")


@lru_cache
def cameras(language: str, chosen: str) -> SafeString:
    """The options of the camera field with this one selected."""
    with override(language):
        rows = (
            (value, mark_safe(" selected") if value == chosen else "", label)
            for value, label in Camera.choices
        )
        return format_html_join("", '<option value="{}"{}>{}</option>', rows)


def draw(card: Card, *, csrf_token: str = "") -> SafeString:
    """Render the card, as a placeholder if it is not visible.

    A token adds buttons for browsers without JavaScript.
    """
    if not card.full:
        return card.placeholder
    language = get_language() or "en"
    message = words(language)
    numbers = {"n": card.scene.position}
    context = {
        "card": card,
        "scene": card.scene,
        "key": mark_safe(card.scene.key),  # noqa: S308  an id
        "url": mark_safe(card.url),  # noqa: S308  built here
        "seen": card.seen,
        "states": card.states,
        "clip_url": card.clip_url,
        "picture": card.picture,
        "running": card.running,
        "left": money(card.left) if card.left else "",
        "cast": card.cast,
        "words": message,
        # Escaped, with a number of our own
        "names": {name: mark_safe(message[name] % numbers) for name in NUMBERED},  # noqa: S308
        "cameras": cameras(language, card.scene.prompt.camera),
        "may_edit": card.may_edit,
        "may_arrange": card.may_arrange,
        "fixed": "" if card.may_edit else mark_safe(" readonly"),
        "csrf_token": csrf_token if card.may_edit else "",
    }
    template: Any = get_template(TEMPLATE)
    html: SafeString = template.template.render(Context(context))
    return html


def drawn(cards: Iterable[Card], *, csrf_token: str = "") -> SafeString:
    """The markup of the cards in sequence."""
    # Each is safe
    return mark_safe("".join(draw(card, csrf_token=csrf_token) for card in cards))  # noqa: S308
