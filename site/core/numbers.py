"""Parses numbers from addresses and forms: plain digits of limited length, or None.

`str.isdigit` accepts a superscript two, `int` is slow or raises for five thousand digits, and
`Decimal` accepts `sNaN`, which raises in every comparison.
"""

import re
from decimal import Decimal

MOST_DIGITS = 18  # fits into the integers of every database
_WHOLE = re.compile(r"[0-9]{1,18}")
_AMOUNT = re.compile(r"-?[0-9]{1,12}(?:\.[0-9]{1,12})?")


def whole_number(text: str) -> int | None:
    """Parse an unsigned whole number of at most 18 digits; None for any other text."""
    return int(text) if _WHOLE.fullmatch(text) else None


def amount(text: str) -> Decimal | None:
    """Parse an amount in plain decimal notation; None for any other text, including NaN and
    Infinity.
    """
    return Decimal(text) if _AMOUNT.fullmatch(text) else None
