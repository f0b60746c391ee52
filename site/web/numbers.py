"""Numbers that people and programs write into addresses and forms: plain digits of a sensible length, or nothing.

`str.isdigit` also says yes to a superscript two, `int` takes five thousand digits for long or raises, and `Decimal` takes
`sNaN`, which raises wherever it is compared.
"""

import re
from decimal import Decimal

MOST_DIGITS = 18  # fits into the integers of every database
_WHOLE = re.compile(r"[0-9]{1,18}")
_AMOUNT = re.compile(r"-?[0-9]{1,12}(?:\.[0-9]{1,12})?")


def whole_number(text: str) -> int | None:
    """The whole number of at most 18 digits that `text` is, without a sign; None for everything else."""
    return int(text) if _WHOLE.fullmatch(text) else None


def amount(text: str) -> Decimal | None:
    """The amount that `text` is in plain decimal notation; None for everything else, also NaN and Infinity."""
    return Decimal(text) if _AMOUNT.fullmatch(text) else None
