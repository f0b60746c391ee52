"""Importing a provider's bill: the comparison both ways, clear words for wrong files,
and who may.
"""

import csv
import io
import uuid
from datetime import date, datetime
from decimal import Decimal
from unittest.mock import patch

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import timezone

from providers.adapters import Used
from providers.backends.runway.adapter import RunwayAdapter
from providers.models import Bill, ProviderCall
from tests.markup import flat

USAGE = reverse("admin:providers_bill_usage")
NEW, LIST = reverse("admin:providers_bill_add"), reverse("admin:providers_bill_changelist")
# A day that is over: the day may change while a test runs.
DAY = date(2026, 11, 10)
MIDDAY = datetime(2026, 11, 10, 12, tzinfo=timezone.get_default_timezone())


def file(text, name="bill.csv"):
    return SimpleUploadedFile(
        name, text if isinstance(text, bytes) else text.encode(), content_type="text/csv"
    )


def call(task="", cost="0.05", **values):
    common = {
        "provider_id": "runway_ml",
        "kind": "clip",
        "key": uuid.uuid4().hex,
        "request_hash": "0",
        "unit_price": 1,
        "units": 1,
        "reserved_at": MIDDAY,
    }
    return ProviderCall.objects.create(
        task_id=task,
        cost=Decimal(cost),
        estimate=Decimal(cost),
        **{**common, "state": "settled", **values},
    )


def send(client, text, provider="runway_ml"):
    return client.post(NEW, {"provider": provider, "file": file(text)})


def page(bill):
    return reverse("admin:providers_bill_change", args=[bill.pk])


ASKED = {"provider": "runway_ml", "first_day": "2026-11-09", "last_day": "2026-11-10"}


def ask(client, used, **asked):
    with patch.object(RunwayAdapter, "usage", return_value=used):
        return client.post(USAGE, ASKED | asked)


@pytest.fixture
def bill(manager, as_):
    """One line agrees, one has another amount, one is unknown; one call is not on it."""
    for task, cost in (("t1", "0.05"), ("t2", "0.40"), ("ours", "0.25")):
        call(task, cost)
    answer = send(as_(manager), f"Date;Task ID;Credits\n{DAY};t1;5\n{DAY};t2;50\n{DAY};=theirs;7\n")
    found = Bill.objects.get()
    assert (answer.status_code, answer["Location"]) == (302, page(found))
    return found


@pytest.mark.django_db
def test_comparison_both_ways_with_its_sums(bill, manager, as_):
    assert (bill.total, bill.first_day, bill.last_day, bill.imported_by) == (
        Decimal("0.62"),
        DAY,
        DAY,
        manager,
    )
    shown = as_(manager).get(page(bill)).context
    report = shown["report"]
    assert [(line.number, found.task_id) for line, found in report.matched] == [(2, "t1")]
    assert [(line.amount, found.cost) for line, found in report.differing] == [
        (Decimal("0.50"), Decimal("0.40"))
    ]
    assert [line.task_id for line in report.unknown] == ["=theirs"]
    assert [found.task_id for found in report.unbilled] == ["ours"]
    assert (report.billed, report.booked, shown["difference"]) == (
        Decimal("0.62"),
        Decimal("0.70"),
        Decimal("-0.08"),
    )


@pytest.mark.django_db
def test_comparison_as_csv(bill, manager, as_):
    answer = as_(manager).get(reverse("admin:providers_bill_export", args=[bill.pk]))
    assert answer["Content-Disposition"] == f'attachment; filename="bill-runway_ml-{DAY}-{DAY}.csv"'
    rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert [
        (row["finding"], row["task"], row["billed_usd"], row["booked_usd"]) for row in rows
    ] == [
        ("agrees", "t1", "0.0500", "0.0500"),
        ("other_amount", "t2", "0.5000", "0.4000"),
        ("only_on_the_bill", "'=theirs", "0.0700", ""),
        ("only_in_our_books", "ours", "", "0.2500"),
    ]


@pytest.mark.django_db
def test_line_of_a_call_that_was_not_charged_leads_to_that_call(manager, as_):
    free = call("t-free", "0", state="refused")
    send(as_(manager), f"date,id,usd\n{DAY},t-free,0.35\n{DAY},never,0.10\n")
    html = as_(manager).get(page(Bill.objects.get())).text
    rows = html.split("Only on the bill")[-1].split("</table>")[0].split("<tr>")
    link = reverse("admin:providers_providercall_change", args=[free.pk])
    assert [link in row for row in rows if "t-free" in row] == [True]
    assert [link in row or "Look" in row for row in rows if "never" in row] == [False]
    answer = as_(manager).get(reverse("admin:providers_bill_export", args=[Bill.objects.get().pk]))
    found = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert [(row["task"], row["call"], row["booked_usd"]) for row in found] == [
        ("t-free", str(free.pk), "0.0000"),
        ("never", "", ""),
    ]


@pytest.mark.django_db
def test_comparison_is_made_anew_each_time(bill, manager, as_):
    call("=theirs", "0.07")
    assert as_(manager).get(page(bill)).context["report"].unknown == []


@pytest.mark.django_db
def test_same_file_is_the_same_bill(bill, manager, as_):
    send(as_(manager), f"Date;Task ID;Credits\n{DAY};t1;5\n{DAY};t2;50\n{DAY};=theirs;7\n")
    assert Bill.objects.count() == 1


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"\x89PNG\r\n\x1a\n\x00\xff", "not UTF-8 text"),
        (b"date,amount\n2026-11-10\x00,1\n", "not UTF-8 text"),
        ("name,price\na,1\n", "needs a heading “date”"),
        ("", "needs a heading “date”"),
        ("date,amount\n", "has no lines"),
        ("date,amount\n2026-11-10,a lot\n", "Line 2 of the bill"),
        ("date,amount\n2026-11-10,NaN\n", "Line 2 of the bill"),
        ('date,amount\n2026-11-10,"1\n', "of the bill cannot be read"),
    ],
)
def test_wrong_files_are_told_what_is_wrong(manager, as_, content, why):
    answer = send(as_(manager), content)
    assert answer.status_code == 422
    assert why in answer.content.decode()
    assert Bill.objects.count() == 0


@pytest.mark.django_db
def test_provider_and_file_are_needed(manager, as_):
    client = as_(manager)
    assert (
        "Choose whose bill it is."
        in send(client, "date,amount\n", provider="nobody").content.decode()
    )
    assert "Choose a file first." in client.post(NEW, {"provider": "runway_ml"}).content.decode()


@pytest.mark.django_db
def test_bills_are_for_managers(bill, owner, viewer, as_):
    export, remove = (
        reverse(f"admin:providers_bill_{name}", args=[bill.pk]) for name in ("export", "remove")
    )
    for person in (owner, viewer):
        client = as_(person)
        assert [client.get(url).status_code for url in (LIST, NEW, USAGE, page(bill), export)] == [
            403
        ] * 5
        assert client.post(USAGE, ASKED).status_code == 403
        assert (
            client.post(remove).status_code,
            send(client, f"date,amount\n{DAY},1\n").status_code,
        ) == (403, 403)
    assert Bill.objects.count() == 1


@pytest.mark.django_db
def test_a_bill_imported_by_mistake_is_removed_and_no_call_with_it(bill, manager, as_):
    url = reverse("admin:providers_bill_remove", args=[bill.pk])
    as_(manager).get(url)
    assert Bill.objects.count() == 1
    assert as_(manager).post(url)["Location"] == LIST
    assert (Bill.objects.count(), ProviderCall.objects.count()) == (0, 3)


@pytest.mark.django_db
@pytest.mark.moderate
def test_query_counts_do_not_depend_on_rows(manager, as_, queries_of):
    counts = []
    for rows in (1, 3, 20):
        while Bill.objects.count() < rows:
            number = Bill.objects.count()
            call(f"task {number}")
            lines = "".join(f"{DAY},task {n},0.05\n" for n in range(number + 2))
            send(as_(manager), f"date,task_id,amount\n{lines}")
        counts.append(
            [
                queries_of(as_(manager), url)
                for url in (LIST, page(Bill.objects.order_by("imported_at").last()))
            ]
        )
    assert counts[0] == counts[1] == counts[2]
    assert max(counts[0]) <= 12


@pytest.mark.django_db
def test_reported_usage_is_compared_by_day_and_model(manager, as_):
    call("t1", "0.25", model="gen4_turbo", sending_at=MIDDAY)
    call("t2", "0.05", model="gen4_image", sending_at=MIDDAY)
    used = [
        Used(DAY, "gen4_turbo", Decimal("0.25")),
        Used(DAY, "=gen5", Decimal("0.12")),
    ]
    client = as_(manager)
    answer = ask(client, used)
    bill = Bill.objects.get()
    assert (answer.status_code, answer["Location"]) == (302, page(bill))
    shown = client.get(page(bill))
    assert shown.context["difference"] == Decimal("0.07")
    assert "Does not agree" in shown.text
    assert "1 sum agrees" in shown.text
    assert "Usage reported by the provider" in client.get(LIST).text
    export = client.get(reverse("admin:providers_bill_export", args=[bill.pk]))
    rows = list(csv.reader(io.StringIO(export.content.decode("utf-8-sig"))))
    assert rows == [
        ["finding", "day", "model", "reported_usd", "booked_usd"],
        ["other_amount", str(DAY), "'=gen5", "0.12", ""],
        ["other_amount", str(DAY), "gen4_image", "", "0.0500"],
        ["agrees", str(DAY), "gen4_turbo", "0.25", "0.2500"],
    ]
    remove = reverse("admin:providers_bill_remove", args=[bill.pk])
    assert "Usage reported by the provider" in client.get(remove).text


@pytest.mark.django_db
def test_form_for_usage_says_who_reports_none(manager, as_):
    html = flat(as_(manager).get(USAGE))
    assert '<option value="runway_ml">' in html
    assert "Stability AI (does not report its usage)" in html
    assert reverse("admin:providers_bill_usage") in as_(manager).get(NEW).text


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"provider": "nobody"}, "Choose whose bill it is."),
        ({"provider": "stability_ai"}, "Stability AI does not report its usage."),
        ({"first_day": "soon"}, "Enter the first and the last day."),
        ({"last_day": "2026-02-30"}, "Enter the first and the last day."),
        ({"first_day": "2026-11-11"}, "The first day is after the last day."),
        ({"first_day": "2026-01-01"}, "Ask for at most 90 days at once."),
    ],
)
def test_wrong_question_for_usage_keeps_what_was_entered(manager, as_, asked, words):
    answer = ask(as_(manager), [], **asked)
    assert answer.status_code == 422
    assert words in answer.text
    assert answer.context["asked"] == ASKED | asked
    assert Bill.objects.count() == 0
