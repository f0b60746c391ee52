"""Summary of a story's scenes: states, counts, prices and progress.

The board, the story pages, the overview, the cost page and the list of stories that need attention
all use it, so their numbers agree.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

from django.db.models import Exists, OuterRef, Q

from stories.enums import ReviewStatus, StoryStatus, TakeKind
from stories.models import Scene, Story, tenths
from stories.services.generation import why_closed
from stories.services.permissions import stories_for
from stories.services.plan import (
    DOUBTFUL,
    NEEDS_PICTURE,
    NOT_CHECKED,
    UNRESOLVED,
    Item,
    Mode,
    Plan,
    has_take,
    is_wanted,
    load_scenes,
    plan_generation,
    with_takes,
)
from stories.services.sound_plan import SoundPlan, plan_sound

from .job_facts import JobFacts

if TYPE_CHECKING:
    from uuid import UUID

LATE = frozenset({"missing", "rejected"})
SETTLED = frozenset({"approved", "review"})
MODES: tuple[Mode, ...] = ("missing", "stale", "failed")
REVIEWED = (
    StoryStatus.PREVIEWING,
    StoryStatus.RENDERING,
    StoryStatus.COMPLETED,
)  # in which takes are reviewed
NOTHING = Decimal(0)


def needs_picture(item: Item) -> bool:
    return item.state == "blocked" and item.why.template == NEEDS_PICTURE


def is_locked(item: Item) -> bool:
    """Whether paid work is blocked until a person resolves a call that may have been paid."""
    return item.state == "blocked" and item.why.template == UNRESOLVED.template


def awaits_review_of_doubts(item: Item) -> bool:
    """Whether the scene has only a doubtful or unchecked take, which a person may select."""
    waits = (*DOUBTFUL.values(), *NOT_CHECKED.values())
    return item.state == "blocked" and item.why in waits


def has_doubts(take: Any) -> bool:
    """Whether the selected take is doubtful and nobody has reviewed it."""
    return bool(take and take.doubts and take.review_status == ReviewStatus.UNREVIEWED)


def words_of(item: Item, take: Any) -> tuple[str, ...]:
    """The state keys by which a board filters.

    A failed attempt precedes the state of an existing take.
    """
    word: str = "doubtful" if awaits_review_of_doubts(item) else item.state
    if word == "done":
        word = "approved" if take and take.review_status == ReviewStatus.APPROVED else "review"
    words = (word, "doubtful") if has_doubts(take) else (word,)
    return ("failed", *words) if item.failed else words


class SceneSummary(NamedTuple):
    """One scene with its items in the plans of both kinds.

    `words`: its states, most urgent first; `image_words` and `clip_words`: those of each kind. A
    picture whose clip is approved needs no review of its own. `only_picture`: the clip has no state
    to show yet. `left`: remaining cost in USD until the film is complete. `uncertain`: USD that an
    unclear call may have cost.
    """

    scene: Any
    image: Item
    clip: Item
    words: tuple[str, ...]
    image_words: tuple[str, ...]
    clip_words: tuple[str, ...]
    only_picture: bool
    left: Decimal
    uncertain: Decimal

    def item(self, kind: str) -> Item:
        return self.image if kind == TakeKind.IMAGE else self.clip

    def words_of(self, kind: str) -> tuple[str, ...]:
        return self.image_words if kind == TakeKind.IMAGE else self.clip_words


def summary_of(scene: Any, image: Item, clip: Item) -> SceneSummary:
    pictures, clips = words_of(image, scene.image_take), words_of(clip, scene.clip_take)
    if clips == ("approved",) and pictures == ("review",):
        pictures = clips
    alone = scene.clip_take is None and (clips == ("missing",) or needs_picture(clip))
    if alone:
        words = pictures
    else:
        both = clips + pictures if pictures[0] in SETTLED else pictures + clips
        words = tuple(dict.fromkeys(both))
    left = uncertain = NOTHING
    for item in (image, clip):
        if item.state in LATE or needs_picture(item):
            left += item.total
        uncertain += item.uncertain
    return SceneSummary(scene, image, clip, words, pictures, clips, alone, left, uncertain)


@dataclass(frozen=True, slots=True)
class Batch:
    """Takes that can be made together: how many, and their price in USD with the story's sound."""

    kind: str
    mode: str
    count: int
    price: Decimal


@dataclass(frozen=True, slots=True)
class Progress:
    """The progress of all scenes with one kind of take.

    `ready` counts scenes with a take that is not rejected.
    """

    kind: str
    ready: int
    total: int
    running: int
    batches: list[Batch]
    why_not: str

    @property
    def percent(self) -> int:
        return 100 * self.ready // self.total if self.total else 0


@dataclass
class Summary:
    """Counts over a story's scenes, and what its film still costs."""

    story: Story
    scenes: list[SceneSummary]
    plans: dict[str, Plan]
    facts: JobFacts

    @cached_property
    def sound(self) -> SoundPlan:
        """The speech, music and effects that are made with the next takes of the whole story."""
        scenes = [one.scene for one in self.scenes]
        return plan_sound(self.story, scenes=scenes, facts=self.facts)

    @cached_property
    def seconds(self) -> float:
        return tenths(sum(one.scene.duration_seconds for one in self.scenes))

    @cached_property
    def left(self) -> Decimal:
        """The remaining cost in USD until the film is complete, with its sound."""
        return sum((one.left for one in self.scenes), self.sound.total)

    @cached_property
    def uncertain(self) -> Decimal:
        """USD of missing takes whose call may or may not have been paid."""
        return sum((one.uncertain for one in self.scenes), NOTHING)

    @cached_property
    def counts(self) -> dict[str, int]:
        """The number of scenes in each state. A scene may be in more than one."""
        found: Counter[str] = Counter()
        for words, number in Counter(one.words for one in self.scenes).items():
            found.update(dict.fromkeys(words, number))
        return dict(found)

    @cached_property
    def progress(self) -> list[Progress]:
        return [self._progress(kind) for kind in TakeKind.values]

    def _progress(self, kind: str) -> Progress:
        items = self.plans[kind].items
        ready = sum(has_take(item.scene, kind) for item in items)
        running = sum(item.state == "running" for item in items)
        batches = [_batch(kind, mode, items, sound=self.sound.total) for mode in MODES]
        closed = why_closed(self.story, kind)
        why_not = str(closed) if closed else ""
        return Progress(
            kind, ready, len(items), running, [batch for batch in batches if batch.count], why_not
        )


def _batch(kind: str, mode: Mode, items: Iterable[Item], *, sound: Decimal) -> Batch:
    wanted = [item for item in items if is_wanted(item.state, mode, failed=item.failed)]
    return Batch(kind, mode, len(wanted), sum((item.total for item in wanted), sound))


def summarize(
    story: Story, *, scenes: Sequence[Any] | None = None, facts: JobFacts | None = None
) -> Summary:
    """Summarize the story as it is now. Six queries, and at most two if scenes and facts are given.

    `scenes`: live scenes in order with their prompt and selected takes, or rows with the same
    names.
    """
    rows: list[Any] = load_scenes(story) if scenes is None else list(scenes)
    facts = JobFacts.of(story) if facts is None else facts
    plans = {
        kind: plan_generation(story, kind, scenes=rows, facts=facts) for kind in TakeKind.values
    }
    places = zip(rows, plans[TakeKind.IMAGE].items, plans[TakeKind.CLIP].items, strict=True)
    return Summary(story, [summary_of(*place) for place in places], plans, facts)


def unreviewed_of(owner: Any, most: int) -> list[tuple[Story, int]]:
    """The person's newest stories with takes to review, each with the number of such scenes.

    The number is the one of the board's filter, because it is counted by the same summary. The
    number of queries does not depend on the number of stories, of which at most `most` are
    examined.
    """
    unreviewed = Q(image_take__review_status=ReviewStatus.UNREVIEWED) | Q(
        clip_take__review_status=ReviewStatus.UNREVIEWED
    )
    rows = Scene.live.filter(unreviewed)
    stories = stories_for(owner).filter(
        Exists(rows.filter(story=OuterRef("pk"))), owner_id=owner.pk, status__in=REVIEWED
    )
    found = list(stories.defer("script").order_by("-updated_at", "id")[:most])
    if not found:
        return []
    facts = JobFacts.of_each(found)
    scenes: dict[UUID, list[Scene]] = {story.pk: [] for story in found}
    for scene in with_takes(rows.filter(story__in=found)):
        scenes[scene.story_id].append(scene)
    counts = [
        (
            story,
            summarize(story, scenes=scenes[story.pk], facts=facts[story.pk]).counts.get(
                "review", 0
            ),
        )
        for story in found
    ]
    return [(story, count) for story, count in counts if count]
