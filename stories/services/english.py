"""English translations of prompts, for providers that understand English only.

Each scene takes one priced call of the story's text provider.
"""

import hashlib
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Literal, NamedTuple, cast
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext_noop

from core.localized_messages import DomainError, LocalizedMessage
from jobs.enums import OPEN, JobStatus, WaitFor
from jobs.models import Job
from providers.enums import CallState
from providers.models import AIProviderConfig, ProviderCall
from providers.preflight import require_possible
from providers.prices import configs_of, not_configured, quote
from providers.prompt_text import is_english
from providers.requests import TextRequest
from stories.enums import JobName
from stories.models import Scene, ScenePrompt, Story

from . import job_data, waking
from .fingerprints import english_of
from .locking import locked_row

LOCAL = "local"
NO_MODEL = LocalizedMessage(
    gettext_noop(
        "Choose a language model as the story's provider for planning: it puts prompts "
        "into English."
    )
)
OWN = LocalizedMessage(
    gettext_noop("A person wrote this English text. Confirm that it may be replaced.")
)
UNRESOLVED = LocalizedMessage(gettext_noop("A call may have been paid and is not resolved yet."))
SILENT = LocalizedMessage("")
MOST = 4000  # characters of a prompt

State = Literal["missing", "outdated", "own", "running", "done", "blocked"]


class EnglishItem(NamedTuple):
    """One scene: whether its prompt is translated, at `price` USD, and the reason."""

    scene: Scene
    state: State
    will: bool
    price: Decimal
    why: LocalizedMessage


@dataclass(frozen=True, slots=True)
class EnglishPlan:
    story: Story
    provider: str
    replace: bool
    items: list[EnglishItem]

    @property
    def todo(self) -> list[EnglishItem]:
        return [item for item in self.items if item.will]

    @property
    def blocked(self) -> list[EnglishItem]:
        return [item for item in self.items if item.state in {"blocked", "own"}]

    @property
    def total(self) -> Decimal:
        return sum((item.price for item in self.todo), Decimal(0))

    @property
    def hash(self) -> str:
        lines = sorted(
            f"{item.scene.key}={item.price} {item.scene.prompt_id}" for item in self.todo
        )
        return hashlib.sha256(
            "\n".join(["english", self.provider, str(self.replace), *lines]).encode()
        ).hexdigest()


def english_request(story: Story, prompt: ScenePrompt) -> TextRequest:
    return TextRequest(
        task="to_english",
        script=prompt.text,
        language=cast("Literal['ko', 'en']", story.language),
        model=story.planner_model,
    )


def plan_english(
    story: Story, scene_ids: list[UUID] | None = None, *, replace: bool = False
) -> EnglishPlan:
    """The plan for translating prompts that have no English, or whose English is out of date.

    `replace`: also out-of-date English that a person wrote. Up-to-date English is never replaced.
    """
    rows = Scene.live.filter(story=story).select_related("prompt").order_by("position", "id")
    scenes = list(rows if scene_ids is None else rows.filter(pk__in=scene_ids))
    keys = {key_of(scene): scene.key for scene in scenes}
    calls = ProviderCall.objects.filter(key__in=keys, state__in=job_data.UNDER_WAY).values_list(
        "key", "state"
    )
    states = {keys[key]: state for key, state in calls}
    jobs = Job.objects.filter(subject=str(story.pk), name=JobName.SCENE_ENGLISH, status__in=OPEN)
    running = set(
        jobs.exclude(status=JobStatus.WAITING, wait_for=WaitFor.PERSON).values_list(
            "item", flat=True
        )
    )
    # With its models, so that a price asks the database nothing, however many scenes there are.
    paid = story.planner_provider != LOCAL
    config = configs_of([story.planner_provider]).get(story.planner_provider) if paid else None
    items = []
    for scene in scenes:
        state, why, price = _state(scene, states, running, replace=replace), SILENT, Decimal(0)
        if state == "own":
            why = OWN
        elif state == "blocked":
            why = UNRESOLVED
        elif state in {"missing", "outdated"}:
            try:
                price = _price(config, story, scene.prompt)
            except DomainError as error:
                state, why = "blocked", error.sentence
        items.append(EnglishItem(scene, state, state in {"missing", "outdated"}, price, why))
    return EnglishPlan(story, story.planner_provider, replace, items)


def _state(scene: Scene, calls: dict[str, str], running: set[str], *, replace: bool) -> State:
    prompt = scene.prompt
    if calls.get(scene.key) == CallState.UNCLEAR:
        return "blocked"
    if scene.key in running or scene.key in calls:
        return "running"
    if english_of(prompt) or is_english(prompt.text):
        return "done"
    if not prompt.text_en:
        return "missing"
    return "outdated" if replace or prompt.english_by_model else "own"


def _price(config: AIProviderConfig | None, story: Story, prompt: ScenePrompt) -> Decimal:
    """The price of one prompt in USD. Raises the errors that the call would be refused with."""
    if story.planner_provider == LOCAL:
        raise DomainError(NO_MODEL.template)
    if config is None:
        raise not_configured(story.planner_provider)
    request = english_request(story, prompt)
    require_possible(config, request)
    return quote(config, request).total


def key_of(scene: Scene) -> str:
    """The key of the provider call. At most one call of a scene is undecided."""
    return job_data.piece_of_work(scene.pk, "text")


def seen(prompt: ScenePrompt) -> str:
    """Identifies the English that existed when the work was requested."""
    return hashlib.sha256(prompt.text_en.encode()).hexdigest()[:10]


def write(
    scene_id: UUID, prompt: ScenePrompt, text: str, *, seen_before: str, hold: Callable[[], None]
) -> bool:
    """Store the result as the scene's English prompt.

    Returns False, and keeps the current text, if it has changed since.
    """
    with transaction.atomic():
        hold()
        Story.objects.select_for_update().get(
            pk=Scene.objects.values_list("story_id", flat=True).get(pk=scene_id)
        )
        scene = locked_row(scene_id)
        now = scene.prompt
        if (
            not text
            or scene.deleted_at is not None
            or now.text != prompt.text
            or seen(now) != seen_before
        ):
            return False
        values: dict[str, Any] = {
            field.name: getattr(now, field.name)
            for field in now._meta.fields  # noqa: SLF001  Django's documented model API
            if field.name not in {"id", "created_at"}
        }
        values |= {"text_en": text[:MOST], "english_for": "", "english_by_model": True}
        scene.prompt = ScenePrompt.objects.create(**values)
        scene.save(update_fields=["prompt", "updated_at"])
        waking.wake_story_jobs_on_commit(scene.story_id)
    return True


def price_or_none(story: Story, scene: Scene) -> Decimal | None:
    """The price in USD of translating one scene, for a button.

    None if there is nothing to do or it is not possible.
    """
    with suppress(DomainError):
        (item,) = plan_english(story, [scene.pk], replace=True).items
        return item.price if item.will else None
    return None
