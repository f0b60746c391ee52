"""Checks of takes by a model that looks at them: does a take fit its prompt, are the faces right?

Each take takes one priced call. Until then the take has the doubt “unchecked”, so that it is not
selected by itself.
"""

import hashlib
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal, NamedTuple, cast
from uuid import UUID

from django.core.files.storage import storages
from django.db.models import Q
from django.utils.translation import gettext_noop

from core.localized_messages import DomainError, LocalizedMessage
from jobs.enums import OPEN, JobStatus, WaitFor
from jobs.models import Job
from media import stills
from providers import store, vision
from providers.enums import CallState
from providers.models import AIProviderConfig, ProviderCall
from providers.preflight import require_possible
from providers.prices import configs_of, not_configured, quote
from providers.requests import ClipRequest, ImageRequest, ShownPicture, TextRequest, from_json
from stories.enums import Doubt, JobName, ReviewStatus, TakeKind
from stories.models import Story, Take, VisionCheck

from . import collecting, enqueue, job_data
from .check_offers import checks_by_itself

NO_MODEL = LocalizedMessage(
    gettext_noop("Choose a connection for checking takes in the story's settings.")
)
UNRESOLVED = LocalizedMessage(gettext_noop("A call may have been paid and is not resolved yet."))
SILENT = LocalizedMessage("")
MOST_PROMPT = 4000  # characters
VERSION = 1  # of what a model is asked; a take is paid for once for each

State = Literal["unchecked", "running", "blocked"]


class Source(NamedTuple):
    """A stored file, and the pictures of it that a model is shown."""

    file: str
    is_clip: bool
    shown: tuple[ShownPicture, ...]


class VisionItem(NamedTuple):
    """One take that is not checked yet: whether it is, at `price` USD, and the reason."""

    take: Take
    state: State
    will: bool
    price: Decimal
    why: LocalizedMessage
    request: TextRequest | None


@dataclass(frozen=True, slots=True)
class VisionPlan:
    story: Story
    provider: str
    items: list[VisionItem]

    @property
    def todo(self) -> list[VisionItem]:
        return [item for item in self.items if item.will]

    @property
    def blocked(self) -> list[VisionItem]:
        return [item for item in self.items if item.state == "blocked"]

    @property
    def total(self) -> Decimal:
        return sum((item.price for item in self.todo), Decimal(0))

    @property
    def hash(self) -> str:
        lines = sorted(f"{item.take.pk}={item.price}" for item in self.todo)
        return hashlib.sha256("\n".join(["vision", self.provider, *lines]).encode()).hexdigest()


def plan_vision_checks(
    story: Story,
    scene_ids: list[UUID] | None = None,
    *,
    take_ids: list[UUID] | None = None,
) -> VisionPlan:
    """The plan for checking the takes of live scenes that are unchecked and not reviewed.

    Four queries, whatever the number of takes.
    """
    rows = (
        Take.objects.filter(
            scene__story=story,
            scene__deleted_at=None,
            doubts=Doubt.UNCHECKED,
            review_status=ReviewStatus.UNREVIEWED,
        )
        .exclude(call=None)
        .select_related("scene", "prompt", "call", "edited_from__edited_from")
        .order_by("scene__position", "created_at", "id")
    )
    if scene_ids is not None:
        rows = rows.filter(scene__in=scene_ids)
    if take_ids is not None:
        rows = rows.filter(pk__in=take_ids)
    found = list(rows)
    calls = _calls(found)
    jobs = Job.objects.filter(subject=str(story.pk), name=JobName.TAKE_CHECK, status__in=OPEN)
    waits = jobs.exclude(status=JobStatus.WAITING, wait_for=WaitFor.PERSON)
    running = set(waits.values_list("item", flat=True))
    config = (
        configs_of([story.vision_provider]).get(story.vision_provider)
        if story.vision_provider and found
        else None
    )
    model = vision.model_that_sees(config) if config else None
    items = []
    for take in found:
        key, price, why, request = str(take.pk), Decimal(0), SILENT, None
        state: State = "unchecked"
        if calls.get(key) == CallState.UNCLEAR:
            state, why = "blocked", UNRESOLVED
        elif key in running or key in calls:
            state = "running"
        else:
            request = request_of(story, take, model.name if model else "")
            try:
                price = _price(config, story, request)
            except DomainError as error:
                state, why = "blocked", error.sentence
        items.append(VisionItem(take, state, state == "unchecked", price, why, request))
    return VisionPlan(story, story.vision_provider, items)


def _calls(found: list[Take]) -> dict[str, str]:
    """The states of calls for these takes that are not over, or whose result is not recorded."""
    keys = {key_of(take): str(take.pk) for take in found}
    unrecorded = Q(state=CallState.SETTLED, vision_check__isnull=True)
    rows = ProviderCall.objects.filter(unrecorded | Q(state__in=job_data.UNDER_WAY), key__in=keys)
    return {keys[key]: state for key, state in rows.values_list("key", "state")}


def _price(config: AIProviderConfig | None, story: Story, request: TextRequest) -> Decimal:
    """The price of one check in USD. Raises the errors that the call would be refused with."""
    if not story.vision_provider:
        raise DomainError(NO_MODEL.template)
    if config is None:
        raise not_configured(story.vision_provider)
    require_possible(config, request)
    return quote(config, request).total


def key_of(take: Take) -> str:
    """The key of the provider call. At most one call of a take is undecided."""
    return job_data.vision_key(take.pk)


def request_of(story: Story, take: Take, model: str) -> TextRequest:
    """What the model is asked about the take: its prompt, and whom it was to show."""
    shown = [picture for source in _sources(take) for picture in source.shown]
    return TextRequest(
        task="check_picture",
        script=_asked_of(take)[:MOST_PROMPT],
        language=cast("Literal['ko', 'en']", story.language),
        model=model,
        pictures=shown[: vision.MOST_PICTURES],
    )


def _asked_of(take: Take) -> str:
    """What the take was to show: its prompt, and how it was changed since, at most three times."""
    origin = take.edited_from
    edits = [one.edit for one in (take, origin, origin.edited_from if origin else None) if one]
    words = [str(edit["words"]) for edit in reversed(edits) if edit.get("words")]
    return "\n".join([take.prompt.text, *(f"Then changed: {word}" for word in words)])


def _sources(take: Take) -> list[Source]:
    """The take, and the sheets of the characters that its provider was told of."""
    is_clip = take.kind == TakeKind.CLIP
    role: Literal["frame", "picture"] = "frame" if is_clip else "picture"
    count = stills.FRAMES if is_clip else 1
    own = [ShownPicture(role, _still_name(take.sha256, number)) for number in range(count)]
    found = [Source(take.file, is_clip, tuple(own))]
    asked = from_json(take.call.request) if take.call else None
    cast_of_take = asked.cast if isinstance(asked, ImageRequest | ClipRequest) else []
    for member in cast_of_take:
        if member.role == "character" and member.file:
            words = member.description or member.description_en
            sheet = ShownPicture("character", _still_name(member.sha256, 0), member.name, words)
            found.append(Source(member.file, False, (sheet,)))
    return found


def _still_name(sha256: str, number: int) -> str:
    return f"thumbs/{sha256[:2]}/{sha256}-still-{number}.jpg"


def make_stills(take: Take, request: TextRequest) -> None:
    """Store the small pictures that the request names, unless they are stored already.

    Raises MediaError, BusyError or FileMissing.
    """
    wanted = {picture.file for picture in request.pictures}
    for source in _sources(take):
        names = [picture.file for picture in source.shown if picture.file in wanted]
        if all(storages["media"].exists(name) for name in names):
            continue
        with store.workplace() as folder, store.local_copy(source.file, folder) as file:
            made = stills.stills(file, folder, is_clip=source.is_clip)
            # A clip of very few frames has its last one more than once.
            data = [made[min(number, len(made) - 1)].read_bytes() for number in range(len(names))]
            for number, name in enumerate(names):
                one = folder / f"named-{number}.jpg"
                one.write_bytes(data[number])
                store.save_as(one, name)


def is_wanted(take: Take) -> bool:
    """Whether a check of this take is still of use: no person has reviewed it meanwhile."""
    doubts = set(take.doubts.split())
    return take.review_status == ReviewStatus.UNREVIEWED and bool(
        doubts & {Doubt.UNCHECKED, Doubt.UNCHECKABLE}
    )


def order(take: Take, *, price: Decimal | None, job: Job | None) -> Job | None:
    """Have a take that has just arrived checked, at the price that was confirmed with it.

    `job` made the take; the check follows below the same job of the story. Nothing is ordered
    without a price, for a take about which the rules have doubts, for one that a model has checked
    in this version, if the job or the one above it was cancelled, or if the story does not check
    its takes by itself any more. Call it in the transaction that makes the take, before its scene
    is locked.
    """
    story = take.scene.story
    if price is None or take.doubts != Doubt.UNCHECKED or not checks_by_itself(story):
        return None
    if job is not None and job.data["action"] == job_data.INGEST_ONLY and take.call:
        job = collecting.asked_for(take.call)
    parent = job.parent if job else None
    if job is None or JobStatus.CANCELLED in {job.status, parent.status if parent else None}:
        return None
    if VisionCheck.objects.filter(take=take, version=VERSION).exists():
        return None
    config = configs_of([story.vision_provider]).get(story.vision_provider)
    model = vision.model_that_sees(config) if config else None
    return enqueue.enqueue_vision_check(
        take,
        story,
        owner=job.owner or story.owner,
        provider=story.vision_provider,
        price=price,
        request=request_of(story, take, model.name if model else ""),
        parent=parent if parent is not None and parent.status in OPEN else None,
    )
