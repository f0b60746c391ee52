"""Edits of takes, planned with their price: change, upscale, extend and finish.

A change says in words what becomes different, everywhere or within a mask. An edit begins with one
take and gives another one; the take that it begins with stays as it is. Only a draft is finished,
by the connection that made it.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any, NamedTuple, cast

import msgspec
from django.utils.translation import gettext_noop

from core import visible
from core.localized_messages import DomainError, LocalizedMessage
from core.unicode_normalization import composed
from jobs.enums import OPEN, JobStatus, WaitFor
from jobs.models import Job
from providers import cast_references, edits
from providers.calls.outcomes import ordered_ms
from providers.enums import CallState
from providers.models import AIProviderConfig, ProviderCall, ProviderModel
from providers.preflight import require_possible
from providers.prices import config_of, priced
from providers.registry import class_of
from providers.requests import ClipRequest, Edit, ImageRequest, MaskShape
from stories.enums import EditTask, JobName, TakeKind
from stories.errors import Invalid
from stories.models import Scene, Story, Take

from . import job_data
from .check_offers import CheckOffer, current_offer
from .fingerprints import CANONICAL, english_of, frame_rate, frame_size, picture_size, style_of
from .scene_cast import references_in

if TYPE_CHECKING:
    from providers.requests import AspectRatio as Ratio
    from providers.requests import EditTask as Task

MOST_WORDS = 1000  # characters of a change
MOST_SHAPES, MOST_POINTS = 100, 4000  # of a mask
LEAST_SECONDS, USUAL_SECONDS, MOST_SECONDS = 1, 5, 30  # that are added to a clip
KINDS = {
    EditTask.CHANGE: frozenset({TakeKind.IMAGE}),
    EditTask.UPSCALE: frozenset({TakeKind.IMAGE, TakeKind.CLIP}),
    EditTask.EXTEND: frozenset({TakeKind.CLIP}),
    EditTask.FINISH: frozenset({TakeKind.CLIP}),
}
UNRESOLVED = LocalizedMessage(gettext_noop("A call may have been paid and is not resolved yet."))
BEING_MADE = LocalizedMessage(gettext_noop("This is being made already."))
SILENT = LocalizedMessage("")
WHOLE = (MaskShape([(0, 0), (edits.PARTS, edits.PARTS)]),)
NO_MODEL_THERE = gettext_noop("%(provider)s has no model in use that does this.")
NO_MODEL = {
    EditTask.CHANGE: gettext_noop("No model in use changes pictures."),
    EditTask.UPSCALE: gettext_noop("No model in use upscales this."),
    EditTask.EXTEND: gettext_noop("No model in use extends clips."),
    EditTask.FINISH: gettext_noop("This is not a draft that a model in use finishes."),
}


class Order(NamedTuple):
    """What a person asks for. Without a provider it is the first that does it.

    `seconds` are added to an extended clip. Made by `order`, which checks it.
    """

    task: EditTask
    words: str = ""
    words_en: str = ""
    mask: tuple[MaskShape, ...] = ()
    seconds: int = 0
    provider: str = ""
    model: str = ""

    def as_json(self) -> dict[str, Any]:
        return {**self._asdict(), "task": str(self.task), "mask": msgspec.to_builtins(self.mask)}

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> "Order":
        mask = tuple(msgspec.convert(values["mask"], list[MaskShape]))
        return cls(**{**values, "task": EditTask(values["task"]), "mask": mask})


@dataclass(frozen=True, slots=True)
class EditPlan:
    """One edit at one provider and model. Without a price, `why` says why it cannot be made.

    `check`: how a model checks the take when it has arrived. None: not by itself.
    """

    take: Take
    order: Order
    provider_name: str
    request: ImageRequest | ClipRequest
    price: Decimal | None
    why: LocalizedMessage = SILENT
    check: CheckOffer | None = None

    @property
    def check_price(self) -> Decimal:
        """The most in USD that the check of the take costs."""
        return self.check.price if self.check else Decimal(0)

    @property
    def total(self) -> Decimal:
        """USD for the take and its check."""
        return (Decimal(0) if self.price is None else self.price) + self.check_price

    @property
    def value(self) -> str:
        """The maker as a form sends it."""
        return f"{self.order.provider}:{self.order.model}"

    @property
    def change_hash(self) -> str:
        """SHA-256 over the take that it begins with, and what becomes of it."""
        order = self.order
        values = {
            "kind": "edit",
            "task": str(order.task),
            "take": self.take.sha256,
            "words": order.words,
            "words_en": order.words_en,
            "mask": msgspec.to_builtins(order.mask),
            "seconds": order.seconds,
        }
        return hashlib.sha256(CANONICAL.encode(values)).hexdigest()

    @property
    def key(self) -> str:
        """Identifies the edit in calls and confirmations: the take, what becomes of it, by what."""
        digest = hashlib.sha256(f"{self.change_hash} {self.value}".encode()).hexdigest()
        return f"{job_data.EDIT}:{self.take.pk}:{digest[:16]}"


def order(
    take: Take,
    *,
    task: str,
    words: str = "",
    words_en: str = "",
    mask: Sequence[MaskShape] = (),
    seconds: int | None = None,
    provider: str = "",
    model: str = "",
) -> Order:
    """The checked order. Raises Invalid, with the field that is wrong."""
    if task not in EditTask.values or TakeKind(take.kind) not in KINDS[EditTask(task)]:
        raise Invalid(gettext_noop("This cannot be done with this kind of take."), field="task")
    texts = {
        name: composed(visible.stripped(value))
        for name, value in (("words", words), ("words_en", words_en))
    }
    for name, value in texts.items():
        if len(value) > MOST_WORDS:
            raise Invalid(gettext_noop("At most %(most)s characters."), most=MOST_WORDS, field=name)
    added = _seconds(EditTask(task), seconds)
    _require_use(EditTask(task), words=any(texts.values()), mask=bool(mask))
    if model and not provider:
        raise Invalid(gettext_noop("Choose the provider of this model, too."), field="provider")
    return Order(
        EditTask(task),
        **texts,
        mask=_checked_mask(mask),
        seconds=added,
        provider=provider,
        model=model,
    )


def _require_use(task: EditTask, *, words: bool, mask: bool) -> None:
    """Raise Invalid for something that this task would not use."""
    if task == EditTask.CHANGE and not words:
        raise Invalid(gettext_noop("Describe what should change."), field="words")
    if task == EditTask.UPSCALE and words:
        raise Invalid(
            gettext_noop("An upscaled take stays as it is: leave this empty."), field="words"
        )
    if task == EditTask.FINISH and words:
        raise Invalid(
            gettext_noop("A draft is finished as it is: leave this empty."), field="words"
        )
    if mask and task != EditTask.CHANGE:
        raise Invalid(
            gettext_noop("A mask can be used only when a picture is changed."), field="mask"
        )


def _seconds(task: EditTask, seconds: int | None) -> int:
    """The seconds that are added. Raises Invalid."""
    if task != EditTask.EXTEND:
        if seconds is not None:
            raise Invalid(
                gettext_noop("A length can be given only when a clip is extended."), field="seconds"
            )
        return 0
    if seconds is None:
        return USUAL_SECONDS
    if not LEAST_SECONDS <= seconds <= MOST_SECONDS:
        raise Invalid(
            gettext_noop("Between %(least)s and %(most)s seconds."),
            least=LEAST_SECONDS,
            most=MOST_SECONDS,
            field="seconds",
        )
    return seconds


def _checked_mask(mask: Sequence[MaskShape]) -> tuple[MaskShape, ...]:
    """The mask. Raises Invalid if it is too long, lies outside the picture or covers nothing."""
    if len(mask) > MOST_SHAPES or sum(len(shape.points) for shape in mask) > MOST_POINTS:
        raise Invalid(
            gettext_noop("The mask has too many parts: at most %(shapes)s with %(points)s points."),
            shapes=MOST_SHAPES,
            points=MOST_POINTS,
            field="mask",
        )
    for shape in mask:
        inside = all(0 <= part <= edits.PARTS for point in shape.points for part in point)
        if not shape.points or not inside or not 0 <= shape.brush <= edits.PARTS:
            raise Invalid(gettext_noop("The mask lies outside the picture."), field="mask")
        if not shape.brush:
            if len(shape.points) != 2:  # noqa: PLR2004  opposite corners
                raise Invalid(gettext_noop("A rectangle has two corners."), field="mask")
            (left, top), (right, bottom) = shape.points
            if left == right or top == bottom:
                raise Invalid(gettext_noop("The mask covers nothing."), field="mask")
    return tuple(mask)


class Offer(NamedTuple):
    """A model that does a task. `masks`: it takes a mask; `needs_mask`: it does nothing without."""

    plan: EditPlan
    masks: bool
    needs_mask: bool


def offers(take: Take, *, seconds: int = USUAL_SECONDS) -> list[Offer]:
    """What can be done with the take, by which model in use and for how much; by task.

    `take` has its scene, story and prompt. What an order says may still be refused, such as words
    that are not in English. `seconds`: those that are added to a clip. Six queries, whatever the
    number of models, one more for a generated clip, and two more if new takes are checked.
    """
    taken, configs = _Taken.of(take), _configs("")
    found = []
    for task in EditTask:
        if TakeKind(take.kind) not in KINDS[task]:
            continue
        words = "-" if task == EditTask.CHANGE else ""
        probe = Order(task, words=words, seconds=seconds if task == EditTask.EXTEND else 0)
        plans = _choices(taken, probe, configs)
        if task != EditTask.CHANGE:
            found += [Offer(plan, masks=False, needs_mask=False) for plan in plans]
            continue
        masked = {plan.value: plan for plan in _choices(taken, probe._replace(mask=WHOLE), configs)}
        for plan in plans:
            other = masked[plan.value]
            needs_mask = plan.price is None and other.price is not None
            found.append(Offer(other if needs_mask else plan, other.price is not None, needs_mask))
    return found


def choices(take: Take, wanted: Order) -> list[EditPlan]:
    """What each model in use would make of the take, and for how much; the story's own first.

    `take` has its scene, story and prompt. A model whose row does not do the task is left out; one
    that cannot do it with this take says why. Six queries at most, one more for a generated clip,
    and two more if new takes are checked.
    """
    return _choices(_Taken.of(take), wanted, _configs(wanted.provider))


def _configs(provider: str) -> list[AIProviderConfig]:
    """The named connection, else all that are in use. Raises NotConfigured."""
    if provider:
        return [config_of(provider)]
    rows = AIProviderConfig.objects.filter(is_active=True).order_by("name")
    return list(rows.prefetch_related("models"))


def _choices(taken: "_Taken", wanted: Order, configs: list[AIProviderConfig]) -> list[EditPlan]:
    take = taken.take
    found = [
        _planned(taken, one, config, row)
        for config in configs
        if wanted.task != EditTask.FINISH or _is_draft(taken.call, config)
        for name, row in _rows(config, take.kind, wanted)
        for one in [wanted._replace(provider=config.provider, model=name)]
    ]
    own = taken.story.image_provider if take.kind == TakeKind.IMAGE else taken.story.clip_provider
    return sorted(
        found,
        key=lambda plan: (
            plan.price is None,
            plan.order.provider != own,
            plan.price or Decimal(0),
            plan.value,
        ),
    )


def plan_edit(take: Take, wanted: Order) -> EditPlan:
    """The edit at the provider and model that are asked for, else at the first that does it.

    Raises Invalid if no model in use does it, or the named one is not offered.
    """
    found = choices(take, wanted)
    if wanted.model:
        found = [plan for plan in found if plan.order.model == wanted.model]
    if not found:
        if wanted.provider:
            raise Invalid(NO_MODEL_THERE, provider=wanted.provider, field="model")
        raise Invalid(NO_MODEL[wanted.task], field="task")
    return found[0]


def _rows(
    config: AIProviderConfig, kind: str, wanted: Order
) -> list[tuple[str, ProviderModel | None]]:
    """The config's models that do the task, whether or not there is a mask; by name."""
    asked = {str(wanted.task), *([edits.MASK] if wanted.task == EditTask.CHANGE else [])}
    known = getattr(class_of(config), "own_tasks", {}).get(kind, frozenset())
    rows = [row for row in config.models.all() if row.kind == kind]
    if not rows:
        return [("", None)] if asked & known else []
    return [
        (row.name, row)
        for row in rows
        if row.is_active
        and not row.stands_for
        and asked & edits.tasks_of(row.capabilities, known=known)
    ]


def _is_draft(call: ProviderCall | None, config: AIProviderConfig) -> bool:
    """Whether this connection has made the clip as a draft."""
    if call is None or call.provider_id != config.provider or not call.task_id:
        return False
    return any(
        row.kind == call.kind and row.name == call.model and edits.makes_drafts(row.capabilities)
        for row in config.models.all()
    )


class _Taken(NamedTuple):
    """A take with what its edits need, loaded once."""

    take: Take
    scene: Scene
    story: Story
    references: list[Any]
    seeds: int  # takes of the scene that exist
    open_keys: frozenset[str]
    unclear: bool
    check: CheckOffer | None
    call: ProviderCall | None  # which made a clip

    @classmethod
    def of(cls, take: Take) -> "_Taken":
        calls = ProviderCall.objects.filter(
            subject=str(take.scene.story_id), item=str(take.pk), state__in=job_data.UNDER_WAY
        ).values_list("key", "state")
        # A job that asks for a price is not at work: starting it again confirms the price.
        jobs = (
            Job.objects.filter(item=str(take.pk), name=JobName.TAKE_EDIT, status__in=OPEN)
            .exclude(status=JobStatus.WAITING, wait_for=WaitFor.PERSON)
            .values_list("data__parameters__call_key", flat=True)
        )
        known = list(calls)
        return cls(
            take,
            take.scene,
            take.scene.story,
            references_in(take.scene),
            Take.objects.filter(scene=take.scene, kind=take.kind).count(),
            frozenset([*(key for key, _state in known), *jobs]),
            any(state == CallState.UNCLEAR for _key, state in known),
            current_offer(take.scene.story),
            take.call if take.kind == TakeKind.CLIP else None,
        )


def _planned(
    taken: _Taken, wanted: Order, config: AIProviderConfig, row: ProviderModel | None
) -> EditPlan:
    request = _request(taken, wanted)
    plan = EditPlan(taken.take, wanted, config.name, request, None, check=taken.check)
    if taken.unclear:
        return replace(plan, why=UNRESOLVED)
    if plan.key in taken.open_keys:
        return replace(plan, why=BEING_MADE)
    try:
        require_possible(config, request, row=row)
        return replace(plan, price=priced(config, request, row).total)
    except DomainError as error:
        return replace(plan, why=error.sentence)


def _request(taken: _Taken, wanted: Order) -> ImageRequest | ClipRequest:
    """The provider request. Where nothing is to change, its prompt says what the take shows."""
    take, story, prompt, call = taken.take, taken.story, taken.take.prompt, taken.call
    finished = call if wanted.task == EditTask.FINISH else None
    about, about_en = _about(taken)
    changes = bool(wanted.words or wanted.words_en)
    edit = Edit(
        task=cast("Task", str(wanted.task)),
        file=take.file,
        sha256=take.sha256,
        width=take.width,
        height=take.height,
        duration_ms=take.duration_ms,
        mask=list(wanted.mask),
        about=about,
        about_en=about_en,
        seed=prompt.seed if take.seed is None else take.seed,
        draft=finished.task_id if finished else "",
        drafted_at=(finished.sending_at or finished.reserved_at).isoformat() if finished else "",
    )
    is_image = take.kind == TakeKind.IMAGE
    width, height = picture_size(story) if is_image else frame_size(story)
    common: dict[str, Any] = {
        "prompt": (wanted.words or wanted.words_en) if changes else about,
        "prompt_en": wanted.words_en if changes else about_en,
        "seed": (prompt.seed + 1 + taken.seeds) % 2**32,
        "aspect_ratio": cast("Ratio", story.aspect_ratio),
        "width": width,
        "height": height,
        "model": wanted.model,
        "edit": edit,
    }
    if is_image:
        return ImageRequest(**common)
    extends = wanted.task == EditTask.EXTEND
    length = wanted.seconds * 1000 if extends else take.duration_ms
    if finished:
        length = ordered_ms(finished) or length
    return ClipRequest(**common, fps=frame_rate(story), duration_ms=length)


def _about(taken: _Taken) -> tuple[str, str]:
    """What the take shows, as the scene says it, with its cast and style; and in English."""
    prompt = taken.take.prompt
    style = style_of(taken.story, prompt)
    shown = ImageRequest(prompt="", cast=taken.references)
    texts = []
    for text, english in ((prompt.text, False), (english_of(prompt), True)):
        words = cast_references.added(text, shown, english=english) if text.strip() else ""
        texts.append(f"{words}. {style}" if words and style.strip() else words)
    return texts[0], texts[1]
