"""List filters: Unfold's drop-downs with faster rendering of the options."""

from collections.abc import Iterator, Mapping
from typing import Any

from django.utils.safestring import SafeString
from django.utils.text import capfirst
from unfold.contrib.filters import admin as unfold
from unfold.contrib.filters.forms import DropdownForm
from unfold.widgets import UnfoldAdminSelectWidget

from .display import quick_html


class QuickSelect(UnfoldAdminSelectWidget):
    """Renders options without a template for each; a filter by user has one option per account."""

    def optgroups(self, name: str, value: Any, attrs: Mapping[str, Any] | None = None) -> list[Any]:  # noqa: ARG002  Django's signature
        return []  # `render` writes them

    def render(
        self, name: str, value: Any, attrs: dict[str, Any] | None = None, renderer: Any = None
    ) -> SafeString:
        chosen = self.format_value(value)
        drawn = (
            quick_html(
                '<option value="{}"{}>{}</option>',
                key,
                SafeString(" selected" if str(key) in chosen else ""),
                label,
            )
            for key, label in self.choices
        )
        return SafeString(
            super()
            .render(name, value, attrs, renderer)
            .replace("</select>", f"{''.join(drawn)}</select>")
        )


class QuickForm(DropdownForm):
    widget = QuickSelect(
        attrs={
            "data-theme": "admin-autocomplete",
            "class": "unfold-admin-autocomplete admin-autocomplete",
        }
    )


class TitleAsLabel:
    """Labels the drop-down with the filter's title.

    Unfold writes "By state"; in Korean that is the name of the column with an undecided particle.
    """

    title: Any

    def choices(self, changelist: Any) -> Iterator[dict[str, Any]]:
        found: dict[str, Any]
        for found in super().choices(changelist):  # type: ignore[misc]  # a mixin of filters
            for field in found["form"].fields.values():
                field.label = capfirst(str(self.title))
            yield found


# A mixin before Unfold's own
class DropdownFilter(TitleAsLabel, unfold.DropdownFilter):  # type: ignore[misc]
    form_class = QuickForm


# A mixin before Unfold's own
class ChoicesFilter(TitleAsLabel, unfold.ChoicesDropdownFilter):  # type: ignore[misc]
    form_class = QuickForm


# A mixin before Unfold's own
class RelatedFilter(TitleAsLabel, unfold.RelatedDropdownFilter):  # type: ignore[misc]
    form_class = QuickForm


# A mixin before Unfold's own
class BooleanFilter(TitleAsLabel, unfold.BooleanRadioFilter):  # type: ignore[misc]
    """Yes, no or all."""
