from decimal import Decimal

import pytest

from core.numbers import amount, whole_number


@pytest.mark.parametrize(
    ("text", "number"), [("0", 0), ("7", 7), ("0012", 12), ("9" * 18, 10**18 - 1)]
)
def test_whole_numbers(text, number):
    assert whole_number(text) == number


@pytest.mark.parametrize(
    "text",
    [
        "",
        " 1",
        "1 ",
        "-1",
        "+1",
        "1.0",
        "1e3",
        "²",
        "１",
        "٣",
        "1_000",
        "9" * 19,
        "9" * 5000,
        "NaN",
        "\x001",
        "0x1",
    ],
)
def test_what_is_no_whole_number(text):
    assert whole_number(text) is None


@pytest.mark.parametrize("text", ["0", "1.50", "-3", "0.0001", "999999999999.999999999999"])
def test_amounts(text):
    assert amount(text) == Decimal(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "NaN",
        "sNaN",
        "Infinity",
        "-inf",
        "1e5",
        "1_0",
        " 1",
        "1.",
        ".5",
        "²",
        "１",
        "9" * 13,
        "1." + "0" * 5000,
        "0x1",
        "1,5",
    ],
)
def test_what_is_no_amount(text):
    assert amount(text) is None
