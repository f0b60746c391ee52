"""Importing a provider's bill: the comparison both ways, clear words for wrong files,
and who may.
"""

import csv
import io
import uuid
from decimal import Decimal

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import timezone

from providers.models import Bill, ProviderCall

NEW, LIST = reverse("admin:providers_bill_add"), reverse("admin:providers_bill_changelist")
TODAY = f"{timezone.localdate():%Y-%m-%d}"


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


@pytest.fixture
def bill(manager, as_):
    """One line agrees, one has another amount, one is unknown; one call is not on it."""
    for task, cost in (("t1", "0.05"), ("t2", "0.40"), ("ours", "0.25")):
        call(task, cost)
    answer = send(
        as_(manager), f"Date;Task ID;Credits\n{TODAY};t1;5\n{TODAY};t2;50\n{TODAY};=theirs;7\n"
    )
    found = Bill.objects.get()
    assert (answer.status_code, answer["Location"]) == (302, page(found))
    return found


@pytest.mark.django_db
def test_comparison_both_ways_with_its_sums(bill, manager, as_):
    assert (bill.total, bill.first_day, bill.last_day, bill.imported_by) == (
        Decimal("0.62"),
        timezone.localdate(),
        timezone.localdate(),
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
    assert (
        answer["Content-Disposition"]
        == f'attachment; filename="bill-runway_ml-{TODAY}-{TODAY}.csv"'
    )
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
def test_comparison_is_made_anew_each_time(bill, manager, as_):
    call("=theirs", "0.07")
    assert as_(manager).get(page(bill)).context["report"].unknown == []


@pytest.mark.django_db
def test_same_file_is_the_same_bill(bill, manager, as_):
    send(as_(manager), f"Date;Task ID;Credits\n{TODAY};t1;5\n{TODAY};t2;50\n{TODAY};=theirs;7\n")
    assert Bill.objects.count() == 1


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"\x89PNG\r\n\x1a\n\x00\xff", "no text in UTF-8"),
        (b"date,amount\n2026-11-10\x00,1\n", "no text in UTF-8"),
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
        assert [client.get(url).status_code for url in (LIST, NEW, page(bill), export)] == [403] * 4
        assert (
            client.post(remove).status_code,
            send(client, f"date,amount\n{TODAY},1\n").status_code,
        ) == (403, 403)
    assert Bill.objects.count() == 1


@pytest.mark.django_db
def test_a_bill_imported_by_mistake_is_removed_and_no_call_with_it(bill, manager, as_):
    door = reverse("admin:providers_bill_remove", args=[bill.pk])
    as_(manager).get(door)
    assert Bill.objects.count() == 1
    assert as_(manager).post(door)["Location"] == LIST
    assert (Bill.objects.count(), ProviderCall.objects.count()) == (0, 3)


@pytest.mark.django_db
def test_query_counts_do_not_depend_on_rows(manager, as_, queries_of):
    counts = []
    for rows in (1, 3, 20):
        while Bill.objects.count() < rows:
            number = Bill.objects.count()
            call(f"task {number}")
            lines = "".join(f"{TODAY},task {n},0.05\n" for n in range(number + 2))
            send(as_(manager), f"date,task_id,amount\n{lines}")
        counts.append(
            [
                queries_of(as_(manager), url)
                for url in (LIST, page(Bill.objects.order_by("imported_at").last()))
            ]
        )
    assert counts[0] == counts[1] == counts[2]
    assert max(counts[0]) <= 12
