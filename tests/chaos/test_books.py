"""The judge of the random kills is judged: whatever is wrong in the books is named."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from .books import Booked, Charged, Ordered, judge
from .kill_report import row, with_row

BEGAN = datetime(2026, 11, 28, tzinfo=UTC)
SECOND = timedelta(seconds=1)
PRICE = Decimal("0.03")


def call(name: str, *, at: int, lasts: int = 5, **values: object) -> Booked:
    reserved = BEGAN + at * SECOND
    whole = Booked(
        name,
        "runway_ml",
        "image:s:0",
        "settled",
        PRICE,
        reserved,
        reserved + lasts * SECOND,
        has_take=True,
    )
    return replace(whole, **values)


def charge(name: str, usd: Decimal = PRICE) -> Charged:
    return Charged("runway_ml", f"task of {name}", usd, name)


def order(at: int) -> Ordered:
    return Ordered("image:s", BEGAN + at * SECOND, BEGAN + at * SECOND + SECOND / 10)


def test_books_that_are_right() -> None:
    calls = [
        call("a", at=1),
        call("b", at=10),
        call("c", at=20, state="refused", cost=Decimal(0), has_take=False),
    ]
    assert judge([charge("a"), charge("b")], calls, [order(0), order(8)]) == []


def test_what_is_lost() -> None:
    assert judge([charge("a")], [], []) == [
        "lost: runway_ml task of a, 0.03 USD was charged and belongs to no call",
        "ledger: runway_ml 0 USD, the bill says 0.03 USD",
    ]
    calls = [call("a", at=1, has_take=False), call("b", at=10, state="written_off", has_take=False)]
    assert judge([charge("a"), charge("b")], calls, [order(0), order(8)]) == [
        "lost: runway_ml task of a, 0.03 USD is settled and has no take (call a)",
        "lost: runway_ml task of b, 0.03 USD was written off by nobody (call b)",
    ]
    calls[1] = replace(calls[1], by_person=True)
    calls[0] = replace(calls[0], has_take=True)
    assert judge([charge("a"), charge("b")], calls, [order(0), order(8)]) == []


def test_what_is_paid_twice() -> None:
    two, paid = [call("a", at=1), call("b", at=10)], [charge("a"), charge("b")]
    again = (
        "twice: image:s:0 was paid for again (call b) and nobody had ordered it since: "
        "reserved 00:00:01.000000 (settled) and 00:00:10.000000, ordered "
    )
    once = again + "00:00:00.000000 to 00:00:00.100000"
    assert judge(paid, two, [order(0)]) == [once]
    assert judge(paid, two, [order(0), order(11)]) == [
        f"{once}, 00:00:11.000000 to 00:00:11.100000"
    ]
    out = "twice: image:s:0 was paid for again (call b) while call a was out"
    assert judge(paid, [call("a", at=1, lasts=20), two[1]], [order(0), order(8)]) == [out]
    assert (
        judge(paid, [call("a", at=1, ended_at=None, is_late=True), two[1]], [order(0), order(8)])
        == []
    )
    assert judge(paid, two, []) == [
        "unordered: image:s:0 was paid for and nobody had ordered it",
        again,
    ]


def test_two_variants_beside_each_other_are_two_pieces_of_work() -> None:
    calls = [call("a", at=1), call("b", at=1, key="image:s:1")]
    assert judge([charge("a"), charge("b")], calls, [order(0)]) == []


def test_one_call_that_was_charged_twice() -> None:
    found = judge(
        [charge("a"), Charged("runway_ml", "other", PRICE, "a")], [call("a", at=1)], [order(0)]
    )
    assert found == [
        "twice: runway_ml other, 0.03 USD was charged for call a, as task of a was",
        "ledger: runway_ml 0.03 USD, the bill says 0.06 USD",
    ]


def test_ledger_that_differs_from_the_bill_and_calls_that_never_end() -> None:
    calls = [
        call("a", at=1, cost=Decimal("0.05")),
        call("b", at=2, key="clip:s:0", state="accepted", cost=None, has_take=False),
    ]
    assert judge([charge("a")], calls, [order(0)]) == [
        "ledger: runway_ml task of a, 0.03 USD is booked as 0.05 (settled, call a)",
        "ledger: runway_ml 0.05 USD, the bill says 0.03 USD",
        "stuck: call b of runway_ml (clip:s:0) is accepted",
    ]


def test_what_is_asked_again_after_an_answer_that_did_not_fit() -> None:
    """A language model's plan that does not fit is paid for, and asked for once more by itself."""
    calls = [
        call("a", at=1, state="refused", has_take=False),
        call("b", at=7, asked_again=True),
    ]
    assert judge([charge("a"), charge("b")], calls, [order(0)]) == []
    assert len(judge([charge("a"), charge("b")], [calls[0], call("b", at=7)], [order(0)])) == 1


def test_a_cost_that_was_not_told_may_be_booked_above_the_bill_only() -> None:
    def found(cost: str, *, is_estimated: bool) -> list[str]:
        mine = call("a", at=1, cost=Decimal(cost), is_estimated=is_estimated)
        return judge([charge("a")], [mine], [order(0)])

    assert found("0.05", is_estimated=True) == []
    assert len(found("0.05", is_estimated=False)) == 2
    assert len(found("0.01", is_estimated=True)) == 2


def test_the_report_has_one_row_for_each_database() -> None:
    facts = {
        "faults": {"SIGKILL": 60},
        "stories": 8,
        "completed": 8,
        "bill": "1.5",
        "ledger": "1.5",
    }
    first = row("sqlite", facts, [], command="make kills KILLS=60")
    page = with_row(with_row("", first), row("postgresql", facts, [], command="make kills"))
    wrong = ["twice: a", "unordered: b", "lost: c", "stuck after the last kill: d", "crash: e"]
    again = with_row(page, row("sqlite", facts, wrong, command="make kills KILLS=500"))
    lines = [line.removesuffix(" |").split(" | ") for line in again.splitlines()[-2:]]
    assert [(line[0], *line[-2:]) for line in lines] == [
        ("| postgresql", "0 / 0 / 0 / 0", "0"),
        ("| sqlite", "2 / 1 / 1 / 0", "1"),
    ]
    assert "60 / 0 / 0 | 8 of 8 | 0 / 0 | 0 / 0 | 1.5 / 1.5" in again
