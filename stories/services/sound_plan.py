"""Plan before spend, for sound: which speech, music and effects the film needs, with prices."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import groupby
from math import inf
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec
from django.utils.translation import gettext_noop

from core.localized_messages import DomainError, LocalizedMessage, Value
from jobs.enums import JobStatus, WaitFor
from jobs.models import Job
from providers import requests
from providers.enums import CallState
from providers.preflight import require_possible
from providers.prices import configs_of, model_row, not_configured, priced
from providers.requests import MusicRequest, SoundRequest
from stories.enums import JobName, Mood, PlanState, ReviewStatus, SoundKind
from stories.models import Effect, Line, Scene, SceneSound, SoundTake, Story, StorySound, tenths
from stories.selectors.job_facts import JobFacts

from . import job_data
from .effects import effects_of, is_late, why_late
from .paces import Paces
from .recordings import recordings_of
from .sound import Cast, cast_of, scene_sounds_of, settings_of
from .sound_inputs import (
    effect_hash,
    effect_request,
    is_for_another_order,
    is_music_stale,
    is_speech_stale,
    music_hash,
    music_request,
    speech_hash,
    speech_request,
)
from .sound_items import SoundItem
from .speech_timing import timing, too_long

if TYPE_CHECKING:
    from collections.abc import Mapping
    from uuid import UUID

    from providers.models import AIProviderConfig
    from stories.selectors.job_facts import JobRow


CHANGED_LINE = LocalizedMessage(gettext_noop("Its words or its voice have changed since."))
CHANGED_MUSIC = LocalizedMessage(
    gettext_noop("The mood, the provider or the length of the film has changed since.")
)
CHANGED_SCENE_MUSIC = LocalizedMessage(
    gettext_noop("The mood, the provider or the length of the scene has changed since.")
)
CHANGED_ORDER = LocalizedMessage(gettext_noop("The order of the scenes has changed since."))
CHANGED_EFFECT = LocalizedMessage(
    gettext_noop("The description, the length or the provider of the effect has changed since.")
)
BEING_MADE = LocalizedMessage(
    gettext_noop("It is at the provider, or its result is being taken in.")
)
UNRESOLVED = LocalizedMessage(gettext_noop("A call may have been paid and is not resolved yet."))
LINE_GONE = gettext_noop("The line has been deleted.")
EFFECT_GONE = gettext_noop("The effect has been deleted.")
SOUND_OFF = gettext_noop("The story's sound is turned off.")
SCENE_GONE = gettext_noop("The scene has been deleted.")
NO_EFFECT = gettext_noop("The effect has no description any more.")
EFFECT_IS_LATE = gettext_noop(
    "Scene %(position)s: the effect at %(seconds)s s begins after the end of its scene."
)
FILM_EFFECT_IS_LATE = gettext_noop(
    "The effect of the film at %(seconds)s s begins after the end of the film."
)
GONE: dict[str, str] = {
    SoundKind.SPEECH: LINE_GONE,
    SoundKind.SOUND: EFFECT_GONE,
    SoundKind.MUSIC: SCENE_GONE,
}
NO_MUSIC = gettext_noop("The story has no music any more.")
NO_SCENE_MUSIC = gettext_noop("The scene has no music of its own any more.")
NO_ROOM_FOR_MUSIC = gettext_noop("Every scene has music of its own or none.")
SILENT = LocalizedMessage("")
NOTHING = Decimal(0)
MADE = frozenset({"missing", "stale", "rejected"})


@dataclass(frozen=True, slots=True)
class SoundPlan:
    """What a story's film needs in sound. A story without sound has an empty plan."""

    story: Story = field(repr=False)
    settings: StorySound | None = None
    items: tuple[SoundItem, ...] = ()
    cast: Cast | None = None
    scenes: tuple[Scene, ...] = ()
    too_long: tuple[LocalizedMessage, ...] = ()  # recordings
    late_effects: tuple[LocalizedMessage, ...] = ()  # that begin after their scene or film

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
        """The scenes that are too short for their lines, by the real lengths or by estimates, and
        the effects that begin too late to be heard.
        """
        found: list[LocalizedMessage | None] = [*self.too_long]
        paces = Paces.of(self.story, self.items)
        for scene, items in groupby(
            (item for item in self.items if item.line), key=lambda item: item.scene
        ):
            found.append(_too_long(paces, scene, list(items), last=scene is self.last))
        return [
            *(warning for warning in found if warning is not None),
            *self.late_effects,
        ]

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
    """Plan the speech of every line, the music of the film and of scenes, and the effects that are
    described.

    Missing, stale and rejected sound is made; it belongs to both the preview and the final film.
    Nothing is made for lines whose voices a recording replaces, nor music of the film if every
    scene has its own or none. A story without sound costs one query.
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
        settings.effects_provider,
        *(voice.provider for voice in cast.voices.values()),
        cast.voice_of("").provider,
    }
    prices = _Prices(configs_of(providers))
    own = scene_sounds_of(story)
    recorded = recordings_of(settings, own)
    items = [
        _speech(story, scene, line, cast, prices.configs)
        for scene, found in lines_of_film(story, scenes)
        for line in found
        if recorded.of_scene(scene) is None
    ]
    seconds = sum(scene.duration_seconds for scene in scenes)
    if settings.mood != Mood.NONE and _hears_film_music(scenes, own):
        items.append(_music(story, settings, scenes))
    items += [
        _scene_music(story, settings, scene, row)
        for scene in scenes
        if (row := own.get(scene.pk)) is not None and row.has_own_music
    ]
    heard = [
        _Placed(effect, place, place.duration_seconds if place else seconds + story.cards_seconds)
        for place, effects in in_order(effects_of(story), scenes)
        for effect in effects
    ]
    items += [_effect(settings, *placed) for placed in heard if placed.effect.prompt]
    return SoundPlan(
        story,
        settings,
        tuple(_decided(item, seen, prices) for item in items),
        cast,
        tuple(scenes),
        recorded.too_long(scenes),
        tuple(
            _late(placed)
            for placed in heard
            if placed.effect.take and is_late(placed.effect, placed.seconds)
        ),
    )


class _Placed(NamedTuple):
    """An effect, its scene (None: the whole film), and how long that is in seconds."""

    effect: Effect
    scene: Scene | None
    seconds: float


def in_order(
    effects: Iterable[Effect], scenes: Iterable[Scene]
) -> list[tuple[Scene | None, list[Effect]]]:
    """The effects of the whole film (None) and those of each scene, by their beginnings."""
    found: dict[UUID | None, list[Effect]] = {}
    for effect in sorted(effects, key=lambda effect: effect.begins):
        found.setdefault(effect.scene_id, []).append(effect)
    places: list[Scene | None] = [None, *scenes]
    return [(place, found.get(place.pk if place else None, [])) for place in places]


def _late(placed: _Placed) -> LocalizedMessage:
    values: dict[str, Value] = {"seconds": tenths(placed.effect.begins)}
    if placed.scene is None:
        return LocalizedMessage(FILM_EFFECT_IS_LATE, values)
    return LocalizedMessage(EFFECT_IS_LATE, {"position": placed.scene.position, **values})


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


def _hears_film_music(scenes: Iterable[Scene], own: "Mapping[UUID, SceneSound]") -> bool:
    """Whether the film's music goes on in any of these scenes."""
    return any(scene.pk not in own or not own[scene.pk].mood for scene in scenes)


def _music(story: Story, settings: StorySound, scenes: Sequence[Scene]) -> SoundItem:
    seconds = sum(scene.duration_seconds for scene in scenes)
    wanted, take = music_hash(story, settings), settings.music_take
    stale = take is not None and is_music_stale(take, wanted, seconds)
    item = SoundItem(
        SoundKind.MUSIC,
        str(story.pk),
        *_standing(take, stale=stale, why=CHANGED_MUSIC),
        provider=settings.music_provider,
        # The cards are heard with music, but no music is made again for them: it is repeated.
        request=music_request(story, settings, seconds + story.cards_seconds),
        input_hash=wanted,
        take=take,
        scene_order=tuple(scene.key for scene in scenes),
    )
    if item.state == "done" and take is not None and is_for_another_order(take, scenes):
        # The request says nothing of the order: a person decides whether other music is bought.
        return item._replace(state="stale", why=CHANGED_ORDER)
    return item


def _scene_music(story: Story, settings: StorySound, scene: Scene, row: SceneSound) -> SoundItem:
    wanted, take = music_hash(story, settings, own=row), row.music_take
    seconds = scene.duration_seconds
    stale = take is not None and is_music_stale(take, wanted, seconds, tolerated_ms=0)
    return SoundItem(
        SoundKind.MUSIC,
        scene.key,
        *_standing(take, stale=stale, why=CHANGED_SCENE_MUSIC),
        provider=settings.music_provider,
        request=music_request(story, settings, seconds, own=row),
        input_hash=wanted,
        scene=scene,
        take=take,
    )


def _effect(settings: StorySound, effect: Effect, scene: Scene | None, seconds: float) -> SoundItem:
    """`scene`: where it is heard, `seconds` long; None: in the whole film."""
    wanted, take = effect_hash(effect, settings), effect.take
    stale = take is not None and bool(take.input_hash) and take.input_hash != wanted
    item = SoundItem(
        SoundKind.SOUND,
        effect.key,
        *_standing(take, stale=stale, why=CHANGED_EFFECT),
        provider=settings.effects_provider,
        request=effect_request(effect),
        input_hash=wanted,
        scene=scene,
        effect=effect,
        take=take,
    )
    if item.will and is_late(effect, seconds):  # nothing is bought that would not be heard
        late = LocalizedMessage(why_late(effect))
        return item._replace(state="blocked", will=False, why=late)
    return item


def _standing(
    take: SoundTake | None, *, stale: bool, why: LocalizedMessage
) -> tuple[PlanState, bool, Decimal, LocalizedMessage]:
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
    if item.state not in MADE or not item.will:
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


def place_of_job(job: Job) -> Line | Effect | Scene | None:
    """The line that a job speaks, the effect that it makes, or the scene whose music it makes, also
    a deleted one.

    None for the film's music, and for what does not exist any more.
    """
    if job.name == JobName.LINE_SPEECH:
        return Line.objects.select_related("current", "scene").filter(pk=job.item).first()
    if job.name == JobName.SCENE_SOUND:
        return Effect.objects.select_related("scene", "take").filter(pk=job.item).first()
    if _is_of_film(job):
        return None
    return Scene.objects.filter(pk=job.item).first()


def _is_of_film(job: Job) -> bool:
    """Whether a job makes the music of the whole film."""
    return job.name == JobName.STORY_MUSIC and job.item == job.subject


def why_unwanted(
    story: Story, job: Job, place: Line | Effect | Scene | None
) -> LocalizedMessage | None:
    """Why the film does not use such a take any more, or None. At most three queries.

    `place` is what `place_of_job` has found.
    """
    if (gone := _why_gone(job, place)) is not None:
        return gone
    settings = settings_of(story)
    if settings is None or not settings.enabled:
        return LocalizedMessage(SOUND_OFF)
    if isinstance(place, Scene):
        return None if _sound_of(place).has_own_music else LocalizedMessage(NO_SCENE_MUSIC)
    if _is_of_film(job):
        return _why_no_film_music(story, settings)
    if isinstance(place, Effect) and not place.prompt:
        return LocalizedMessage(NO_EFFECT)
    return None


def _why_gone(job: Job, place: Line | Effect | Scene | None) -> LocalizedMessage | None:
    if not _is_of_film(job) and (place is None or place.deleted_at is not None):
        return LocalizedMessage(GONE[job_data.SOUND_KIND[JobName(job.name)]])
    if isinstance(place, Line | Effect) and place.scene and place.scene.deleted_at is not None:
        return LocalizedMessage(SCENE_GONE)
    return None


def _sound_of(scene: Scene) -> SceneSound:
    row = SceneSound.objects.filter(scene=scene).select_related("music_take__call").first()
    return row or SceneSound(scene=scene)


def _why_no_film_music(story: Story, settings: StorySound) -> LocalizedMessage | None:
    if settings.mood == Mood.NONE:
        return LocalizedMessage(NO_MUSIC)
    scenes = Scene.live.filter(story=story)
    if _hears_film_music(scenes, scene_sounds_of(story)):
        return None
    return LocalizedMessage(NO_ROOM_FOR_MUSIC)


def sound_item(story: Story, job: Job, place: Line | Effect | Scene | None) -> SoundItem:
    """What a job makes from the rows as they are now, with the seed that it was started with.

    `place` is the line to speak, with its scene, the effect to make, which is described, or the
    scene whose music is made. The story has sound, and the film uses the take.
    """
    if isinstance(place, Line):
        item = _speech(story, place.scene, place, cast_of(story), {})
    else:
        settings = settings_of(story)
        assert settings is not None
        if isinstance(place, Effect):
            item = _effect(settings, place, place.scene, inf)  # the plan has looked at its place
        elif place is not None:
            item = _scene_music(story, settings, place, _sound_of(place))
        else:
            scenes = Scene.live.filter(story=story).order_by("position", "id")
            item = _music(story, settings, list(scenes))
    ordered = requests.from_json(job_data.asked(job)["request"])
    if isinstance(ordered, MusicRequest | SoundRequest):
        request = msgspec.structs.replace(item.request, seed=ordered.seed)
        item = item._replace(request=request)
    return item._replace(state="missing", will=True, why=SILENT)


def sound_of_job(story: Story, job: Job) -> SoundItem | None:
    """What one more call of a job would make, at its present price.

    None if the film does not use it any more. Raises NoPrice, NotConfigured, or the reason of a
    refusal.
    """
    place = place_of_job(job)
    if why_unwanted(story, job, place) is not None:
        return None
    item = sound_item(story, job, place)
    return item._replace(price=_Prices(configs_of({item.provider})).of(item))


def wanted_again(items: Iterable[SoundItem], *, again: bool) -> list[SoundItem]:
    """The items; if `again`, those that are done are made once more, and music that was made for
    another order of the scenes.
    """
    kept = {"done", "stale"}
    return [
        priced_again(item) if again and item.state in kept and not item.will else item
        for item in items
    ]


def priced_again(item: SoundItem) -> SoundItem:
    """An item that is kept as one that is made once more, beside the take that it has."""
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
    takes = SoundTake.objects.filter(kind=item.kind)
    if item.line:
        takes = takes.filter(line=item.line)
    elif item.effect:
        takes = takes.filter(effect=item.effect)
    elif item.scene:
        takes = takes.filter(scene=item.scene)
    else:
        takes = takes.filter(story_id=item.item, scene=None)
    return int((item.request.seed + takes.count()) % 2**32)


class _Seen:
    """The job facts for sound, by key."""

    def __init__(self, facts: "JobFacts") -> None:
        self.running: dict[str, JobRow] = {}
        self.failed: dict[str, JobRow] = {}
        self.asks_price: dict[str, JobRow] = {}
        for job in facts.jobs:
            kind = job_data.SOUND_KIND.get(JobName(job.name)) if job.name in JobName else None
            if kind is None:
                continue
            key = job_data.sound_key(kind, job.item)
            if not job.is_open:
                self.failed[key] = job
            elif job.status == JobStatus.WAITING and job.wait_for == WaitFor.PERSON:
                self.asks_price[key] = job
            elif job.action != job_data.INGEST_ONLY:
                self.running[key] = job
        calls = [
            (job_data.sound_key(call.kind, call.item), call.state)
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
