"""Plan before spend: what a generation would make, with prices, from the current rows.

The price on the button is the price the server checks: `confirm` compares it in the transaction
that starts the work.
"""

import hashlib
from collections import Counter
from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Literal, NamedTuple
from uuid import UUID

import msgspec
from django.db.models import OuterRef, QuerySet, Subquery
from django.utils.translation import gettext_noop

from core.localized_messages import DomainError, LocalizedMessage, Value
from providers.enums import Kind, Refusal
from providers.models import ProviderCall
from providers.preflight import UsedFields, ready_adapter
from providers.prices import model_name, model_row, priced, spec_from
from providers.prompt_text import NEEDS_ENGLISH, is_english
from providers.requests import from_json
from stories.enums import Doubt, PlanState, ReviewStatus, SoundKind, TakeKind
from stories.errors import GuardRefused, PlanChanged
from stories.models import Scene, Story, Take
from stories.selectors.job_facts import JobFacts
from stories.selectors.warnings import warnings_of

from .check_offers import CheckOffer, check_offer, checks_by_itself
from .continuity import MISSING, keyframe_of, with_keyframes
from .fingerprints import clip_request, image_request, is_stale, present_hash
from .makers import Maker, maker_of, providers_of, story_maker
from .scene_cast import references_in, with_cast
from .sound_items import SoundItem
from .sound_plan import SoundPlan, plan_sound

if TYPE_CHECKING:
    from providers.adapters import Adapter, ModelSpec
    from providers.models import AIProviderConfig, ProviderModel

NEEDS_PICTURE = gettext_noop("It needs a picture first.")
PICTURE_FIRST = LocalizedMessage(NEEDS_PICTURE)
NEXT_PICTURE_FIRST = LocalizedMessage(
    gettext_noop("It ends in the next scene's picture, and there is none yet.")
)
CHANGED = LocalizedMessage(gettext_noop("The scene has changed since."))
BEING_CHECKED = LocalizedMessage(gettext_noop("A model is looking at the newest take."))
BEING_RECORDED = LocalizedMessage(
    gettext_noop("It is at the provider, or its result is being taken in.")
)
UNRESOLVED = LocalizedMessage(gettext_noop("A call may have been paid and is not resolved yet."))
DOUBTFUL = {
    TakeKind.IMAGE: LocalizedMessage(
        gettext_noop("The automatic check has doubts about its picture. Select it or reject it.")
    ),
    TakeKind.CLIP: LocalizedMessage(
        gettext_noop("The automatic check has doubts about its clip. Select it or reject it.")
    ),
}
NOT_CHECKED = {
    TakeKind.IMAGE: LocalizedMessage(
        gettext_noop("Its picture is not checked by the model yet. Check, select or reject it.")
    ),
    TakeKind.CLIP: LocalizedMessage(
        gettext_noop("Its clip is not checked by the model yet. Check, select or reject it.")
    ),
}
SILENT = LocalizedMessage("")
# A take that waits for these has a price, too.
AWAITING = (PICTURE_FIRST, NEXT_PICTURE_FIRST)
UNUSED = {
    "negative": gettext_noop(
        "%(provider)s's model %(model)s does not use what to avoid; it is not sent."
    ),
    "strength": gettext_noop(
        "%(provider)s's model %(model)s does not use how closely the sheets are followed; it is "
        "not sent."
    ),
}
NOT_ENGLISH = gettext_noop(
    "%(provider)s understands English only: what to avoid is not in English, and it is not sent."
)
NOTHING = Decimal(0)
NO_PICTURE_YET = "none"

Mode = Literal["missing", "stale", "failed"]
PRICED = frozenset({"missing", "rejected", "stale"})
RETAKEN = PRICED | {"done"}  # failed attempts are reported whether or not an older take exists


class Item(NamedTuple):
    """One scene in a plan.

    `will`: the plan makes a take for it, at `price` USD. `why`: what blocks it, or why a take is
    made. `failed`: the last attempt failed and nothing came after it, whatever older take the scene
    has. A clip that only waits for its picture has a price, too, because it must still be paid to
    finish the film. `uncertain`: USD that an unclear call may have cost for a missing take.
    `warnings`: what a person should know before paying, though it does not block the take. `check`:
    USD for having the take checked by a model when it has arrived, beside `price`.
    """

    scene: Scene
    state: PlanState
    failed: bool
    will: bool
    price: Decimal
    why: LocalizedMessage
    uncertain: Decimal = NOTHING
    warnings: tuple[LocalizedMessage, ...] = ()
    maker: Maker = Maker("")
    check: Decimal = NOTHING

    @property
    def scene_id(self) -> UUID:
        return self.scene.pk

    @property
    def key(self) -> str:
        """Identifies it in confirmations."""
        return str(self.scene.pk)

    @property
    def position(self) -> int:
        return self.scene.position

    @property
    def title(self) -> str:
        return self.scene.title

    @property
    def total(self) -> Decimal:
        """USD for the take and its check."""
        return self.price + self.check


@dataclass(frozen=True, slots=True)
class Plan:
    kind: str
    mode: Mode
    provider: str
    items: list[Item]
    story: Story = field(repr=False)
    scenes: list[Scene] = field(repr=False)
    as_is: bool = False
    # What a plan of the whole story makes in speech and music. None: a plan of some scenes.
    sound: SoundPlan | None = None
    # How each new take is checked by a model. None: not by itself.
    check: CheckOffer | None = None

    @property
    def total(self) -> Decimal:
        """The total price in USD of everything the plan makes, and of checking it."""
        total = sum((item.total for item in self.items if item.will), Decimal(0))
        return total + self.sound.total if self.sound else total

    @property
    def checked(self) -> list[Item]:
        """The takes that are checked by a model when they have arrived, for a price."""
        return [item for item in self.todo if item.check]

    @property
    def checks_total(self) -> Decimal:
        """The most in USD that these checks cost."""
        return sum((item.check for item in self.checked), Decimal(0))

    @property
    def sound_todo(self) -> list[SoundItem]:
        return self.sound.todo if self.sound else []

    @property
    def makes_nothing(self) -> bool:
        return not self.todo and not self.sound_todo

    @property
    def counts(self) -> dict[str, int]:
        return dict(Counter(item.state for item in self.items))

    @property
    def todo(self) -> list[Item]:
        return [item for item in self.items if item.will]

    @property
    def kept(self) -> list[Item]:
        """Scenes whose take is reused, up to date or not."""
        return [item for item in self.items if item.state in {"done", "stale"} and not item.will]

    @property
    def stale_kept(self) -> list[Item]:
        return [item for item in self.kept if item.state == "stale"]

    @property
    def running(self) -> list[Item]:
        return [item for item in self.items if item.state == "running"]

    @property
    def doubtful(self) -> list[Item]:
        """Takes that block the film unless a person overrides them: rejected takes and stale
        clips.
        """
        kinds = {"rejected"} if self.kind == TakeKind.IMAGE else {"rejected", "stale"}
        return [item for item in self.items if item.state in kinds and not item.will]

    @property
    def blocked(self) -> list[Item]:
        return [item for item in self.items if item.state == "blocked"]

    @property
    def without_english(self) -> list[Item]:
        """The scenes that are blocked because the provider needs their prompt in English."""
        return [item for item in self.blocked if item.why.template == NEEDS_ENGLISH]

    @property
    def ids_without_english(self) -> list[UUID]:
        return [item.scene_id for item in self.without_english]

    @property
    def hash(self) -> str:
        """Identifies exactly this plan.

        It covers kind, provider, scenes with the inputs, seeds and makers of their takes, and
        prices, but not the scene order.
        """
        made = {item.scene_id: item for item in self.items if item.will}
        lines = sorted(
            f"{scene.pk}={made[scene.pk].price} "
            f"{present_hash(self.story, scene, self.kind)} {scene.prompt.seed}"
            f" {':'.join(made[scene.pk].maker)}"
            for scene in self.scenes
            if scene.pk in made
        )
        lines += self.sound.signature if self.sound else []
        if self.check and self.checked:
            offer = self.check
            lines.append(f"check {offer.provider} {offer.request.model} {offer.price}")
        return hashlib.sha256(
            "\n".join([self.kind, self.mode, self.provider, *lines]).encode()
        ).hexdigest()


def with_takes(scenes: QuerySet[Scene]) -> QuerySet[Scene]:
    """The scenes in order, with what a plan needs of each."""
    scenes = scenes.select_related("prompt", "image_take", "clip_take").order_by("position", "id")
    scenes = scenes.annotate(**doubtful_takes())
    return with_keyframes(scenes).prefetch_related(with_cast())


def doubtful_takes() -> dict[str, Any]:
    """Annotations of a scene: the doubts about the newest take of each kind that waits for a
    person because of them, or None.
    """
    doubtful = (
        Take.objects.filter(scene=OuterRef("pk"), review_status=ReviewStatus.UNREVIEWED)
        .exclude(doubts="")
        .order_by("-created_at", "-id")
        .values("doubts")
    )
    return {
        f"doubtful_{kind}": Subquery(doubtful.filter(kind=kind)[:1]) for kind in TakeKind.values
    }


def load_scenes(story: Story, scene_ids: list[UUID] | None = None) -> list[Scene]:
    """The live scenes in order with prompt, selected takes and cast. Two queries."""
    scenes = with_takes(Scene.live.filter(story=story))
    return list(scenes if scene_ids is None else scenes.filter(pk__in=scene_ids))


def plan_generation(
    story: Story,
    kind: str,
    *,
    mode: Mode = "missing",
    scene_ids: list[UUID] | None = None,
    scenes: list[Scene] | None = None,
    facts: JobFacts | None = None,
    as_is: bool = False,
    sound: bool | None = None,
) -> Plan:
    """Plan what would be made.

    Mode `missing` makes missing and rejected takes, `stale` redoes outdated ones, `failed` retries
    failed ones.

    `as_is`: a person accepts rejected takes for the film, so they are not made again. `sound`: the
    plan includes the speech and music that the film needs; by default it does if it is a plan of
    the whole story. Seven queries whatever the number of scenes if the story has no sound; at most
    two, for the providers, if scenes and facts are given.
    """
    if sound is None:
        sound = scenes is None and scene_ids is None
    scenes = load_scenes(story, scene_ids) if scenes is None else scenes
    facts = JobFacts.of(story) if facts is None else facts
    checker = {story.vision_provider} if checks_by_itself(story) else set()
    facts.need_providers(providers_of(story, scenes) | checker)
    offer = check_offer(story, facts.config_or_none(story.vision_provider)) if checker else None
    provider = story_maker(story, kind).provider
    seen = _Seen(facts, kind)
    prices = _Prices(kind, facts)
    quotes = quotes_of(kind, seen.asks_price)
    items = []
    for scene in scenes:
        key = scene.key
        state, why = _state(story, scene, kind, seen)
        was_failed = key in seen.failed and state in RETAKEN
        maker = maker_of(story, scene, kind)
        price = NOTHING
        uncertain = NOTHING
        unused: tuple[LocalizedMessage, ...] = ()
        if state in PRICED or why in AWAITING:
            try:
                request = _request(story, scene, kind, maker)
                asked = prices.of(scene, maker, request)
                price = max(asked, quotes.for_take(key, request))
                unused = prices.unused(scene, maker, request)
            except DomainError as error:
                if not (as_is and has_take(scene, kind)):
                    state, why = "blocked", error.sentence
        elif why is UNRESOLVED and not has_take(scene, kind):
            with suppress(DomainError):
                uncertain = prices.of(scene, maker, _request(story, scene, kind, maker))
        will = is_wanted(state, mode, failed=was_failed) and not (as_is and state == "rejected")
        items.append(
            Item(
                scene,
                state,
                was_failed,
                will,
                price,
                why,
                uncertain,
                warnings_of(story, scene, kind) + unused,
                maker,
                offer.price if offer and (will or state in PRICED or why in AWAITING) else NOTHING,
            )
        )
    return Plan(
        kind,
        mode,
        provider,
        items,
        story,
        scenes,
        as_is,
        plan_sound(story, scenes=scenes, facts=facts) if sound else None,
        offer,
    )


class Quotes(NamedTuple):
    """What providers asked for takes above the confirmed price, by scene or look id as text."""

    calls: dict[str, ProviderCall]

    def for_take(self, item: str, request: Any) -> Decimal:
        """The provider's price in USD of this request; 0 if it has named none for it.

        The seed does not matter: the job that asks for the price has its own.
        """
        call = self.calls.get(item)
        if call is None or call.quote is None:
            return NOTHING
        asked, now = (
            msgspec.structs.replace(one, seed=0) for one in (from_json(call.request), request)
        )
        return call.quote if asked == now else NOTHING


def quotes_of(kind: str, items: Collection[str]) -> Quotes:
    """The quotes for these scenes or looks, whose jobs ask for a price. One query, or none."""
    if not items:
        return Quotes({})
    rows = ProviderCall.objects.filter(kind=kind, item__in=items, refusal=Refusal.PRICE)
    return Quotes({call.item: call for call in rows.order_by("reserved_at")})


class _Prices:
    """Prices of the scenes' takes, and whether their providers accept them.

    Each provider and model is looked up once.
    """

    def __init__(self, kind: str, facts: JobFacts) -> None:
        self.kind, self.facts = kind, facts
        # Scenes of equal length cost the same with the same model.
        self.known: dict[tuple[Maker, int], Decimal] = {}
        self.asked: dict[Maker, _Asked] = {}

    def of(self, scene: Scene, maker: Maker, request: Any) -> Decimal:
        """The price in USD of this request for the scene's take.

        Raises the errors the call would be refused with before payment; see
        `preflight.require_possible`.
        """
        if maker not in self.asked:
            config = self.facts.config_of(maker.provider)
            row = model_row(config, request)
            self.asked[maker] = _Asked(
                config,
                row,
                ready_adapter(config, Kind(self.kind)),
                spec_from(row, model_name(config, request, row)),
            )
        asked = self.asked[maker]
        asked.adapter.check_request(request, asked.spec)
        length = scene.duration_seconds if self.kind == TakeKind.CLIP else 0
        if (maker, length) not in self.known:
            self.known[maker, length] = priced(asked.config, request, asked.row).total
        return self.known[maker, length]

    def unused(self, scene: Scene, maker: Maker, request: Any) -> tuple[LocalizedMessage, ...]:
        """What of the scene its model does not use, after `of`."""
        prompt, asked = scene.prompt, self.asked[maker]
        found: list[LocalizedMessage] = []
        if hasattr(asked.adapter, "unsent"):
            found += asked.adapter.unsent(request)
        wanted = {
            "negative": bool(prompt.negative.strip()),
            "strength": prompt.strength is not None and self.kind == TakeKind.IMAGE,
        }
        if not any(wanted.values()):
            return tuple(found)
        used = asked.adapter.used_fields(Kind(self.kind), asked.spec)
        values: dict[str, Value] = {"provider": asked.config.name, "model": asked.spec.name}
        found += [
            LocalizedMessage(UNUSED[name], values)
            for name, is_set in wanted.items()
            if is_set and name not in used
        ]
        if (
            "negative" in used
            and getattr(asked.adapter, "english_only", False)
            and not is_english(prompt.negative)
        ):
            found.append(LocalizedMessage(NOT_ENGLISH, {"provider": asked.config.name}))
        return tuple(found)


class _Asked(NamedTuple):
    """A connection and its model, as a scene's take is asked of them."""

    config: "AIProviderConfig"
    row: "ProviderModel | None"
    adapter: "Adapter"
    spec: "ModelSpec"


def is_wanted(state: PlanState, mode: Mode, *, failed: bool) -> bool:
    """Whether a plan in this mode makes a take for a scene in this state."""
    if mode == "stale":
        return state == "stale"
    if mode == "failed":
        return failed and state in PRICED
    return state in {"missing", "rejected"}


def request_of(story: Story, scene: Scene, kind: str, *, provider: str = "") -> Any:
    """The provider request for a take of this kind.

    `provider`: a person asks this one for it, with its usual model.
    """
    return _request(story, scene, kind, maker_of(story, scene, kind, provider=provider))


def _request(story: Story, scene: Scene, kind: str, maker: Maker) -> Any:
    references, model = references_in(scene), maker.model
    if kind == TakeKind.IMAGE:
        return image_request(story, scene.prompt, references=references, model=model)
    # Without a picture the clip is blocked but has a price, calculated as if there were one.
    image = scene.image_take or Take(file=NO_PICTURE_YET)
    keyframe = keyframe_of(scene)
    end = (keyframe.file or NO_PICTURE_YET) if keyframe else ""
    return clip_request(
        story, scene, scene.prompt, image, references=references, model=model, end_file=end
    )


def has_take(scene: Scene, kind: str) -> bool:
    """Whether the scene has a take of this kind that is not rejected.

    It does not matter whether another take is being made or is locked.
    """
    take = scene.take(kind)
    return take is not None and take.review_status != ReviewStatus.REJECTED


class _Seen:
    """The job facts for one kind of take, by scene id."""

    def __init__(self, facts: JobFacts, kind: str) -> None:
        self.running, self.failed = facts.running(kind), facts.failed(kind)
        self.under_way, self.unclear = facts.under_way(kind), facts.unclear_of(kind)
        self.asks_price = facts.asks_price(kind)
        self.facts = facts
        self.used = facts.used_fields


def _state(
    story: Story, scene: Scene, kind: str, seen: _Seen
) -> tuple[PlanState, LocalizedMessage]:
    take, key = scene.take(kind), scene.key
    if key in seen.unclear:
        return "blocked", UNRESOLVED
    if key in seen.running:
        return "running", seen.running[key].note
    if key in seen.under_way:
        return "running", BEING_RECORDED
    state, why = _state_of_take(story, scene, kind, take, seen.used)
    if why is NOT_CHECKED[TakeKind(kind)] and key in seen.facts.checking(kind):
        state, why = "running", BEING_CHECKED
    elif kind == TakeKind.CLIP and state in PRICED and keyframe_of(scene) == MISSING:
        state, why = "blocked", NEXT_PICTURE_FIRST
    elif key in seen.asks_price and state in PRICED:
        why = seen.asks_price[key].note
    return state, why


def _state_of_take(
    story: Story, scene: Scene, kind: str, take: Take | None, used: UsedFields
) -> tuple[PlanState, LocalizedMessage]:
    if take is not None and take.review_status != ReviewStatus.REJECTED:
        return ("stale", CHANGED) if is_stale(story, scene, take, used=used) else ("done", SILENT)
    if kind == TakeKind.CLIP and (
        scene.image_take is None or scene.image_take.review_status == ReviewStatus.REJECTED
    ):
        return "blocked", PICTURE_FIRST
    # A single scene that a person makes anew is loaded without the annotation.
    if doubts := getattr(scene, f"doubtful_{kind}", None):
        waits = NOT_CHECKED if doubts == Doubt.UNCHECKED else DOUBTFUL
        return "blocked", waits[TakeKind(kind)]
    if take is not None:
        return "rejected", LocalizedMessage(
            gettext_noop("Rejected: %(reason)s"), {"reason": take.review_reason}
        )
    return "missing", SILENT


def is_in_the_way(item: Item, kind: str) -> bool:
    """Whether this blocked scene prevents joining the film.

    A preview may show a picture that is older than its scene.
    """
    return item.state == "blocked" and not (kind == TakeKind.IMAGE and has_take(item.scene, kind))


def why_nothing(plan: Plan) -> GuardRefused | None:
    """The first reason if nothing can be made and a scene is blocked, else None.

    Such a start would only wait for a person.
    """
    in_the_way = [item for item in plan.items if is_in_the_way(item, plan.kind)]
    if not plan.makes_nothing or any(item.state == "running" for item in plan.items):
        return None
    if not in_the_way:
        return _why_no_sound(plan)
    first = in_the_way[0]
    return GuardRefused(
        gettext_noop("Nothing can be made. Scene %(position)s: %(why)s"),
        position=first.position,
        why=first.why,
    )


def _why_no_sound(plan: Plan) -> GuardRefused | None:
    """The first reason why speech or music that the film needs cannot be made."""
    blocked = [item for item in plan.sound.items if item.state == "blocked"] if plan.sound else []
    if not blocked or (plan.sound and plan.sound.running):
        return None
    if blocked[0].kind == SoundKind.MUSIC and blocked[0].scene is not None:
        return GuardRefused(
            gettext_noop("Nothing can be made. Music of scene %(position)s: %(why)s"),
            position=blocked[0].position,
            why=blocked[0].why,
        )
    if blocked[0].scene is None:
        return GuardRefused(gettext_noop("Nothing can be made. Music: %(why)s"), why=blocked[0].why)
    return GuardRefused(
        gettext_noop("Nothing can be made. Speech of scene %(position)s: %(why)s"),
        position=blocked[0].position,
        why=blocked[0].why,
    )


def require_some(plan: Plan) -> None:
    """Raises GuardRefused if `why_nothing` returns a reason."""
    if why := why_nothing(plan):
        raise why


def confirm(plan: Plan, *, total: Decimal | None, plan_hash: str | None = None) -> None:
    """Raises PlanChanged if the cost or the plan differs from what the person confirmed.

    None skips a comparison.
    """
    confirm_amount(plan.total, total)
    if plan_hash is not None and plan_hash != plan.hash:
        raise PlanChanged(
            gettext_noop("The plan has changed since you saw it. Nothing was started.")
        )


def confirm_amount(now: Decimal, confirmed: Decimal | None) -> None:
    """Raises PlanChanged if the cost differs from the confirmed amount.

    None skips the comparison. Zero is also what a program confirms that names no price.
    """
    if confirmed is None or confirmed == now:
        return
    if not confirmed:
        raise PlanChanged(
            gettext_noop("This costs %(now)s USD, which was not confirmed. Nothing was started."),
            total=now,
            now=str(now),
        )
    raise PlanChanged(
        gettext_noop("The price is now %(now)s, not %(then)s. Nothing was started."),
        total=now,
        now=str(now),
        then=str(confirmed),
    )
