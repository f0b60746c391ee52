"""Conversion and rounding of the amounts that providers report."""

from decimal import ROUND_UP, Decimal, InvalidOperation

PLACES = Decimal("0.0001")
MOST = Decimal(1_000_000)


def rounded(amount: Decimal) -> Decimal:
    """Round an amount up to a hundredth of a cent, so that the ledger never records less.

    Used for every amount in the ledger, on bills and in prices. Raises `InvalidOperation` if the
    amount is not a number.
    """
    return amount.quantize(PLACES, rounding=ROUND_UP)


def usd(amount: float | Decimal, *, unit: Decimal = Decimal(1)) -> Decimal | None:
    """Return `told` units of `unit` USD each, rounded.

    Returns None if the amount is negative, implausibly large or not a number.
    """
    try:
        found = Decimal(str(amount)) * unit
        return rounded(found) if 0 <= found <= MOST else None
    except InvalidOperation:  # not a number
        return None
