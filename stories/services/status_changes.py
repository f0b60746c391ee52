"""The status changes of a story: their labels and guards, and the function that writes one.

`transitions` adds what follows a change; `generation` makes those that start paid work.
"""

from collections.abc import Callable
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_noop, pgettext_lazy
from django_fsm import ConcurrentTransition, can_proceed, has_transition_perm

from core.localized_messages import LocalizedMessage
from jobs.enums import OPEN
from jobs.models import Job
from stories.enums import JobName, ReviewStatus, TakeKind
from stories.errors import Forbidden, GuardRefused, NotAllowed
from stories.models import Scene, Story, StoryStateTransition

from .planning import why_not_planned

SPENDS = {"generate_preview": TakeKind.IMAGE, "render_final": TakeKind.CLIP}
BY_THE_STUDIO = frozenset({"finish_planning", "finish_rendering", "fail"})
REASON_LENGTH = 500  # characters, the size of the column

LABELS = {
    "start_planning": pgettext_lazy("transition", "Start planning"),
    "finish_planning": pgettext_lazy("transition", "Planning finished"),
    "stop_planning": pgettext_lazy("transition", "Stop planning"),
    "generate_preview": pgettext_lazy("transition", "Make the preview"),
    "render_final": pgettext_lazy("transition", "Render the film"),
    "finish_rendering": pgettext_lazy("transition", "Film finished"),
    "fail": pgettext_lazy("transition", "Failed"),
    "retry": pgettext_lazy("transition", "Take it up again"),
    "archive": pgettext_lazy("transition", "Archive"),
    "restore": pgettext_lazy("transition", "Restore"),
}


# Guards: return a message that says what is missing, or None.


def _can_be_planned(story: Story) -> LocalizedMessage | None:
    """A story with scenes passes, because the provider is called only if they are replaced.

    `ask_for_planning` checks that case.
    """
    if Scene.live.filter(story=story).exists():
        return None
    if not story.script.strip():
        return LocalizedMessage(gettext_noop("There is no script yet. Write or paste one first."))
    return why_not_planned(story)


def _has_scenes(story: Story) -> LocalizedMessage | None:
    if Scene.live.filter(story=story).exists():
        return None
    return LocalizedMessage(
        gettext_noop("The story has no scenes yet. Plan it or add scenes first.")
    )


def _has_pictures(story: Story) -> LocalizedMessage | None:
    scenes = list(Scene.live.filter(story=story).select_related("image_take"))
    if not scenes:
        return _has_scenes(story)
    without = sum(1 for scene in scenes if scene.image_take is None)
    if without:
        return LocalizedMessage(
            gettext_noop("%(without)s of %(total)s scenes have no picture."),
            {"without": without, "total": len(scenes)},
        )
    rejected = sum(
        1
        for scene in scenes
        if scene.image_take and scene.image_take.review_status == ReviewStatus.REJECTED
    )
    if rejected:
        return LocalizedMessage(
            gettext_noop("The pictures of %(rejected)s of %(total)s scenes are rejected."),
            {"rejected": rejected, "total": len(scenes)},
        )
    if Job.objects.filter(
        subject=str(story.pk), name=JobName.STORY_PREVIEW, status__in=OPEN
    ).exists():
        return LocalizedMessage(gettext_noop("The preview is still being made."))
    return None


GUARDS: dict[str, Callable[[Story], LocalizedMessage | None]] = {
    "start_planning": _can_be_planned,
    "generate_preview": _has_scenes,
    "render_final": _has_pictures,
}


def require_possible(story: Story, name: str) -> None:
    """Raises NotAllowed if the status table lacks the change, and GuardRefused."""
    if not can_proceed(getattr(story, name)):
        raise wrong_state(story)
    if (guard := GUARDS.get(name)) and (why := guard(story)):
        raise GuardRefused(why.template, **why.values)


def change_status(
    story: Story,
    name: str,
    *,
    actor: Any,
    reason: str | LocalizedMessage = "",
    job_id: str = "",
) -> None:
    """Write the change and its event.

    The caller holds the story's lock, and has checked the permission and `require_possible`.
    """
    before = story.status
    getattr(story, name)()
    try:
        # Savepoint: the status can still be read if another writer was first.
        with transaction.atomic():
            story.save()
    except ConcurrentTransition:
        story.refresh_from_db()
        raise wrong_state(story) from None
    reason_fields: dict[str, Any] = {"reason": reason}
    if isinstance(reason, LocalizedMessage):
        reason_fields = {"reason": reason.english[:REASON_LENGTH], "reason_data": reason.as_json()}
    StoryStateTransition.objects.create(
        story=story,
        from_status=before,
        to_status=story.status,
        name=name,
        actor=actor,
        job_id=job_id,
        **reason_fields,
    )


def wrong_state(story: Story) -> NotAllowed:
    allowed = tuple(sorted({str(t.target) for t in story.get_available_status_transitions()}))  # type: ignore[attr-defined]  # added by FSMField
    return NotAllowed(
        gettext_noop("This cannot be done now: it is now “%(now)s”."),
        status=story.status,
        allowed=allowed,
        now=story.status,
    )


def require_permission(story: Story, name: str, actor: Any) -> None:
    """CanTransitionStory. Raises Forbidden. An actor of None is the system itself."""
    if actor is None:
        return
    if name in BY_THE_STUDIO:
        raise Forbidden(gettext_noop("Only the studio itself does this, when the work is done."))
    if not has_transition_perm(getattr(story, name), actor) and not _lacks_only_state(
        story, name, actor
    ):
        raise Forbidden(gettext_noop("You may not do this with “%(title)s”."), title=story.title)


def _lacks_only_state(story: Story, name: str, actor: Any) -> bool:
    """Whether only the state prevents the change.

    `has_transition_perm` is also False in a wrong state, so the permission is checked alone.
    """
    known = story.get_all_status_transitions()  # type: ignore[attr-defined]  # added by FSMField
    return any(t.name == name and t.has_perm(story, actor) for t in known)
