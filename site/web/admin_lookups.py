"""Which columns the address of a list may ask for: those of its filters, and no others.

Django lets every column of the list's own model be looked up, also one that no page shows, and a few hundred questions
that begin with `api_key__startswith` spell out what is in it.
"""

import re
from typing import Any

from django.contrib.admin import FieldListFilter, SimpleListFilter
from django.contrib.admin.options import TO_FIELD_VAR
from django.db.models import CharField, Field
from django.http import HttpRequest

from ground.visible import require_visible

from .numbers import MOST_DIGITS

LONG_NUMBER = re.compile(rf"[0-9]{{{MOST_DIGITS + 1}}}")
PLAIN = frozenset({"exact", "in", "isnull", "gt", "gte", "lt", "lte", "id", "pk", "year", "month", "day", "from", "to"})


class VisibleNames:
    """For admin classes of models and inlines: titles and names must show something."""

    def formfield_for_dbfield(self, db_field: "Field[Any, Any]", request: HttpRequest, **more: Any) -> Any:
        """As ever, with one more validator."""
        field = super().formfield_for_dbfield(db_field, request, **more)  # type: ignore[misc]  # of the ModelAdmin behind it
        if field is not None and isinstance(db_field, CharField) and not db_field.choices:
            field.validators.append(require_visible)
        return field


class NamedLookups(VisibleNames):
    """Comes before every ModelAdmin of the site (`AdminSite.register`). `lookups` names what pages link to beside the filters."""

    lookups: tuple[str, ...] = ()

    def lookup_allowed(self, lookup: str, value: Any, request: HttpRequest) -> bool:
        if LONG_NUMBER.search(str(value)):
            return False  # no row has it, and no database compares it
        admin: Any = self
        names = {*self.lookups, TO_FIELD_VAR, *([admin.date_hierarchy] if admin.date_hierarchy else [])}
        for entry in admin.get_list_filter(request):
            first = entry[0] if isinstance(entry, tuple | list) else entry
            if isinstance(first, type) and issubclass(first, SimpleListFilter):
                names.add(str(first.parameter_name))
            elif not (isinstance(first, type) and issubclass(first, FieldListFilter)):
                names.add(str(first))
        return any(_is_plain(lookup, name) for name in names)


def _is_plain(lookup: str, name: str) -> bool:
    """Whether it compares the named column, and nothing behind it."""
    if lookup == name:
        return True
    return lookup.startswith(f"{name}__") and set(lookup.removeprefix(f"{name}__").split("__")) <= PLAIN
