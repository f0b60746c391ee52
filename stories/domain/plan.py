"""Plan before spend: what a generation would do, scene by scene, with its price, from the rows as they are now.

The number on the button is the number that the server checks: `confirm` compares it in the transaction that starts the work.
"""

import hashlib
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Literal, NamedTuple
from uuid import UUID

from django.utils.translation import gettext_noop

from ground.sentence import SaidError, Sentence
from providers.enums import Kind
from providers.preflight import ready_adapter
from providers.prices import card_from, model_name, model_row, priced
from stories.enums import TakeKind, Verdict
from stories.errors import GuardRefused, PlanChanged
from stories.models import Scene, Story, Take

from .facts import Facts
from .inputs import clip_request, image_request, is_stale, present_hash
from .warnings import warnings_of

if TYPE_CHECKING:
    from providers.adapters import Adapter, Card
    from providers.models import AIProviderConfig, ProviderModel

NEEDS_PICTURE = gettext_noop("It needs a picture first.")
PICTURE_FIRST = Sentence(NEEDS_PICTURE)
CHANGED = Sentence(gettext_noop("The scene has changed since."))
LANDING = Sentence(gettext_noop("It is at the provider, or its result is being taken in."))
UNRESOLVED = Sentence(gettext_noop("A call may have been paid and is not resolved yet."))
SILENT = Sentence("")
NOTHING = Decimal(0)
NO_PICTURE_YET = "none"

State = Literal["missing", "stale", "rejected", "running", "done", "blocked"]
Mode = Literal["missing", "stale", "failed"]
PRICED = frozenset({"missing", "rejected", "stale"})
RETAKEN = PRICED | {"done"}  # a failed attempt is told whether or not an older take stands


class Item(NamedTuple):
    """One scene in a plan. `will`: the plan makes a take for it, at `price` USD. `why`: what is in the way, or why it is to be made.

    `failed`: the last attempt failed, and nothing came after it, whatever take the scene has from before.
    What only waits for a picture has a price, too: it is still to be paid until the film is whole.
    `uncertain`: USD that an unclear call may have paid for a take that is not there.
    `warnings`: what a person would want to know before anything is paid, though it is not in the way.
    """

    scene: Scene
    state: State
    failed: bool
    will: bool
    price: Decimal
    why: Sentence
    uncertain: Decimal = NOTHING
    warnings: tuple[Sentence, ...] = ()

    @property
    def scene_id(self) -> UUID:
        return self.scene.pk

    @property
    def position(self) -> int:
        return self.scene.position

    @property
    def title(self) -> str:
        return self.scene.title


@dataclass(frozen=True, slots=True)
class Plan:
    kind: str
    mode: Mode
    provider: str
    items: list[Item]
    story: Story = field(repr=False)
    scenes: list[Scene] = field(repr=False)
    as_is: bool = False

    @property
    def total(self) -> Decimal:
        """USD for all that the plan makes."""
        return sum((item.price for item in self.items if item.will), Decimal(0))

    @property
    def counts(self) -> dict[str, int]:
        return dict(Counter(item.state for item in self.items))

    @property
    def todo(self) -> list[Item]:
        return [item for item in self.items if item.will]

    @property
    def doubtful(self) -> list[Item]:
        """What keeps the film from being joined unless a person overrides it with a reason: takes that are rejected, clips that are stale."""
        kinds = {"rejected"} if self.kind == TakeKind.IMAGE else {"rejected", "stale"}
        return [item for item in self.items if item.state in kinds and not item.will]

    @property
    def blocked(self) -> list[Item]:
        return [item for item in self.items if item.state == "blocked"]

    @property
    def hash(self) -> str:
        """Names exactly this plan: kind, provider, scenes with what their takes are made from, and prices. Their order is not content."""
        made = {item.scene_id: item.price for item in self.items if item.will}
        lines = sorted(f"{scene.pk}={made[scene.pk]} {present_hash(self.story, scene, self.kind)}" for scene in self.scenes if scene.pk in made)
        return hashlib.sha256("\n".join([self.kind, self.mode, self.provider, *lines]).encode()).hexdigest()


def load_scenes(story: Story, scene_ids: list[UUID] | None = None) -> list[Scene]:
    """The live scenes in order with prompt and chosen takes; one query."""
    scenes = Scene.live.filter(story=story).select_related("prompt", "image_take", "clip_take").order_by("position", "id")
    return list(scenes if scene_ids is None else scenes.filter(pk__in=scene_ids))


def plan_generation(
    story: Story,
    kind: str,
    *,
    mode: Mode = "missing",
    scene_ids: list[UUID] | None = None,
    scenes: list[Scene] | None = None,
    facts: Facts | None = None,
    as_is: bool = False,
) -> Plan:
    """What would be made. `missing` fills what is missing or rejected, `stale` redoes what changed, `failed` retries what failed.

    `as_is`: a person takes rejected takes into the film as they are, so none of them is made again.
    Five queries whatever the number of scenes; at most two, the providers', with their scenes and facts given.
    """
    scenes = load_scenes(story, scene_ids) if scenes is None else scenes
    facts = Facts.of(story) if facts is None else facts
    provider = story.image_provider if kind == TakeKind.IMAGE else story.clip_provider
    seen = _Seen(facts, kind)
    prices = _Prices(story, kind, provider, facts)
    items = []
    for scene in scenes:
        key = scene.key
        state, why = _state(story, scene, kind, seen)
        was_failed = key in seen.failed and state in RETAKEN
        price = NOTHING
        uncertain = NOTHING
        if state in PRICED or why is PICTURE_FIRST:
            try:
                price = prices.of(scene)
            except SaidError as error:
                if not (as_is and has_take(scene, kind)):
                    state, why = "blocked", error.sentence
        elif why is UNRESOLVED and not has_take(scene, kind):
            with suppress(SaidError):
                uncertain = prices.of(scene)
        will = is_wanted(state, mode, failed=was_failed) and not (as_is and state == "rejected")
        items.append(Item(scene, state, was_failed, will, price, why, uncertain, warnings_of(story, scene, kind)))
    return Plan(kind, mode, provider, items, story, scenes, as_is)


class _Prices:
    """What each scene's take costs, and whether the provider would make it at all; the provider and its model are found once."""

    def __init__(self, story: Story, kind: str, provider: str, facts: Facts) -> None:
        self.story, self.kind, self.provider, self.facts = story, kind, provider, facts
        self.known: dict[int, Decimal] = {}  # scenes of the same length cost the same
        self.asked: tuple[AIProviderConfig, ProviderModel | None, Adapter, Card] | None = None

    def of(self, scene: Scene) -> Decimal:
        """USD. Raises what the call itself would be refused with, before anything is paid: see `preflight.require_possible`."""
        request = request_of(self.story, scene, self.kind)
        if self.asked is None:
            config = self.facts.config_of(self.provider)
            row = model_row(config, request)
            self.asked = config, row, ready_adapter(config, Kind(self.kind)), card_from(row, model_name(config, request, row))
        config, row, adapter, card = self.asked
        adapter.check_request(request, card)
        length = scene.duration_seconds if self.kind == TakeKind.CLIP else 0
        if length not in self.known:
            self.known[length] = priced(config, request, row).total
        return self.known[length]


def is_wanted(state: State, mode: Mode, *, failed: bool) -> bool:
    """Whether a plan of this mode makes a take for a scene in this state."""
    if mode == "stale":
        return state == "stale"
    if mode == "failed":
        return failed and state in PRICED
    return state in {"missing", "rejected"}


def request_of(story: Story, scene: Scene, kind: str) -> Any:
    """What a provider would be asked for a take of this kind."""
    if kind == TakeKind.IMAGE:
        return image_request(story, scene.prompt)
    # Without a picture it is blocked, but has a price: as if there were one.
    return clip_request(story, scene, scene.prompt, scene.image_take or Take(file=NO_PICTURE_YET))


def has_take(scene: Scene, kind: str) -> bool:
    """Whether a take of this kind stands that nobody has rejected, whatever is being made or is locked."""
    take = scene.take(kind)
    return take is not None and take.verdict != Verdict.REJECTED


class _Seen:
    """What the facts say about one kind of take, by the scene's id."""

    def __init__(self, facts: Facts, kind: str) -> None:
        self.running, self.failed = facts.running(kind), facts.failed(kind)
        self.under_way, self.unclear = facts.under_way(kind), facts.unclear_of(kind)
        self.asks_price = facts.asks_price(kind)


def _state(story: Story, scene: Scene, kind: str, seen: _Seen) -> tuple[State, Sentence]:
    take, key = scene.take(kind), scene.key
    if key in seen.unclear:
        return "blocked", UNRESOLVED
    if key in seen.running:
        return "running", seen.running[key].note
    if key in seen.under_way:
        return "running", LANDING
    state, why = _state_of_take(story, scene, kind, take)
    if key in seen.asks_price and state in PRICED:
        return state, seen.asks_price[key].note
    return state, why


def _state_of_take(story: Story, scene: Scene, kind: str, take: Take | None) -> tuple[State, Sentence]:
    if take is not None and take.verdict != Verdict.REJECTED:
        return ("stale", CHANGED) if is_stale(story, scene, take) else ("done", SILENT)
    if kind == TakeKind.CLIP and (scene.image_take is None or scene.image_take.verdict == Verdict.REJECTED):
        return "blocked", PICTURE_FIRST
    if take is not None:
        return "rejected", Sentence(gettext_noop("Rejected: %(reason)s"), {"reason": take.verdict_reason})
    return "missing", SILENT


def is_in_the_way(item: Item, kind: str) -> bool:
    """Whether a film cannot be joined as long as this scene is blocked. An animatic may show a picture that is older than its scene."""
    return item.state == "blocked" and not (kind == TakeKind.IMAGE and has_take(item.scene, kind))


def why_nothing(plan: Plan) -> GuardRefused | None:
    """The first reason if nothing can be made and a scene is blocked: a start would only wait for a person. None if there is something to start."""
    in_the_way = [item for item in plan.items if is_in_the_way(item, plan.kind)]
    if plan.todo or not in_the_way or any(item.state == "running" for item in plan.items):
        return None
    first = in_the_way[0]
    return GuardRefused(gettext_noop("Nothing can be made. Scene %(position)s: %(why)s"), position=first.position, why=first.why)


def require_some(plan: Plan) -> None:
    """Raises GuardRefused where `why_nothing` has a reason."""
    if why := why_nothing(plan):
        raise why


def confirm(plan: Plan, *, total: Decimal | None, plan_hash: str | None = None) -> None:
    """Raises PlanChanged if the plan no longer costs what the person confirmed, or is another plan. None: nothing to compare."""
    confirm_amount(plan.total, total)
    if plan_hash is not None and plan_hash != plan.hash:
        raise PlanChanged(gettext_noop("The plan has changed since you saw it. Nothing was started."))


def confirm_amount(now: Decimal, confirmed: Decimal | None) -> None:
    """Raises PlanChanged if it no longer costs what the person confirmed. None: nothing to compare."""
    if confirmed is not None and confirmed != now:
        raise PlanChanged(gettext_noop("The price is now %(now)s, not %(then)s. Nothing was started."), now=str(now), then=str(confirmed))
