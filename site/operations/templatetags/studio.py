"""Template tags and filters for admin display."""

import json
from typing import Any

from django import template
from django.template.base import FilterExpression, Parser, TextNode, Token
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from core.admin import display
from stories.services.unread_notifications import unread_count

register = template.Library()

register.filter("money", display.money)
register.filter("clock", display.clock)
register.filter("took", display.took)
register.filter("percent", display.percent)
register.filter("ago", display.ago)
register.filter("filesize_short", display.size)
register.filter("scenes_count", display.scenes)
register.filter("person", display.person)
register.simple_tag(display.badge, name="badge")
register.simple_tag(display.bar, name="bar")


@register.simple_tag(takes_context=True)
def unread_notifications(context: template.Context) -> int:
    """How many notifications the person of the request has not read. One query."""
    return unread_count(context["request"].user)


def _icon(name: str, css: str = "") -> SafeString:
    return format_html(
        '<span class="material-symbols-outlined vp-icon {}" aria-hidden="true">{}</span>', css, name
    )


class IconNode(template.Node):
    """An icon whose name is resolved at render time."""

    def __init__(self, parts: list[FilterExpression]) -> None:
        self.parts = parts

    def render(self, context: template.Context) -> SafeString:
        return _icon(*(part.resolve(context) for part in self.parts))


@register.tag
def icon(parser: Parser, token: Token) -> template.Node:
    """`{% icon name [css] %}`: an icon of the icon font, hidden from screen readers.

    An icon with a literal name is rendered when the template is compiled.
    """
    parts = [parser.compile_filter(bit) for bit in token.split_contents()[1:]]
    if not 1 <= len(parts) <= 2:  # noqa: PLR2004  the name, and a class at most
        raise template.TemplateSyntaxError("An icon has a name and at most a class.")
    if any(isinstance(part.var, template.Variable) for part in parts):
        return IconNode(parts)
    return TextNode(_icon(*(str(part.var) for part in parts)))


@register.filter
def code_words(text: str) -> SafeString:
    """Escapes the text and wraps parts in backticks in code elements."""
    parts = text.split("`")
    return format_html_join(
        "",
        "{}",
        (
            (format_html("<code>{}</code>", part) if index % 2 else part,)
            for index, part in enumerate(parts)
        ),
    )


@register.filter
def strokes(drawing: list[Any]) -> str:
    """A drawing as JSON, for an attribute."""
    return json.dumps(drawing, separators=(",", ":"))


@register.filter
def at(mapping: dict[Any, Any], key: Any) -> Any:
    """Returns the entry of a dictionary, or nothing."""
    return mapping.get(key)


@register.filter
def nth(values: list[Any], index: int) -> Any:
    """Returns the item at this index, counted from 0."""
    return values[index]
