"""Restricts the lookups in list URLs to the columns of the list's filters.

Django allows lookups on every column of the list's model, also on hidden ones. A few hundred
requests with `api_key__startswith` would reveal its value.
"""

import re
from typing import Any

from django.contrib.admin import FieldListFilter, SimpleListFilter
from django.contrib.admin.options import TO_FIELD_VAR
from django.db.models import CharField, Field
from django.http import HttpRequest

from core.numbers import MOST_DIGITS
from core.visible import require_visible

LONG_NUMBER = re.compile(rf"[0-9]{{{MOST_DIGITS + 1}}}")
PLAIN = frozenset(
    {
        "exact",
        "in",
        "isnull",
        "gt",
        "gte",
        "lt",
        "lte",
        "id",
        "pk",
        "year",
        "month",
        "day",
        "from",
        "to",
    }
)


class VisibleNames:
    """Mixin for ModelAdmin and inlines: titles and names must contain a visible character."""

    def formfield_for_dbfield(
        self, db_field: "Field[Any, Any]", request: HttpRequest, **more: Any
    ) -> Any:
        """Add the visibility validator to text fields without choices."""
        # Of the ModelAdmin behind it
        field = super().formfield_for_dbfield(db_field, request, **more)  # type: ignore[misc]
        if field is not None and isinstance(db_field, CharField) and not db_field.choices:
            field.validators.append(require_visible)
        return field


class NamedLookups(VisibleNames):
    """Mixin that `AdminSite.register` puts before every ModelAdmin.

    `lookups` lists the lookups that pages link to in addition to the filters.
    """

    lookups: tuple[str, ...] = ()

    def lookup_allowed(self, lookup: str, value: Any, request: HttpRequest) -> bool:
        if LONG_NUMBER.search(str(value)):
            return False  # no row has such a number, and databases cannot compare it
        admin: Any = self
        names = {
            *self.lookups,
            TO_FIELD_VAR,
            *([admin.date_hierarchy] if admin.date_hierarchy else []),
        }
        for entry in admin.get_list_filter(request):
            first = entry[0] if isinstance(entry, tuple | list) else entry
            if isinstance(first, type) and issubclass(first, SimpleListFilter):
                names.add(str(first.parameter_name))
            elif not (isinstance(first, type) and issubclass(first, FieldListFilter)):
                names.add(str(first))
        return any(_is_plain(lookup, name) for name in names)


def _is_plain(lookup: str, name: str) -> bool:
    """Return whether the lookup compares the named column itself and follows no relation."""
    if lookup == name:
        return True
    return (
        lookup.startswith(f"{name}__")
        and set(lookup.removeprefix(f"{name}__").split("__")) <= PLAIN
    )
