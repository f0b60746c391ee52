"""Plan before spend, for sound: which speech and music the film still needs, with prices."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import groupby
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec
from django.utils.translation import gettext_noop

from core.localized_messages import DomainError, LocalizedMessage
from jobs.enums import JobStatus, WaitFor
from jobs.models import Job
from providers import requests
from providers.enums import CallState
from providers.preflight import require_possible
from providers.prices import configs_of, model_row, not_configured, priced
from providers.requests import MusicRequest
from stories.enums import JobName, Mood, ReviewStatus, SoundKind
from stories.models import Line, Scene, SoundTake, Story, StorySound
from stories.selectors.job_facts import JobFacts

from . import enqueue
from .paces import Paces
from .recordings import recordings_of
from .sound import Cast, cast_of, scene_sounds_of, settings_of
from .sound_inputs import (
    is_music_stale,
    is_speech_stale,
    music_hash,
    music_request,
    speech_hash,
    speech_request,
)
from .speech_timing import timing, too_long

if TYPE_CHECKING:
    from providers.models import AIProviderConfig
    from stories.selectors.job_facts import JobRow

    from .plan import State

CHANGED_LINE = LocalizedMessage(gettext_noop("Its words or its voice have changed since."))
CHANGED_MUSIC = LocalizedMessage(
    gettext_noop("The mood, the provider or the length of the film has changed since.")
)
BEING_MADE = LocalizedMessage(
    gettext_noop("It is at the provider, or its result is being taken in.")
)
UNRESOLVED = LocalizedMessage(gettext_noop("A call may have been paid and is not resolved yet."))
LINE_GONE = gettext_noop("The line has been deleted.")
SOUND_OFF = gettext_noop("The story's sound is turned off.")
NO_MUSIC = gettext_noop("The story has no music any more.")
SILENT = LocalizedMessage("")
NOTHING = Decimal(0)
MADE = frozenset({"missing", "stale", "rejected"})


class SoundItem(NamedTuple):
    """The speech of one line, or the story's music, in a plan. As `plan.Item`.

    `item` is the id of the line or the story, `take` the selected take.
    """

    kind: str
    item: str
    state: "State"
    will: bool
    price: Decimal
    why: LocalizedMessage
    provider: str
    request: Any
    input_hash: str
    scene: Scene | None = None
    line: Line | None = None
    take: SoundTake | None = None
    failed: bool = False

    @property
    def key(self) -> str:
        """Identifies it in confirmations and calls."""
        return enqueue.sound_key(self.kind, self.item)

    @property
    def position(self) -> int:
        return self.scene.position if self.scene else 0

    @property
    def title(self) -> str:
        return self.line.current.text[:80] if self.line else ""


@dataclass(frozen=True, slots=True)
class SoundPlan:
    """What a story's film needs in sound. A story without sound has an empty plan."""

    story: Story = field(repr=False)
    settings: StorySound | None = None
    items: tuple[SoundItem, ...] = ()
    cast: Cast | None = None
    scenes: tuple[Scene, ...] = ()
    too_long: tuple[LocalizedMessage, ...] = ()  # recordings

    @property
    def todo(self) -> list[SoundItem]:
        return [item for item in self.items if item.will]

    @property
    def running(self) -> list[SoundItem]:
        return [item for item in self.items if item.state == "running"]

    @property
    def total(self) -> Decimal:
        """The price in USD of everything the plan makes."""
        return sum((item.price for item in self.todo), NOTHING)

    @property
    def in_the_way(self) -> list[SoundItem]:
        """Items without which the film cannot be built."""
        return [item for item in self.items if item.will or item.state == "blocked"]

    @property
    def warnings(self) -> list[LocalizedMessage]:
        """The scenes that are too short for their lines, by the real lengths or by estimates."""
        found: list[LocalizedMessage | None] = [*self.too_long]
        paces = Paces.of(self.story, self.items)
        for scene, items in groupby(
            (item for item in self.items if item.scene), key=lambda item: item.scene
        ):
            found.append(_too_long(paces, scene, list(items), last=scene is self.last))
        return [warning for warning in found if warning is not None]

    @property
    def last(self) -> Scene | None:
        return self.scenes[-1] if self.scenes else None

    @property
    def signature(self) -> list[str]:
        """Identifies what is made, for the hash of a plan."""
        return sorted(f"{item.key}={item.price} {item.input_hash}" for item in self.todo)


def lines_of_film(story: Story, scenes: Iterable[Scene]) -> list[tuple[Scene, list[Line]]]:
    """The scenes with their live lines in order. One query."""
    rows = (
        Line.live.filter(scene__story=story)
        .select_related("current", "speech_take__text")
        .order_by("position", "id")
    )
    found: dict[Any, list[Line]] = {}
    for line in rows:
        found.setdefault(line.scene_id, []).append(line)
    return [(scene, found.get(scene.pk, [])) for scene in scenes]


def plan_sound(
    story: Story, *, scenes: list[Scene] | None = None, facts: JobFacts | None = None
) -> SoundPlan:
    """Plan the speech of every line and the music.

    Missing, stale and rejected sound is made; it belongs to both the preview and the final film.
    Nothing is made for lines whose voices a recording replaces. A story without sound costs one
    query.
    """
    settings = settings_of(story)
    if settings is None or not settings.enabled:
        return SoundPlan(story, settings)
    if scenes is None:
        scenes = list(Scene.live.filter(story=story).order_by("position", "id"))
    if facts is None:
        facts = JobFacts.of(story)
    cast = cast_of(story)
    seen = _Seen(facts)
    providers = {
        settings.music_provider,
        *(voice.provider for voice in cast.voices.values()),
        cast.voice_of("").provider,
    }
    prices = _Prices(configs_of(providers))
    recorded = recordings_of(settings, scene_sounds_of(story))
    items = [
        _speech(story, scene, line, cast, prices.configs)
        for scene, found in lines_of_film(story, scenes)
        for line in found
        if recorded.of_scene(scene) is None
    ]
    if settings.mood != Mood.NONE and scenes:
        items.append(_music(story, settings, sum(scene.duration_seconds for scene in scenes)))
    return SoundPlan(
        story,
        settings,
        tuple(_decided(item, seen, prices) for item in items),
        cast,
        tuple(scenes),
        recorded.too_long(scenes),
    )


def _speech(
    story: Story,
    scene: Scene,
    line: Line,
    cast: Cast,
    configs: "dict[str, AIProviderConfig]",
) -> SoundItem:
    voice = cast.speaking(line.current)
    spoken = cast.spoken(line.current)
    wanted = speech_hash(story, line.current, voice, spoken)
    take = line.speech_take
    stale = take is not None and is_speech_stale(
        take, story, line.current, cast, configs.get(voice.provider)
    )
    return SoundItem(
        SoundKind.SPEECH,
        line.key,
        *_standing(take, stale=stale, why=CHANGED_LINE),
        provider=voice.provider,
        request=speech_request(story, line.current, voice, spoken),
        input_hash=wanted,
        scene=scene,
        line=line,
        take=take,
    )


def _music(story: Story, settings: StorySound, seconds: float) -> SoundItem:
    wanted, take = music_hash(story, settings), settings.music_take
    stale = take is not None and is_music_stale(take, wanted, seconds)
    return SoundItem(
        SoundKind.MUSIC,
        str(story.pk),
        *_standing(take, stale=stale, why=CHANGED_MUSIC),
        provider=settings.music_provider,
        # The cards are heard with music, but no music is made again for them: it is repeated.
        request=music_request(story, settings, seconds + story.cards_seconds),
        input_hash=wanted,
        take=take,
    )


def _standing(
    take: SoundTake | None, *, stale: bool, why: LocalizedMessage
) -> "tuple[State, bool, Decimal, LocalizedMessage]":
    """State, will, price and why of the selected take alone."""
    if take is None:
        return "missing", True, NOTHING, SILENT
    if take.review_status == ReviewStatus.REJECTED:
        return (
            "rejected",
            True,
            NOTHING,
            LocalizedMessage(gettext_noop("Rejected: %(reason)s"), {"reason": take.review_reason}),
        )
    return ("stale", True, NOTHING, why) if stale else ("done", False, NOTHING, SILENT)


def _decided(item: SoundItem, seen: "_Seen", prices: "_Prices") -> SoundItem:
    """The item with what its jobs and calls say, and its price."""
    if item.key in seen.unclear:
        return item._replace(state="blocked", will=False, why=UNRESOLVED)
    if (job := seen.running.get(item.key)) is not None:
        return item._replace(state="running", will=False, why=job.note)
    if item.key in seen.under_way:
        return item._replace(state="running", will=False, why=BEING_MADE)
    if item.state not in MADE:
        return item
    failed = seen.failed.get(item.key)
    if failed is not None:
        item = item._replace(failed=True, why=failed.note)
    elif (asks := seen.asks_price.get(item.key)) is not None:
        item = item._replace(why=asks.note)
    try:
        return item._replace(price=prices.of(item))
    except DomainError as error:
        return item._replace(state="blocked", will=False, why=error.sentence)


def why_unwanted(story: Story, kind: str, line: Line | None) -> LocalizedMessage | None:
    """Why the film does not use such a take any more, or None. One query.

    `line` is the line to speak, with its scene.
    """
    if kind == SoundKind.SPEECH and (
        line is None or line.deleted_at is not None or line.scene.deleted_at is not None
    ):
        return LocalizedMessage(LINE_GONE)
    settings = settings_of(story)
    if settings is None or not settings.enabled:
        return LocalizedMessage(SOUND_OFF)
    if kind == SoundKind.MUSIC and settings.mood == Mood.NONE:
        return LocalizedMessage(NO_MUSIC)
    return None


def line_of_job(job: Job) -> Line | None:
    """The line that a job speaks, also a deleted one, with its scene."""
    if job.name != JobName.LINE_SPEECH:
        return None
    return Line.objects.select_related("current", "scene").filter(pk=job.item).first()


def sound_item(story: Story, job: Job, line: Line | None) -> SoundItem:
    """What a job makes from the rows as they are now, with the seed that it was started with.

    `line` is the line to speak, with its scene. The story has sound.
    """
    if line is not None:
        item = _speech(story, line.scene, line, cast_of(story), {})
    else:
        settings = settings_of(story)
        assert settings is not None
        lengths = Scene.live.filter(story=story).values_list("duration_seconds", flat=True)
        item = _music(story, settings, sum(lengths))
    ordered = requests.from_json(enqueue.asked(job)["request"])
    if isinstance(ordered, MusicRequest):
        request = msgspec.structs.replace(item.request, seed=ordered.seed)
        item = item._replace(request=request)
    return item._replace(state="missing", will=True, why=SILENT)


def sound_of_job(story: Story, job: Job) -> SoundItem | None:
    """What one more call of a job would make, at its present price.

    None if the film does not use it any more. Raises NoPrice, NotConfigured, or the reason of a
    refusal.
    """
    line = line_of_job(job)
    if why_unwanted(story, enqueue.SOUND_KIND[JobName(job.name)], line) is not None:
        return None
    item = sound_item(story, job, line)
    return item._replace(price=_Prices(configs_of({item.provider})).of(item))


def wanted_again(items: Iterable[SoundItem], *, again: bool) -> list[SoundItem]:
    """The items; if `again`, those that are done are made once more."""
    return [priced_again(item) if again and item.state == "done" else item for item in items]


def priced_again(item: SoundItem) -> SoundItem:
    """A done item as one that is made once more, beside the take that it has."""
    config = configs_of({item.provider}).get(item.provider)
    prices = _Prices({item.provider: config} if config else {})
    request = (
        item.request
        if not hasattr(item.request, "seed")
        else msgspec.structs.replace(item.request, seed=_next_seed(item))
    )
    item = item._replace(request=request)
    return item._replace(will=True, price=prices.of(item))


def _next_seed(item: SoundItem) -> int:
    takes = (
        SoundTake.objects.filter(line=item.line)
        if item.line
        else SoundTake.objects.filter(story_id=item.item, kind=item.kind)
    )
    return int((item.request.seed + takes.count()) % 2**32)


class _Seen:
    """The job facts for sound, by key."""

    def __init__(self, facts: "JobFacts") -> None:
        self.running: dict[str, JobRow] = {}
        self.failed: dict[str, JobRow] = {}
        self.asks_price: dict[str, JobRow] = {}
        for job in facts.jobs:
            kind = enqueue.SOUND_KIND.get(JobName(job.name)) if job.name in JobName else None
            if kind is None:
                continue
            key = enqueue.sound_key(kind, job.item)
            if not job.is_open:
                self.failed[key] = job
            elif job.status == JobStatus.WAITING and job.wait_for == WaitFor.PERSON:
                self.asks_price[key] = job
            elif job.action != enqueue.INGEST_ONLY:
                self.running[key] = job
        calls = [
            (enqueue.sound_key(call.kind, call.item), call.state)
            for call in facts.calls
            if call.kind in SoundKind.values
        ]
        self.unclear = {key for key, state in calls if state == CallState.UNCLEAR}
        self.under_way = {key for key, state in calls if state != CallState.UNCLEAR}


def _too_long(
    paces: Paces, scene: Scene | None, items: list[SoundItem], *, last: bool
) -> LocalizedMessage | None:
    assert scene is not None  # music has none
    estimated = any(item.take is None or item.state != "done" for item in items)
    lengths = [
        item.take.duration_ms if item.take and item.state == "done" else paces.estimated_ms(item)
        for item in items
    ]
    return too_long(scene, timing(lengths, scene.duration_ms, last=last), estimated=estimated)


class _Prices:
    """Prices, with each provider looked up once."""

    def __init__(self, configs: "dict[str, AIProviderConfig]") -> None:
        self.configs = configs

    def of(self, item: SoundItem) -> Decimal:
        """The price in USD. Raises the errors that the call would be refused with."""
        config = self.configs.get(item.provider)
        if config is None:
            raise not_configured(item.provider)
        row = model_row(config, item.request)
        require_possible(config, item.request, row=row)
        return priced(config, item.request, row).total
