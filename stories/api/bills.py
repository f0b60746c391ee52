"""Bill endpoints: what a provider billed, compared with the ledger."""

from datetime import date
from typing import Annotated, Literal, cast
from uuid import UUID

import msgspec
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext_noop
from msgspec import Meta

from api.components import Body, Query, Upload
from api.controllers import ApiController, Call, operation
from api.inputs import Strict
from api.paging import Keyset, Page, Paging, page
from api.problems import FieldError, forbidden, invalid, not_found
from api.responses import Created, NoContent
from api.schemas import named
from core.localized_messages import LocalizedMessage
from providers.enums import BillSource
from providers.models import AIProviderConfig, Bill
from providers.services import bills as domain
from providers.services import reported_usage

from .base import MONEY, api
from .outputs.parts import Moment

SEE = "providers.view_bill"
BY_IMPORTED = Keyset("imported_at", "id")
SENT = {
    "file": {
        "type": "string",
        "format": "binary",
        "description": "CSV in UTF-8 with a day and an amount in USD or credits in each line.",
    },
    "provider": {"type": "string", "description": "The connection whose bill it is."},
}
FORM = 64 * 1024  # bytes of the form besides its file
SHOWN = 1000  # lines and calls of each finding

# Bills have amounts below zero, such as refunds.
Amount = Annotated[str, Meta(pattern=r"^-?[0-9]+\.[0-9]{4}$", description="USD; refunds are less.")]


class UsageQuestion(Strict):
    """Days (UTC) that are over, at most 90 of them."""

    provider: Annotated[str, Meta(description="The connection that is asked.", max_length=40)]
    first_day: Annotated[date, Meta(description="The first day, in UTC.")]
    last_day: Annotated[date, Meta(description="The last day, in UTC; it is over.")]


class BillOut(msgspec.Struct):
    """A provider's bill, as it was imported from its file, or the usage that it reported."""

    id: Annotated[UUID, Meta(description="The bill.")]
    provider: Annotated[str, Meta(description="The connection whose bill it is.")]
    source: Annotated[
        Literal["file", "usage"],
        named("BillSource"),
        Meta(description="A file, or what the provider reported of each model and day (UTC)."),
    ]
    name: Annotated[str, Meta(description="Name of the file; empty for reported usage.")]
    first_day: Annotated[date, Meta(description="The first day on the bill.")]
    last_day: Annotated[date, Meta(description="The last day on the bill.")]
    total: Amount
    imported_by: Annotated[str, Meta(description="Who imported it.")]
    imported_at: Annotated[Moment, Meta(description="When it was imported.")]


class BillLine(msgspec.Struct):
    """A line of the bill, a call of the ledger, or both where they belong together."""

    line: Annotated[int | None, Meta(description="Line of the file; null: not on the bill.")]
    day: Annotated[date | None, Meta(description="Day on the bill.")]
    task_id: Annotated[str, Meta(description="The task at the provider.")]
    billed: Annotated[Amount | None, Meta(description="Amount on the bill.")]
    call_id: Annotated[UUID | None, Meta(description="The call; null: not in the ledger.")]
    booked: Annotated[Amount | None, Meta(description="Amount in the ledger.")]


class UsageSum(msgspec.Struct):
    """What was reported of a model and day, and what the ledger has of it."""

    day: Annotated[date, Meta(description="Day in UTC on which the calls were sent.")]
    model: Annotated[str, Meta(description="The provider's name of the model.")]
    billed: Annotated[Amount | None, Meta(description="Reported; null: nothing was.")]
    booked: Annotated[Amount | None, Meta(description="In the ledger; null: no call.")]
    agrees: Annotated[bool, Meta(description="Both are the same amount.")]


class BillDetail(BillOut):
    """The comparison is made anew each time. Each finding has at most 1,000 lines. Reported usage
    is compared by its sums, not by lines and calls.
    """

    billed: Amount
    booked: Amount
    agrees: Annotated[bool, Meta(description="Bill and ledger say the same.")]
    matched: Annotated[int, Meta(description="Lines or sums that agree.")]
    differing: Annotated[list[BillLine], Meta(description="With another amount than their call.")]
    only_on_bill: Annotated[
        list[BillLine],
        Meta(
            description="Billed, but not paid by the ledger. A call is named if it was not charged."
        ),
    ]
    only_in_ledger: Annotated[list[BillLine], Meta(description="Paid, but not on the bill.")]
    sums: Annotated[
        list[UsageSum],
        Meta(description="Of reported usage: each model and day, those that differ first."),
    ]


def _require(call: Call) -> None:
    if not call.user.has_perm(SEE):
        raise forbidden()


def _bill(call: Call, bill_id: UUID) -> Bill:
    _require(call)
    row = Bill.objects.select_related("provider", "imported_by").filter(pk=bill_id).first()
    if row is None:
        raise not_found()
    return row


def _out(row: Bill) -> BillOut:
    return BillOut(
        id=row.pk,
        provider=row.provider_id,
        source=cast("Literal['file', 'usage']", row.source),
        name=row.name,
        first_day=row.first_day,
        last_day=row.last_day,
        total=f"{row.total:.4f}",
        imported_by=row.imported_by.get_username() if row.imported_by else "",
        imported_at=row.imported_at,
    )


def _pair(line: domain.Line | None, found: object) -> BillLine:
    call_id, booked = getattr(found, "pk", None), getattr(found, "counted", None)
    task = line.task_id if line else getattr(found, "task_id", "")
    return BillLine(
        line=line.number if line else None,
        day=line.day if line else None,
        task_id=task,
        billed=f"{line.amount:.4f}" if line else None,
        call_id=call_id,
        booked=None if booked is None else f"{booked:.4f}",
    )


def _detail(row: Bill) -> BillDetail:
    return _usage_detail(row) if row.source == BillSource.USAGE else _file_detail(row)


def _usage_detail(row: Bill) -> BillDetail:
    found = reported_usage.compare(row)
    return BillDetail(
        **msgspec.structs.asdict(_out(row)),
        billed=f"{found.billed:.4f}",
        booked=f"{found.booked:.4f}",
        agrees=found.agrees,
        matched=len(found.matched),
        differing=[],
        only_on_bill=[],
        only_in_ledger=[],
        sums=[_usage_sum(one) for one in [*found.differing, *found.matched][:SHOWN]],
    )


def _usage_sum(found: reported_usage.DaySum) -> UsageSum:
    return UsageSum(
        day=found.day,
        model=found.model,
        billed=None if found.billed is None else f"{found.billed:.4f}",
        booked=None if found.booked is None else f"{found.booked:.4f}",
        agrees=found.agrees,
    )


def _file_detail(row: Bill) -> BillDetail:
    report = domain.compare(row.provider, domain.lines_of(row))
    return BillDetail(
        **msgspec.structs.asdict(_out(row)),
        billed=f"{report.billed:.4f}",
        booked=f"{report.booked:.4f}",
        agrees=report.agrees,
        matched=len(report.matched),
        differing=[_pair(line, call) for line, call in report.differing[:SHOWN]],
        only_on_bill=[
            _pair(line, report.named.get(line.number)) for line in report.unknown[:SHOWN]
        ],
        only_in_ledger=[_pair(None, call) for call in report.unbilled[:SHOWN]],
        sums=[],
    )


@api.at("bills/")
class BillsController(ApiController):
    tags = (MONEY,)

    @operation("list_bills", summary="List bills of providers")
    def get(self, query: Query[Paging]) -> Page[BillOut]:
        """The newest first."""
        _require(self)
        return page(
            Bill.objects.select_related("imported_by"),
            query,
            out=lambda found: [_out(row) for row in found],
            key=lambda row: (row.imported_at, row.pk),
            keyset=BY_IMPORTED,
            scope="bills",
        )

    @operation(
        "import_bill",
        summary="Import a bill of a provider",
        upload=Upload(SENT, ("file", "provider"), domain.MOST_BYTES + FORM),
        admit=lambda user: None if user.has_perm("providers.add_bill") else _refuse(),
    )
    def post(self) -> Created[BillDetail]:
        """The same file twice is one bill. The ledger is not changed."""
        provider, file = _form(self)
        made = domain.import_bill(
            provider,
            actor=self.user,
            name=file.name or "",
            content=file.read(domain.MOST_BYTES + 1),
        )
        return Created(_detail(_bill(self, made.pk)), Location=f"{self.request.path}{made.pk}/")


def _refuse() -> None:
    raise forbidden()


def _form(call: Call) -> "tuple[AIProviderConfig, UploadedFile[bytes]]":
    """The provider and the file of the form. Raises 422."""
    form, files = call.request.POST, call.request.FILES
    errors = [
        (name, gettext_noop("There is no such field."))
        for name in sorted(form.keys() - {"provider"})
    ]
    found = AIProviderConfig.objects.filter(provider=form.get("provider", "")).first()
    if found is None:
        errors.append(("provider", gettext_noop("Choose whose bill it is.")))
    sent = files.get("file")
    if not isinstance(sent, UploadedFile) or len(files.getlist("file")) != 1 or len(files) != 1:
        errors.append(("file", gettext_noop("Send exactly one file.")))
    if errors or found is None or not isinstance(sent, UploadedFile):
        raise invalid(
            FieldError(detail=str(LocalizedMessage(template)), pointer=f"/{name}")
            for name, template in errors
        )
    return found, sent


@api.at("bills/usage/")
class BillUsageController(ApiController):
    tags = (MONEY,)

    @operation(
        "ask_provider_usage",
        summary="Ask a provider for its usage",
        calls_out=True,
        problems=(409,),
    )
    def post(self, body: Body[UsageQuestion]) -> Created[BillDetail]:
        """A free call. The answer is kept as a bill of source `usage` and compared with the sums
        of the ledger; the same answer twice is one bill. Not every provider reports its usage.
        """
        if not self.user.has_perm("providers.add_bill"):
            raise forbidden()
        config = AIProviderConfig.objects.filter(provider=body.provider).first()
        if config is None:
            raise invalid(
                [
                    FieldError(
                        detail=str(LocalizedMessage(gettext_noop("Choose whose bill it is."))),
                        pointer="/provider",
                    )
                ]
            )
        made = reported_usage.ask(config, actor=self.user, first=body.first_day, last=body.last_day)
        address = self.request.path.removesuffix("usage/")
        return Created(_detail(_bill(self, made.pk)), Location=f"{address}{made.pk}/")


@api.at("bills/<uuid:bill_id>/")
class BillController(ApiController):
    tags = (MONEY,)

    @operation("get_bill", summary="Compare a bill with the ledger")
    def get(self, bill_id: UUID) -> BillDetail:
        """Lines are matched by the task or the call, the rest by day and amount."""
        return _detail(_bill(self, bill_id))

    @operation("remove_bill", summary="Remove a bill")
    def delete(self, bill_id: UUID) -> NoContent:
        """One that was imported by mistake. The ledger is not changed."""
        domain.remove(_bill(self, bill_id), actor=self.user)
        return NoContent()
