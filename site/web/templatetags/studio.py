"""The small things of `web.admin_parts` for templates."""

from typing import Any

from django import template
from django.utils.html import format_html
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
register.simple_tag(admin_parts.badge, name="badge")
register.simple_tag(admin_parts.bar, name="bar")


@register.simple_tag
def icon(name: str, css: str = "") -> SafeString:
    """A symbol of the icon font, hidden from screen readers."""
    return format_html('<span class="material-symbols-outlined vp-icon {}" aria-hidden="true">{}</span>', css, name)


@register.filter
def at(mapping: dict[Any, Any], key: Any) -> Any:
    """The entry of a dictionary, or nothing."""
    return mapping.get(key)


@register.filter
def nth(values: list[Any], index: int) -> Any:
    """The value at this place, counted from 0."""
    return values[index]
