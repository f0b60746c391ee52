"""Reference sheets of the cast: planned with their price, made, uploaded, reviewed and selected.

A sheet is never overwritten. Selecting another one makes stale exactly the takes of the scenes that
show its look; nothing is made again without being asked for.
"""

import hashlib
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast
from uuid import UUID

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext_noop

from core.localized_messages import DomainError, LocalizedMessage
from jobs.enums import OPEN, JobStatus, WaitFor
from jobs.models import Job
from media import image_import
from providers.enums import CallState, Kind
from providers.models import ProviderCall
from providers.preflight import require_possible
from providers.prices import config_of, priced
from providers.prices import model_row as row_of
from providers.requests import CastReference, ImageRequest, from_json
from providers.store import Stored, save, workplace
from stories.enums import CastKind, JobName, PlanState, ReviewStatus, TakeKind, TakeSource
from stories.errors import ApprovedTake, Invalid
from stories.models import CastMember, Look, SheetTake, Story

from . import collecting, job_data, waking
from .cast import locked_look
from .fingerprints import CANONICAL, picture_size
from .makers import Maker, story_maker
from .plan import Quotes, quotes_of
from .results import stored_result
from .reviews import checked_reason, require_not_rejected, write_review
from .scene_cast import joined, reference

if TYPE_CHECKING:
    from django.core.files.uploadedfile import UploadedFile

    from providers.requests import AspectRatio as Ratio

# In English, because image models understand it best; the description follows in its own language.
PROMPTS = {
    CastKind.CHARACTER: (
        "Character reference sheet: the whole figure from head to foot, facing the viewer, plain "
        "light background, even light, no text"
    ),
    CastKind.PLACE: (
        "Location reference: an empty wide view of the place, nobody in it, even light, no text"
    ),
    CastKind.PROP: "Prop reference: the object alone, plain light background, even light, no text",
    CastKind.STYLE: "Style reference: a sample picture of this visual style, no text",
}
UNRESOLVED = LocalizedMessage(gettext_noop("A call may have been paid and is not resolved yet."))
SILENT = LocalizedMessage("")
MOST_VARIANTS = 4


@dataclass(frozen=True, slots=True)
class SheetPlan:
    """What one more sheet of a look would cost, and whether it can be made."""

    look: Look
    state: PlanState
    price: Decimal | None
    why: LocalizedMessage
    provider: str
    request: ImageRequest
    input_hash: str

    @property
    def key(self) -> str:
        return job_data.sheet_key(self.look.pk)


def sheet_request(story: Story, look: Look, *, model: str, seed: int | None = None) -> ImageRequest:
    """The provider request for a sheet of the look, whose member is loaded.

    `model` is empty for the provider's usual one.
    """
    member = look.member
    one = reference(
        member.kind,
        member.name,
        (member.description, look.description),
        (member.description_en, look.description_en),
        ("", ""),
    )
    width, height = picture_size(story)
    return ImageRequest(
        prompt=PROMPTS[CastKind(member.kind)],
        prompt_en=PROMPTS[CastKind(member.kind)],
        style=story.style,
        seed=_seed(look) if seed is None else seed,
        aspect_ratio=cast("Ratio", story.aspect_ratio),
        width=width,
        height=height,
        model=model,
        cast=[one],
        sheet=True,
    )


def _seed(look: Look) -> int:
    return int.from_bytes(hashlib.sha256(str(look.pk).encode()).digest()[:4])


def sheet_hash(request: ImageRequest) -> str:
    """SHA-256 over what a sheet is made from: the descriptions, the style and the format."""
    member: CastReference = request.cast[0]
    values = {
        "kind": "sheet",
        "role": member.role,
        "description": member.description,
        "description_en": member.description_en,
        "style": request.style,
        "aspect": request.aspect_ratio,
    }
    return hashlib.sha256(CANONICAL.encode(values)).hexdigest()


def is_outdated(sheet: SheetTake, wanted: str) -> bool:
    """Whether the descriptions have changed since. An uploaded sheet never is."""
    return bool(sheet.input_hash) and sheet.input_hash != wanted


def plan_sheets(story: Story, looks: list[Look], *, provider: str = "") -> list[SheetPlan]:
    """The next sheet of each of these looks, whose members are loaded, with its price.

    A look whose job asks for a price is not being made: starting it confirms the price. At most
    six queries, whatever the number of looks.
    """
    items = [look.key for look in looks]
    jobs = Job.objects.filter(
        subject=str(story.pk), item__in=items, name=JobName.LOOK_SHEET, status__in=OPEN
    )
    asks = Q(status=JobStatus.WAITING, wait_for=WaitFor.PERSON)
    running = set(jobs.exclude(asks).values_list("item", flat=True))
    asking = set(jobs.filter(asks).values_list("item", flat=True))
    calls = ProviderCall.objects.filter(
        subject=str(story.pk), item__in=items, state__in=job_data.UNDER_WAY
    )
    states = dict(calls.values_list("item", "state"))
    own = story_maker(story, TakeKind.IMAGE)
    maker = Maker(provider) if provider and provider != own.provider else own
    prices = _Prices(maker, quotes_of(Kind.IMAGE, asking))
    return [_planned(story, look, prices, running, states) for look in looks]


def _planned(
    story: Story,
    look: Look,
    prices: "_Prices",
    running: set[str],
    calls: dict[str, str],
) -> SheetPlan:
    request = sheet_request(story, look, model=prices.maker.model)
    wanted = sheet_hash(request)
    state, why = _state(look, wanted)
    price: Decimal | None = None
    if calls.get(look.key) == CallState.UNCLEAR:
        state, why = "blocked", UNRESOLVED
    elif look.key in running or look.key in calls:
        state = "running"
    else:
        try:
            price = prices.of(look, request)
        except DomainError as error:
            why = error.sentence
            state = state if state == "done" else "blocked"
    return SheetPlan(look, state, price, why, prices.maker.provider, request, wanted)


def _state(look: Look, wanted: str) -> tuple[PlanState, LocalizedMessage]:
    sheet = look.sheet
    if sheet is None:
        if not joined((look.member.description, look.description)) and not joined(
            (look.member.description_en, look.description_en)
        ):
            return "missing", LocalizedMessage(gettext_noop("Describe it first."))
        return "missing", SILENT
    if sheet.is_rejected:
        return "rejected", LocalizedMessage(
            gettext_noop("Rejected: %(reason)s"), {"reason": sheet.review_reason}
        )
    if is_outdated(sheet, wanted):
        return "stale", LocalizedMessage(gettext_noop("Its description has changed since."))
    return "done", SILENT


class _Prices:
    """Prices of one provider's model, which is looked up once."""

    def __init__(self, maker: Maker, quotes: Quotes) -> None:
        self.maker = maker
        self.quotes = quotes
        self.found: Any = None

    def of(self, look: Look, request: ImageRequest) -> Decimal:
        """The price in USD, the provider's own if it is higher.

        Raises the errors that the call would be refused with.
        """
        if self.found is None:
            config = config_of(self.maker.provider)
            self.found = (config, row_of(config, request))
        config, row = self.found
        require_possible(config, request, row=row)
        return max(priced(config, request, row).total, self.quotes.for_take(look.key, request))


# Results


def record_result(call: ProviderCall, *, job: Job | None = None) -> SheetTake | None:
    """Record the sheet of a settled call once, however often this is called.

    It is selected if the look has no usable sheet, or if its order asked for that and nobody has
    selected another one since. None if the look's row is gone.
    """
    look = Look.objects.select_related("member__story").filter(pk=call.item).first()
    if look is None or call.kind != Kind.IMAGE:
        return None
    job = job or collecting.asked_for(call)
    asked = job_data.asked(job) if job else {}
    result = call.result or {}
    request = from_json(call.request)
    assert isinstance(request, ImageRequest)
    with transaction.atomic():
        take, made = SheetTake.objects.get_or_create(
            call=call,
            defaults={
                **stored_result(call, reason=asked.get("reason", "")),
                "look": look,
                "width": result["width"],
                "height": result["height"],
                "notes": result.get("notes") or [],
                "input_hash": sheet_hash(request) if request.cast else "",
            },
        )
        if made:
            _select_by_rule(take, wanted=asked.get("select", True), replaces=asked.get("replaces"))
    return take


def _select_by_rule(take: SheetTake, *, wanted: bool, replaces: str | None) -> None:
    """A sheet that is in use is never replaced unless it is outdated and that was asked for."""
    # The sheet is read by a second query: PostgreSQL joins the one that the look had before it
    # waited for the lock.
    look = Look.objects.select_for_update().get(pk=take.look_id)
    standing = look.sheet
    if standing is not None and not standing.is_rejected:
        changed = standing.input_hash != take.input_hash
        if not wanted or replaces not in {None, str(standing.pk)} or not changed:
            return
        if not standing.input_hash:  # an upload stays until a person selects another
            return
    Look.objects.filter(pk=look.pk).update(sheet=take)


# Choices of people


def _locked(take_id: UUID | str, actor: Any) -> SheetTake:
    """The sheet, read under its story's lock."""
    look = locked_look(SheetTake.objects.values_list("look_id", flat=True).get(pk=take_id), actor)
    take = SheetTake.objects.get(pk=take_id)
    take.look = look
    return take


def select(take_id: UUID | str, *, actor: Any) -> SheetTake:
    """Select this sheet for its look.

    Raises SheetTake.DoesNotExist, Forbidden, GuardRefused, Conflict or Invalid (a rejected sheet).
    """
    with transaction.atomic():
        take = _locked(take_id, actor)
        require_not_rejected(take, field="sheet")
        _select(take.look, take)
    return take


def deselect(look_id: UUID | str, *, actor: Any) -> Look:
    """Let the look go without a sheet, by its description alone."""
    with transaction.atomic():
        look = locked_look(look_id, actor)
        _select(look, None)
    return look


def _select(look: Look, take: SheetTake | None) -> None:
    Look.objects.filter(pk=look.pk).update(sheet=take)
    CastMember.objects.filter(pk=look.member_id).update(proposed=False)
    look.sheet = take
    waking.wake_story_jobs_on_commit(look.member.story_id)


def review(take_id: UUID | str, *, review_status: str, actor: Any, reason: str = "") -> SheetTake:
    """Approve or reject a sheet, or reset its review. A rejection needs a reason.

    A rejected sheet is no longer sent: its look goes without until another one is selected.
    Raises as `select`.
    """
    reason = checked_reason(review_status, reason)
    with transaction.atomic():
        take = _locked(take_id, actor)
        write_review(take, review_status=review_status, reason=reason, actor=actor)
        if review_status == ReviewStatus.REJECTED and take.look.sheet_id == take.pk:
            _select(take.look, None)
    return take


# Uploads


@dataclass(frozen=True, slots=True)
class Upload:
    """A picture that was read and stored, and what its sheet will be."""

    look_id: UUID | str
    actor: Any
    reason: str
    replace: bool
    kept: Stored
    facts: dict[str, Any]


def upload(look_id: UUID | str, **values: Any) -> SheetTake:
    """Store the picture as a sheet of the look and select it. Raises what its two steps raise."""
    return add_upload(read_upload(look_id, **values))


def read_upload(
    look_id: UUID | str,
    *,
    file: "UploadedFile[Any]",
    actor: Any,
    reason: str = "",
    replace: bool = False,
) -> Upload:
    """Read and store the picture. Call it outside of a transaction.

    The file is read in a separate process. Raises Look.DoesNotExist, Forbidden, GuardRefused,
    Conflict, ApprovedTake, Invalid (too large), MediaError (unreadable) or BusyError.
    """
    with transaction.atomic():
        _require_none_approved(locked_look(look_id, actor), replace=replace)
    if (file.size or 0) > image_import.MAX_BYTES:
        raise Invalid(gettext_noop("The file is too large."), field="file")
    with workplace() as folder:
        kept, facts = _read(file, folder)
    return Upload(look_id, actor, reason[:200], replace, kept, facts)


def add_upload(read: Upload) -> SheetTake:
    """Make the stored picture a sheet of the look and select it.

    An approved sheet is replaced only with `replace`. Raises as `read_upload`.
    """
    with transaction.atomic():
        look = locked_look(read.look_id, read.actor)
        _require_none_approved(look, replace=read.replace)
        take = SheetTake.objects.create(
            look=look,
            source=TakeSource.UPLOADED,
            file=read.kept.name,
            sha256=read.kept.sha256,
            made_by=read.actor,
            reason=read.reason,
            **read.facts,
        )
        _select(look, take)
    return take


def _require_none_approved(look: Look, *, replace: bool) -> None:
    sheet = look.sheet
    if not replace and sheet is not None and sheet.review_status == ReviewStatus.APPROVED:
        raise ApprovedTake(
            gettext_noop(
                "There is already an approved sheet. Choose whether the file replaces it."
            ),
            take=str(sheet.pk),
        )


def _read(file: "UploadedFile[Any]", folder: Path) -> tuple[Stored, dict[str, Any]]:
    sent = folder / "sent"
    with sent.open("wb") as target:
        for chunk in file.chunks():
            target.write(chunk)
    taken = image_import.ingested(sent, folder / "picture")
    facts = {
        "mime": taken.mime,
        "width": taken.size[0],
        "height": taken.size[1],
        "notes": [note.as_json() for note in taken.notes],
    }
    return save(taken.path, "jpg" if taken.mime == "image/jpeg" else "png"), facts
