"""A provider's bill against the ledger, both ways."""

import time
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from providers.amounts import usd
from providers.errors import Invalid
from providers.models import AIProviderConfig, ProviderCall
from providers.services import bills
from tests.providers.conftest import make_paid

AT = datetime(2026, 11, 10, 3, tzinfo=UTC)


@pytest.fixture
def config(db: None) -> AIProviderConfig:
    return make_paid()


def call(**values: Any) -> ProviderCall:
    number = ProviderCall.objects.count()
    common = {
        "provider_id": "paid",
        "kind": "image",
        "key": str(number),
        "request_hash": "",
        "unit_price": 1,
        "units": 1,
        "estimate": Decimal("0.05"),
    }
    return ProviderCall.objects.create(
        **(common | {"state": "settled", "cost": Decimal("0.05"), "reserved_at": AT} | values)
    )


def test_bill_that_agrees(config: AIProviderConfig) -> None:
    call(task_id="t1")
    call(task_id="t2", cost=Decimal("0.35"))
    call(cost=Decimal("0.03"))
    report = bills.compare(
        config,
        bills.read_csv(
            "Date,Task ID,Amount\n2026-11-10,t1,0.05\n2026-11-10,t2,$0.35\n2026-11-11,,0.03\n"
        ),
    )
    assert (len(report.matched), report.agrees) == (3, True)


def test_what_only_one_of_the_two_knows(config: AIProviderConfig) -> None:
    call(task_id="t1")
    ours = call(task_id="never billed")
    call(state="refused", cost=Decimal(0), task_id="free")
    call(task_id="long ago", reserved_at=AT.replace(month=9))
    text = (
        "date,id,credits\n2026-11-10,t1,5\n2026-11-10,invented,7\n2026-11-10,t1,5\n2026-11-10,,99\n"
    )
    report = bills.compare(config, bills.read_csv(text))
    assert [line.number for line, _ in report.matched] == [2]
    assert [(line.number, line.amount) for line in report.unknown] == [
        (3, Decimal("0.07")),
        (4, Decimal("0.05")),
        (5, Decimal("0.99")),
    ]
    assert report.unbilled == [ours]
    assert not report.agrees


def test_line_for_what_was_decided_as_not_charged_names_that_call(
    config: AIProviderConfig,
) -> None:
    free = call(task_id="t-free", state="refused", cost=Decimal(0))
    old = call(task_id="t-old", reserved_at=AT.replace(month=9))
    by_key = call(state="refused", cost=Decimal(0))
    call(task_id="foreign", provider_id="local")
    paid = call(task_id="twice")
    ids = ("t-free", "t-old", str(by_key.pk), "foreign", "never", "twice", "twice")
    text = "date,id,usd\n" + "".join(f"2026-11-10,{one},0.05\n" for one in ids)
    report = bills.compare(config, bills.read_csv(text))
    assert report.named == {2: free, 3: old, 4: by_key, 8: paid}
    assert [line.number for line in report.unknown] == [2, 3, 4, 5, 6, 8]
    assert (report.booked, report.billed) == (Decimal("0.05"), Decimal("0.35"))


def test_other_amount_is_told(config: AIProviderConfig) -> None:
    ours = call(task_id="t1")
    report = bills.compare(config, [bills.Line(2, date(2026, 11, 10), Decimal("0.06"), "t1")])
    assert report.differing == [(bills.Line(2, date(2026, 11, 10), Decimal("0.06"), "t1"), ours)]


def test_call_named_by_our_own_id(config: AIProviderConfig) -> None:
    ours = call()
    report = bills.compare(
        config, [bills.Line(2, date(2026, 11, 10), Decimal("0.05"), str(ours.pk))]
    )
    assert [found for _, found in report.matched] == [ours]


def test_unclear_call_may_be_on_the_bill_and_need_not(config: AIProviderConfig) -> None:
    unclear = call(state="unclear", cost=None)
    report = bills.compare(config, [bills.Line(2, date(2026, 11, 10), Decimal("0.05"))])
    assert [found for _, found in report.matched] == [unclear]
    assert (
        bills.compare(config, [bills.Line(2, date(2026, 11, 10), Decimal("0.77"))]).unbilled == []
    )


def test_day_may_be_one_off_and_no_more(config: AIProviderConfig) -> None:
    call()
    with timezone.override("Asia/Seoul"):
        assert (
            len(bills.compare(config, [bills.Line(2, date(2026, 11, 11), Decimal("0.05"))]).matched)
            == 1
        )
        assert (
            len(bills.compare(config, [bills.Line(2, date(2026, 11, 12), Decimal("0.05"))]).unknown)
            == 1
        )


def test_moments_are_read_in_the_time_zone_of_the_studio() -> None:
    with timezone.override("Asia/Seoul"):
        lines = bills.read_csv(
            "\ufeffCreated At,USD\n2026-11-10T20:00:00Z,1\n2026-11-10T20:00:00,1\n2026-11-10,1\n"
        )
    assert [line.day for line in lines] == [
        date(2026, 11, 11),
        date(2026, 11, 11),
        date(2026, 11, 10),
    ]


def test_empty_bill(config: AIProviderConfig) -> None:
    call()
    assert bills.compare(config, bills.read_csv("date,amount\n")).agrees


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "needs a heading"),
        ("day,words\n", "needs a heading"),
        ("date,amount\n2026-11-10,much\n", "Line 2 of the bill"),
        ("date,amount\n2026-11-10,1\nyesterday,1\n", "Line 3 of the bill"),
        ("date,amount\n2026-11-10\n", "Line 2 of the bill"),
        ("date,amount\n2026-11-10,1e15\n", "Line 2 of the bill"),
        ("date,amount\n2026-11-10,-1e15\n", "Line 2 of the bill"),
        ("date,credits\n2026-11-10,1e999999\n", "Line 2 of the bill"),
        ("date,amount\n0001-01-01,1\n", "Line 2 of the bill"),
        ("date,amount\n0001-01-01T00:00:00+14:00,1\n", "Line 2 of the bill"),
        ("date,amount\n9999-12-31,1\n", "Line 2 of the bill"),
    ],
)
def test_bills_that_cannot_be_read(text: str, message: str) -> None:
    with pytest.raises(Invalid, match=message):
        bills.read_csv(text)


def test_too_long_a_bill(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bills, "MOST_LINES", 3)
    with pytest.raises(Invalid, match="more than 3 lines"):
        bills.read_csv("date,amount\n" + "2026-11-10,1\n" * 4)


def test_largest_bill_can_be_kept(
    config: AIProviderConfig, manager: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    line = f"2026-11-10,{bills.MOST_USD}\n"
    rows = 1000
    bill = bills.import_bill(
        config, actor=manager, name="large.csv", content=("date,amount\n" + line * rows).encode()
    )
    assert bill.total == bills.MOST_USD * rows
    assert bills.MOST_USD * bills.MOST_LINES < 10**10  # what the column holds


@pytest.mark.moderate
def test_thousands_of_lines_of_one_amount_are_compared_at_once(config: AIProviderConfig) -> None:
    rows = 3000
    ProviderCall.objects.bulk_create(
        ProviderCall(
            provider=config,
            kind="image",
            key=f"k{n}",
            request_hash="",
            unit_price=1,
            units=1,
            estimate=1,
            state="settled",
            cost=Decimal("0.03"),
            reserved_at=AT,
        )
        for n in range(rows)
    )
    begun = time.process_time()
    report = bills.compare(
        config, [bills.Line(n, date(2026, 11, 10), Decimal("0.03")) for n in range(rows)]
    )
    assert (len(report.matched), report.agrees) == (rows, True)
    assert time.process_time() - begun < 3  # one by one against all others it took a minute


def test_bill_and_ledger_round_by_one_rule(config: AIProviderConfig) -> None:
    """A language model charges by the token: amounts with more places than the books have."""
    exact = [
        Decimal(text) for text in ("0.00085", "0.00095", "0.00091", "0.001", "0.0010001", "0.00005")
    ]
    for n, amount in enumerate(exact):
        call(task_id=f"t{n}", cost=usd(amount))
    text = "date,id,amount\n" + "".join(
        f"2026-11-10,t{n},{amount}\n" for n, amount in enumerate(exact)
    )
    report = bills.compare(config, bills.read_csv(text))
    assert (len(report.matched), report.differing, report.agrees) == (6, [], True)
    assert [line.amount for line, _ in report.matched] == [
        Decimal(text) for text in ("0.0009", "0.0010", "0.0010", "0.0010", "0.0011", "0.0001")
    ]
