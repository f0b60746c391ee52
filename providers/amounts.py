"""Amounts as providers tell them, on their way into the books."""

from decimal import ROUND_UP, Decimal, InvalidOperation

PLACES = Decimal("0.0001")
MOST = Decimal(1_000_000)


def rounded(amount: Decimal) -> Decimal:
    """The one rule for every amount in the books, on bills and in prices: up to a hundredth of a cent, so that less is never booked.

    Raises `InvalidOperation` for what is no number.
    """
    return amount.quantize(PLACES, rounding=ROUND_UP)


def usd(told: float | Decimal, *, unit: Decimal = Decimal(1)) -> Decimal | None:
    """`told` units of `unit` USD each, rounded; None for what is no amount: negative, or larger than any honest one."""
    try:
        found = Decimal(str(told)) * unit
        return rounded(found) if 0 <= found <= MOST else None
    except InvalidOperation:  # not a number
        return None
