"""The small things of `web.admin_parts` for templates."""

from typing import Any

from django import template
from django.template.base import FilterExpression, Parser, TextNode, Token
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from web import admin_parts

register = template.Library()

register.filter("money", admin_parts.money)
register.filter("clock", admin_parts.clock)
register.filter("took", admin_parts.took)
register.filter("percent", admin_parts.percent)
register.filter("ago", admin_parts.ago)
register.filter("filesize_short", admin_parts.size)
register.filter("scenes_count", admin_parts.scenes)
register.filter("person", admin_parts.person)
register.simple_tag(admin_parts.badge, name="badge")
register.simple_tag(admin_parts.bar, name="bar")


def _icon(name: str, css: str = "") -> SafeString:
    return format_html('<span class="material-symbols-outlined vp-icon {}" aria-hidden="true">{}</span>', css, name)


class IconNode(template.Node):
    """A symbol whose name is known only when the page is drawn."""

    def __init__(self, parts: list[FilterExpression]) -> None:
        self.parts = parts

    def render(self, context: template.Context) -> SafeString:
        return _icon(*(part.resolve(context) for part in self.parts))


@register.tag
def icon(parser: Parser, token: Token) -> template.Node:
    """`{% icon name [css] %}`: a symbol of the icon font, hidden from screen readers. A literal one is text of the template from the start."""
    parts = [parser.compile_filter(bit) for bit in token.split_contents()[1:]]
    if not 1 <= len(parts) <= 2:  # noqa: PLR2004  the name, and a class at most
        raise template.TemplateSyntaxError("An icon has a name and at most a class.")
    if any(isinstance(part.var, template.Variable) for part in parts):
        return IconNode(parts)
    return TextNode(_icon(*(str(part.var) for part in parts)))


@register.filter
def code_words(text: str) -> SafeString:
    """What stands between backticks as code, everything escaped."""
    parts = text.split("`")
    return format_html_join("", "{}", ((format_html("<code>{}</code>", part) if index % 2 else part,) for index, part in enumerate(parts)))


@register.filter
def at(mapping: dict[Any, Any], key: Any) -> Any:
    """The entry of a dictionary, or nothing."""
    return mapping.get(key)


@register.filter
def nth(values: list[Any], index: int) -> Any:
    """The value at this place, counted from 0."""
    return values[index]
