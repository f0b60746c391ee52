"""From a script to scenes: how many, how long, and writing their rows."""

import hashlib
from collections.abc import Callable, Sequence
from decimal import Decimal
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Literal
from typing import cast as typed

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_noop

from core.localized_messages import DomainError, LocalizedMessage
from core.unicode_normalization import composed_values
from providers.enums import Kind
from providers.preflight import ready_adapter, require_possible
from providers.prices import config_of, quote
from providers.requests import TextRequest
from stories.enums import Camera
from stories.errors import GuardRefused, Invalid
from stories.models import Scene, ScenePrompt, Story, tenths

from . import cast_proposals, lines
from .script_passages import lines_of, passages, spoken_lines

if TYPE_CHECKING:
    from providers.requests import AspectRatio

SECONDS_PER_SCENE = 7
MAX_SCENES = 500
TOO_LONG = gettext_noop(
    "A film of %(seconds)s s becomes %(scenes)s scenes, and a story has at most %(most)s. "
    "Make it at most %(longest)s s long."
)


def scene_count(duration_seconds: float) -> int:
    """The number of scenes for a story of this length: one per full 7 seconds, at least one."""
    return max(1, int(duration_seconds) // SECONDS_PER_SCENE)


def scene_lengths(duration_seconds: float, scenes: int) -> list[float]:
    """Scene lengths in whole seconds that differ by at most one and add up to the duration.

    The longer ones are spread evenly. The last one has the tenths of the duration.

    Raises Invalid if there is less than a second for each scene.
    """
    if not 1 <= scenes <= duration_seconds:
        raise Invalid(
            gettext_noop("%(seconds)s seconds cannot hold %(scenes)s scenes."),
            seconds=duration_seconds,
            scenes=scenes,
            field="duration_seconds",
        )
    marks = [int(duration_seconds) * i // scenes for i in range(scenes)]
    return [tenths(after - before) for before, after in pairwise([*marks, duration_seconds])]


def plan_request(story: Story) -> TextRequest:
    """The planning request.

    Headings, speaker names, notes and time codes are not narration; they are passed separately or
    dropped.
    """
    scenes = scene_count(story.duration_seconds)
    script, parts = passages(story.script, scene_lengths(story.duration_seconds, scenes))
    return TextRequest(
        task="plan_story",
        model=story.planner_model,
        script=script,
        scenes=scenes,
        passages=parts,
        language=typed("Literal['ko', 'en']", story.language),
        style=story.style,
        aspect_ratio=typed("AspectRatio", story.aspect_ratio),
    )


def planning_price(story: Story) -> Decimal:
    """The price in USD of the single planning call. Raises `NoPrice` or `NotConfigured`."""
    request = TextRequest(task="plan_story", script="", model=story.planner_model)
    return quote(config_of(story.planner_provider), request).total


def why_not_planned(story: Story) -> LocalizedMessage | None:
    """Why planning cannot succeed: too many scenes, or a provider without text.

    Checked before the provider is called. Two queries, whatever the length of the script.
    `require_plannable` checks the rest of the request.
    """
    scenes = scene_count(story.duration_seconds)
    if scenes > MAX_SCENES:
        longest = (MAX_SCENES + 1) * SECONDS_PER_SCENE - 1
        return LocalizedMessage(
            TOO_LONG,
            {
                "seconds": story.duration_seconds,
                "scenes": scenes,
                "most": MAX_SCENES,
                "longest": longest,
            },
        )
    try:
        ready_adapter(config_of(story.planner_provider), Kind.TEXT)
        planning_price(story)
    except DomainError as error:
        return error.sentence
    return None


def require_plannable(story: Story) -> None:
    """Raises GuardRefused with the reason the provider call would be refused for."""
    why = why_not_planned(story)
    if why is None:
        try:
            require_possible(config_of(story.planner_provider), plan_request(story))
        except DomainError as error:
            why = error.sentence
    if why is not None:
        raise GuardRefused(why.template, **why.values)


def seed_of(story: Story, index: int) -> int:
    """A seed for each scene, the same each time the story is planned."""
    return int.from_bytes(hashlib.sha256(f"{story.pk}:{index}".encode()).digest()[:4])


def _nothing() -> None:
    """A `hold` that does nothing."""


def write_scenes(
    story: Story,
    planned: Sequence[dict[str, Any]],
    *,
    replace: bool,
    cast: Sequence[Any] = (),
    hold: Callable[[], None] = _nothing,
) -> list[Scene]:
    """Write the planned scenes.

    If live scenes exist, nothing is written, unless `replace` soft-deletes them.

    `planned`: dicts with title, narration, prompt, prompt_en, camera. `cast`: what the planner says
    of the cast. `hold` is called first in the transaction; it raises if the caller may no longer
    write. Returns the live scenes in order.
    Raises Invalid for too many scenes.
    """
    if len(planned) > MAX_SCENES:
        raise Invalid(
            gettext_noop("A story has at most %(most)s scenes."), most=MAX_SCENES, field="scenes"
        )
    with transaction.atomic():
        hold()
        story = Story.objects.select_for_update().get(pk=story.pk)
        live = list(Scene.live.filter(story=story).order_by("position"))
        if live and not replace:
            return live
        Scene.live.filter(story=story).update(deleted_at=timezone.now())
        lengths = scene_lengths(story.duration_seconds, len(planned))
        planned = [composed_values(part) for part in planned]  # bulk-created rows send no signals
        spoken = lines_of(spoken_lines(story.script), [part["narration"] for part in planned])
        prompts = ScenePrompt.objects.bulk_create(
            ScenePrompt(
                text=part["prompt"],
                text_en=part.get("prompt_en", ""),
                english_by_model=True,
                camera=Camera(part["camera"]),
                seed=seed_of(story, index),
            )
            for index, part in enumerate(planned)
        )
        made = Scene.objects.bulk_create(
            Scene(
                story=story,
                position=index + 1,
                title=part["title"],
                narration=part["narration"],
                duration_seconds=length,
                prompt=prompt,
            )
            for index, (part, prompt, length) in enumerate(
                zip(planned, prompts, lengths, strict=True)
            )
        )
        lines.create(made, spoken)
        cast_proposals.write(story, made, planned, spoken, cast)
        return made
