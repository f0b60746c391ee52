"""Lengths of scenes and story.

Those that scenes need for their lines are proposed with what each costs, and set when accepted.
"""

from collections.abc import Mapping
from copy import copy
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from itertools import groupby
from typing import TYPE_CHECKING
from uuid import UUID

from django.contrib.auth.models import AbstractBaseUser, AnonymousUser
from django.db import transaction
from django.db.models import Sum
from django.utils.translation import gettext_noop

from core.localized_messages import LocalizedMessage
from media.audio.tempo import FASTEST
from stories.enums import TakeKind
from stories.errors import Invalid
from stories.models import MAX_DURATION, Scene, Story, tenths

from . import waking
from .locking import locked_story
from .paces import Paces
from .plan import Item, load_scenes, plan_generation
from .scene_values import checked
from .sound_items import SoundItem
from .sound_plan import SoundPlan, plan_sound
from .speech_timing import SceneTiming, timing

if TYPE_CHECKING:
    from stories.selectors.job_facts import JobFacts

NOTHING = Decimal(0)
TWICE = gettext_noop("A scene is named twice.")


@dataclass(frozen=True, slots=True)
class LengthProposal:
    """A scene that is shorter than its lines with their lead and tail.

    `estimated`: not all lines are spoken yet. `speed`: how much faster they are spoken if the scene
    stays as it is; None: they do not fit. `characters`: about how many to take out for that.
    `held_ms`: how long the selected clip would hold its last frame. `price`: USD that a clip of
    the proposed length costs more than is to be paid now. `why`: why no such clip can be made.
    """

    scene: Scene
    seconds: float
    estimated: bool
    speed: float | None
    characters: int
    held_ms: int
    price: Decimal
    why: LocalizedMessage | None

    @property
    def more(self) -> float:
        return tenths(self.seconds - self.scene.duration_seconds)

    @property
    def held(self) -> float:
        """Seconds for which the selected clip would hold its last frame."""
        return round(self.held_ms / 1000, 1)


@dataclass(frozen=True, slots=True)
class _Need:
    scene: Scene
    found: SceneTiming
    spoken_ms: int
    letters: int
    estimated: bool


def propose_lengths(
    story: Story,
    *,
    plan: SoundPlan | None = None,
    scenes: list[Scene] | None = None,
    facts: "JobFacts | None" = None,
) -> list[LengthProposal]:
    """The scenes whose lines need more time, in order.

    The same queries for any number of scenes. `scenes`: those of the story with their takes.
    """
    if plan is None:
        scenes = load_scenes(story) if scenes is None else scenes
        plan = plan_sound(story, scenes=scenes, facts=facts)
    needs = [need for need in _needs(plan) if need.found.needed > need.scene.duration_seconds]
    if not needs:
        return []
    lengths = {need.scene.pk: need.found.needed for need in needs}
    short = [
        scene for scene in (load_scenes(story) if scenes is None else scenes) if scene.pk in lengths
    ]
    now = _clips(story, short, facts)
    then = _clips(story, [_as_long(scene, lengths[scene.pk]) for scene in short], facts)
    return [_proposal(need, now[need.scene.pk], then[need.scene.pk]) for need in needs]


def _clips(story: Story, scenes: list[Scene], facts: "JobFacts | None") -> dict[UUID, Item]:
    """The clips of these scenes as a plan has them."""
    plan = plan_generation(story, TakeKind.CLIP, scenes=scenes, facts=facts)
    return {item.scene_id: item for item in plan.items}


def _needs(plan: SoundPlan) -> list[_Need]:
    paces = Paces.of(plan.story, plan.items)
    spoken = [item for item in plan.items if item.line is not None]
    found = []
    for scene, group in groupby(spoken, key=lambda item: item.scene):
        assert scene is not None
        items = list(group)
        lengths = [_length_ms(paces, item) for item in items]
        found.append(
            _Need(
                scene,
                timing(lengths, scene.duration_ms, last=scene is plan.last),
                sum(lengths),
                sum(len(item.line.current.text) for item in items if item.line is not None),
                any(item.take is None or item.state != "done" for item in items),
            )
        )
    return found


def _length_ms(paces: Paces, item: SoundItem) -> int:
    if item.take is not None and item.state == "done":
        return item.take.duration_ms
    return paces.estimated_ms(item)


def _as_long(scene: Scene, seconds: float) -> Scene:
    longer = copy(scene)
    longer.duration_seconds = seconds
    return longer


def _proposal(need: _Need, now: Item, then: Item) -> LengthProposal:
    scene, seconds = now.scene, need.found.needed
    take = scene.clip_take
    held = max(0, round(seconds * 1000) - take.duration_ms) if take is not None else 0
    return LengthProposal(
        scene,
        seconds,
        need.estimated,
        float(round(need.found.speed, 2)) if need.found.fits else None,
        _too_many(need),
        held,
        max(then.price - now.price, NOTHING),
        then.why if then.state == "blocked" and now.state != "blocked" else None,
    )


def _too_many(need: _Need) -> int:
    """About how many characters more the lines have than fit at the fastest speed."""
    if need.found.fits or not need.spoken_ms:
        return 0
    over = 1 - Fraction(str(FASTEST)) / max(need.found.speed, Fraction(1))
    return max(1, round(need.letters * over))


def set_lengths(
    story_id: UUID | str, *, actor: AbstractBaseUser | AnonymousUser, lengths: Mapping[UUID, float]
) -> Story:
    """Set the lengths of these scenes, in seconds, to a tenth. All or nothing.

    Raises Story.DoesNotExist, Forbidden, GuardRefused, or Invalid: a length that no scene has, a
    film that is too long, a scene that is gone.
    """
    wanted = {
        key: checked({"duration_seconds": seconds})["duration_seconds"]
        for key, seconds in lengths.items()
    }
    with transaction.atomic():
        story = locked_story(story_id, actor)
        scenes = list(Scene.live.filter(story=story, pk__in=wanted).order_by("pk"))
        if len(scenes) != len(wanted):
            raise Invalid(
                gettext_noop("One of these scenes is not in the story any more."), field="lengths"
            )
        for scene in scenes:
            scene.duration_seconds = wanted[scene.pk]
            scene.save(update_fields=["duration_seconds", "updated_at"])
        settle_length(story)
    return story


def settle_length(story: Story) -> None:
    """Set the story's length to the sum of its scenes' lengths.

    Raises Invalid above the maximum.
    """
    total = Scene.live.filter(story=story).aggregate(sum=Sum("duration_seconds"))["sum"]
    if total is None:
        return
    total = tenths(total)
    if total > MAX_DURATION:
        raise Invalid(
            gettext_noop("The film would be %(total)s s long; the longest is %(longest)s s."),
            total=total,
            longest=MAX_DURATION,
            field="duration_seconds",
        )
    if total != story.duration_seconds:
        story.duration_seconds = max(total, 2)
        story.save()
    waking.wake_story_jobs_on_commit(story.pk)
