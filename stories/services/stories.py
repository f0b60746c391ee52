"""Creating a story and editing its fields."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext_noop

from core import visible
from core.unicode_normalization import composed_values
from jobs.enums import WaitFor
from jobs.services import queue
from providers.models import AIProviderConfig
from providers.prices import configs_of
from stories.enums import Language
from stories.errors import Forbidden, GuardRefused, Invalid
from stories.imports.languages import language_of
from stories.imports.text import understand
from stories.models import MAX_SCRIPT, Project, Scene, Story, StorySound, Voice

from . import projects, waking
from .check_offers import require_checker
from .locking import CLOSED
from .makers import PROVIDERS as MAKERS
from .makers import model_field, require_model, with_models
from .permissions import require_story_owner
from .planning import scene_lengths
from .speech_prediction_jobs import predict_on_commit

FIELDS = (
    "title",
    "script",
    "language",
    "style",
    "aspect_ratio",
    "resolution",
    "duration_seconds",
    "burn_captions",
    "planner_provider",
    "planner_model",
    "image_provider",
    "image_model",
    "clip_provider",
    "clip_model",
    "vision_provider",
    "check_new_takes",
    "light_films",
    "budget",
    "needs_client_approval",
)
MUSIC = ("music_provider", "music_model")
PROVIDERS = ("planner_provider", "image_provider", "clip_provider", "vision_provider")
# Raising the budget lets a waiting film continue; the approval matters after the film is made.
FREE_WHILE_CLOSED = frozenset({"budget", "needs_client_approval", "light_films"})


def create(
    *, owner: Any, sound: bool = False, project: Project | None = None, **values: Any
) -> Story:
    """Create a draft owned by this person. `sound`: its film has sound, with the default voices.

    Without a project the story belongs to the default one. The project's usual values hold where
    `values` has none.

    `values`: any of FIELDS; a title is required. An omitted language is detected from the script.

    Raises Forbidden or Invalid with the field.
    """
    if not owner.has_perm("stories.add_story"):
        raise Forbidden(gettext_noop("You may not create stories."))
    story = Story(owner=owner, project=project)
    if project is not None:
        projects.require_open(owner, project.pk)
        values = _with_usual(projects.usual_values(project), values)
    music = {name: values.pop(name) for name in MUSIC if name in values}
    voice = {name: values.pop(f"speech_{name}", "") for name in ("provider", "model")}
    if "language" not in values:
        detected = language_of(understand(str(values.get("script", ""))[: 2 * MAX_SCRIPT]).spoken)
        values["language"] = detected if detected in Language.values else Language.KO
    with transaction.atomic():
        _assign(story, {"title": "", **values})
        story.save()
        if sound:
            StorySound.objects.create(story=story, **music)
            if voice["provider"]:
                Voice.objects.create(story=story, made_by=owner, **voice)
    return story


def _with_usual(usual: Mapping[str, str], values: Mapping[str, Any]) -> dict[str, Any]:
    """The usual values where there are none. Another provider is not asked for the usual model."""
    kept = {
        name: value
        for name, value in usual.items()
        if not (name.endswith("_model") and (of := f"{name[:-5]}provider") in values)
        or values[of] == usual[of]
    }
    return {**kept, **values}


def edit(story_id: UUID | str, *, actor: Any, **values: Any) -> Story:
    """Change any of FIELDS.

    A new length is spread over the existing scenes; a new budget wakes the jobs waiting for it.

    Raises Story.DoesNotExist, Forbidden, Invalid with the field, or GuardRefused while the story is
    planned, rendered or archived.
    """
    with transaction.atomic():
        story = Story.objects.select_for_update().get(pk=story_id)
        require_story_owner(actor, story)
        values = with_models(story, values)
        changed = {
            name: value
            for name, value in values.items()
            if name not in FIELDS or getattr(story, name) != value
        }
        if story.status in CLOSED and not FREE_WHILE_CLOSED.issuperset(changed):
            raise GuardRefused(
                gettext_noop("The story cannot be changed while it is “%(status)s”."),
                status=story.status,
            )
        _assign(story, changed)
        if "duration_seconds" in changed:
            _spread(story)
        story.save()
        if "budget" in changed:
            transaction.on_commit(
                lambda: queue.wake(subject=str(story.pk), wait_for=WaitFor.BUDGET)
            )
        waking.wake_story_jobs_on_commit(story.pk)
        if "language" in changed:
            predict_on_commit(story.pk)
    return story


def _assign(story: Story, values: Mapping[str, Any]) -> None:
    for name, value in values.items():
        if name not in FIELDS:
            raise Invalid(
                gettext_noop("A story has no “%(field_name)s”."), field_name=name, field=name
            )
        value = composed_values(value)  # noqa: PLW2901  the normalized text is checked and written
        field: Any = Story._meta.get_field(name)  # noqa: SLF001  Django's documented model API
        # For text fields only forms check this.
        if field.max_length and isinstance(value, str) and len(value) > field.max_length:
            raise Invalid(
                gettext_noop("At most %(most)s characters."), most=field.max_length, field=name
            )
        try:
            if name == "title":
                value = value.strip()  # noqa: PLW2901  as above
                visible.require_visible(value)
            setattr(story, name, field.clean(value, story))
        except ValidationError as error:
            raise Invalid("%(message)s", message=" ".join(error.messages), field=name) from error
    _require_providers(values)
    _require_models(story, values)


def _require_models(story: Story, values: Mapping[str, Any]) -> None:
    """Raise Invalid, with the field, unless the providers offer these models."""
    asked = {
        name: getattr(story, name)
        for name in MAKERS
        if values.get(model_field(name)) and hasattr(story, name)
    }
    known = configs_of(set(asked.values())) if asked else {}
    for name, provider in asked.items():
        require_model(known[provider], name, values[model_field(name)])


def _require_providers(values: Mapping[str, Any]) -> None:
    asked = {name: values[name] for name in PROVIDERS if values.get(name)}
    if not asked:
        return
    rows = AIProviderConfig.objects.filter(provider__in=asked.values(), archived_at=None)
    known = {row.provider: row for row in rows}
    for name, provider in asked.items():
        if provider not in known:
            raise Invalid(
                gettext_noop("There is no provider named “%(provider)s”."),
                provider=provider,
                field=name,
            )
        if name == "vision_provider":
            require_checker(known[provider], field=name)


def _spread(story: Story) -> None:
    """Give the live scenes lengths that add up to the story's new length."""
    scenes = list(Scene.live.filter(story=story).order_by("position"))
    if not scenes:
        return
    for scene, seconds in zip(
        scenes, scene_lengths(story.duration_seconds, len(scenes)), strict=True
    ):
        scene.duration_seconds = seconds
    Scene.objects.bulk_update(scenes, ["duration_seconds"])
