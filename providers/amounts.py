"""Amounts as providers tell them, on their way into the books."""

from decimal import Decimal, InvalidOperation

PLACES = Decimal("0.0001")
MOST = Decimal(1_000_000)


def usd(told: float | Decimal, *, unit: Decimal = Decimal(1), rounding: str | None = None) -> Decimal | None:
    """`told` units of `unit` USD each, to a hundredth of a cent; None for what is no amount: negative, or larger than any honest one."""
    try:
        found = Decimal(str(told)) * unit
        return found.quantize(PLACES, rounding=rounding) if 0 <= found <= MOST else None
    except InvalidOperation:  # not a number
        return None
