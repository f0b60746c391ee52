"""Reads the fields of the forms that edit scenes and spend money."""

from decimal import Decimal
from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext_noop

from core.numbers import amount, whole_number
from stories.errors import Invalid


def values_of(request: HttpRequest, names: tuple[str, ...]) -> dict[str, Any]:
    """The submitted fields. Raises Invalid for a number that cannot be parsed."""
    found: dict[str, Any] = {}
    for name in names:
        if name not in request.POST:
            continue
        text = request.POST[name].replace("\r\n", "\n").strip()
        if name == "seed":
            seed = whole_number(text)
            if seed is None:
                raise Invalid(gettext_noop("Write a whole number."), field=name)
            found[name] = seed
        elif name == "duration_seconds":
            seconds = amount(text)
            if seconds is None:
                raise Invalid(gettext_noop("Write a number of seconds."), field=name)
            found[name] = float(seconds)
        else:
            found[name] = text
    return found


def confirmed_price(request: HttpRequest) -> Decimal:
    """The price in USD that the person saw on the button.

    Raises Invalid if it is missing: nothing is spent unconfirmed.
    """
    total = amount(request.POST.get("confirm_total", ""))
    if total is None:
        raise Invalid(gettext_noop("Confirm the price first."), field="confirm_total")
    return total
