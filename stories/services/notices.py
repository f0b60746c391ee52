"""Who is told of what happens to a story: the people, the words, and the page it leads to.

Called in the transaction of the change.
"""

from collections.abc import Iterable
from datetime import date
from typing import Any

from django.contrib.auth import get_user_model
from django.urls import reverse
from django.utils.translation import gettext_noop

from core.localized_messages import LocalizedMessage
from notifications.enums import Event
from notifications.outbox import notify
from providers.models import ProviderCall
from providers.services.unclear_calls import PERMISSION as RESOLVE
from stories.enums import ClientVerdict, FilmKind
from stories.models import Approval, Comment, Film, FilmVerdict, Scene, Story

from .permissions import calls_for, stories_for

BACKEND = "django.contrib.auth.backends.ModelBackend"
APPROVE = "stories.approve_plan"
MOST = 50  # people who are told because of a right
FILMS = {
    FilmKind.PREVIEW: gettext_noop("Preview %(number)s"),
    FilmKind.FINAL: gettext_noop("Final film %(number)s"),
}
EXCERPT = 200  # characters of a comment


def commented(comment: Comment) -> None:
    """Tell those who are mentioned, who is answered, and of a guest's comment the story's people.

    Each of them once, by what concerns them most.
    """
    story = comment.story
    who = comment.guest or _name(comment.author)
    values = {"who": who, "title": story.title, "text": comment.text[:EXCERPT]}
    data = {
        "comment_id": str(comment.pk),
        "film_id": _id(comment.film_id),
        "scene_id": _id(comment.scene_id),
    }
    recipients = {comment.author_id}
    mentioned = set(comment.mentioned.values_list("pk", flat=True)) - recipients
    if mentioned:
        _tell(
            Event.MENTION,
            gettext_noop("%(who)s mentions you in “%(title)s”: %(text)s"),
            values,
            story,
            mentioned,
            path=_comment_page(comment),
            data=data,
        )
    recipients |= mentioned
    answered = _answered(comment) - recipients
    if answered:
        _tell(
            Event.REPLY,
            gettext_noop("%(who)s answers you in “%(title)s”: %(text)s"),
            values,
            story,
            answered,
            path=_comment_page(comment),
        )
    recipients |= answered
    if comment.guest:
        _tell(
            Event.GUEST_COMMENT,
            gettext_noop("%(who)s, a guest, comments on “%(title)s”: %(text)s"),
            values,
            story,
            _people(story) - recipients,
            path=_comment_page(comment),
            data=data,
        )


def _answered(comment: Comment) -> set[int]:
    """Those of the studio who wrote in the thread and still see the story."""
    if comment.parent_id is None:
        return set()
    thread = Comment.objects.filter(parent=comment.parent_id) | Comment.objects.filter(
        pk=comment.parent_id
    )
    ids = set(thread.exclude(author=None).values_list("author_id", flat=True))
    return _who_see(comment.story, get_user_model().objects.filter(pk__in=ids, is_active=True))


def decided(verdict: FilmVerdict) -> None:
    """Tell the story's people what the client says of a film."""
    film, story = verdict.film, verdict.film.story
    approved = verdict.verdict == ClientVerdict.APPROVED
    template = (
        gettext_noop("%(who)s approves %(film)s of “%(title)s”.")
        if approved
        else gettext_noop("%(who)s wants changes to %(film)s of “%(title)s”: %(text)s")
    )
    _tell(
        Event.VERDICT,
        template,
        {
            "who": verdict.guest or _name(verdict.recorded_by),
            "film": _film(film),
            "title": story.title,
            "text": verdict.text[:EXCERPT],
        },
        story,
        _people(story) - {verdict.recorded_by_id},
        path=reverse("admin:stories_story_review", args=[story.pk]),
        data={"film_id": str(film.pk), "verdict": verdict.verdict},
    )


def approval_wanted(approval: Approval) -> None:
    """Tell those who may approve that paid work waits for them."""
    story = approval.story
    people = with_right(APPROVE).exclude(pk=approval.asked_by_id)
    _tell(
        Event.APPROVAL_WANTED,
        gettext_noop("%(who)s asks for your approval of %(amount)s USD for “%(title)s”."),
        {
            "who": _name(approval.asked_by),
            "amount": f"{approval.total:.2f}",
            "title": story.title,
        },
        story,
        _who_see(story, people),
        path=reverse("admin:stories_approval_change", args=[approval.pk]),
        data={"approval_id": str(approval.pk), "total": str(approval.total)},
    )


def unclear(call: ProviderCall) -> None:
    """Tell those who may decide, and the story's owner, that a call may have been paid."""
    story = Story.objects.filter(pk=call.subject).first() if call.subject else None
    rows = ProviderCall.objects.filter(pk=call.pk)
    deciding = {
        person.pk
        for person in with_right(RESOLVE).order_by("pk")[:MOST]
        if calls_for(person, rows).exists()
    }
    path = reverse("admin:providers_providercall_change", args=[call.pk])
    notify(
        Event.UNCLEAR_CALL,
        LocalizedMessage(
            gettext_noop("A call to %(provider)s may have been paid. Somebody has to decide it."),
            {"provider": call.provider.name},
        ),
        people=deciding | ({story.owner_id} if story else set()),
        story_id=story.pk if story else None,
        path=path,
        data={"call_id": str(call.pk), "provider": call.provider_id},
    )


def takes_to_review(story: Story, count: int, *, job_id: str, but: int | None = None) -> None:
    """Tell the story's people, but not who is looking on, that a job has made takes."""
    _tell(
        Event.TAKES_TO_REVIEW,
        gettext_noop("“%(title)s”: new takes wait for your review (%(count)s)."),
        {"title": story.title, "count": count},
        story,
        _people(story) - {but},
        path=reverse("admin:stories_story_board", args=[story.pk]) + "?state=review",
        data={"count": count},
        once=f"takes {job_id}",
    )


def batch_halted(story: Story, why: LocalizedMessage, *, key: str) -> None:
    """Tell the story's people once that its production waits for them."""
    _tell(
        Event.BATCH_HALTED,
        gettext_noop("Production of “%(title)s” waits for you. %(why)s"),
        {"title": story.title, "why": why},
        story,
        _people(story),
        path=reverse("admin:stories_story_board", args=[story.pk]),
        once=f"halted {key}",
    )


def _film(film: Film) -> LocalizedMessage:
    """The version, in the language of who reads it."""
    return LocalizedMessage(FILMS[FilmKind(film.kind)], {"number": film.number})


def film_ready(film: Film) -> None:
    story = film.story
    _tell(
        Event.FILM_READY,
        gettext_noop("%(film)s of “%(title)s” is ready."),
        {"film": _film(film), "title": story.title},
        story,
        _people(story),
        path=reverse("admin:stories_story_review", args=[story.pk]),
        data={"film_id": str(film.pk), "kind": film.kind},
    )


def film_failed(story: Story, why: LocalizedMessage, *, job_id: str) -> None:
    _tell(
        Event.FILM_FAILED,
        gettext_noop("The film of “%(title)s” could not be made: %(why)s"),
        {"title": story.title, "why": why},
        story,
        _people(story),
        path=reverse("admin:stories_story_board", args=[story.pk]),
        data={"job_id": job_id},
    )


def assigned(subject: Story | Scene, *, actor: Any) -> None:
    """Tell the person to whom the story or scene was just assigned by somebody else."""
    if subject.assignee_id is None or subject.assignee_id == getattr(actor, "pk", None):
        return
    story, where, path, data = _place(subject)
    _tell(
        Event.ASSIGNMENT,
        gettext_noop("%(who)s assigns you %(where)s.")
        if subject.due_on is None
        else gettext_noop("%(who)s assigns you %(where)s, due on %(day)s."),
        {
            "who": _name(actor) if actor else "VideoPlanet Studio",
            "where": where,
            "day": _day(subject.due_on),
        },
        story,
        {subject.assignee_id},
        path=path,
        data={**data, "assignee_id": subject.assignee_id, "due_on": _id(subject.due_on)},
    )


def due(subject: Story | Scene, today: date) -> bool:
    """Remind the assignee once for each due date. Returns whether anybody was told now."""
    story, where, path, _data = _place(subject)
    if subject.due_on is None or subject.assignee_id is None:
        return False
    late = subject.due_on < today
    return _tell(
        Event.DUE,
        gettext_noop("Was due on %(day)s: %(where)s.")
        if late
        else gettext_noop("Due on %(day)s: %(where)s."),
        {"where": where, "day": _day(subject.due_on)},
        story,
        {subject.assignee_id},
        path=path,
        once=f"due {subject.pk} {subject.assignee_id} {subject.due_on} {'late' if late else ''}",
    )


def _place(subject: Story | Scene) -> tuple[Story, LocalizedMessage, str, dict[str, Any]]:
    if isinstance(subject, Scene):
        where = LocalizedMessage(
            gettext_noop("scene %(number)s of “%(title)s”"),
            {"number": subject.position, "title": subject.story.title},
        )
        path = reverse("admin:board_scene", args=[subject.story_id, subject.pk])
        return subject.story, where, path, {"scene_id": str(subject.pk)}
    where = LocalizedMessage(gettext_noop("the story “%(title)s”"), {"title": subject.title})
    path = reverse("admin:stories_story_board", args=[subject.pk])
    return subject, where, path, {"scene_id": None}


def _tell(
    event: Event,
    template: str,
    values: dict[str, Any],
    story: Story,
    people: Iterable[Any],
    *,
    path: str,
    data: dict[str, Any] | None = None,
    once: str = "",
) -> bool:
    return notify(
        event,
        LocalizedMessage(template, values),
        people={person for person in people if person is not None},
        story_id=story.pk,
        path=path,
        data={"story": story.title, **(data or {})},
        once=once,
    )


def _people(story: Story) -> set[int]:
    """The owner, and who the story is assigned to."""
    return {story.owner_id} | ({story.assignee_id} if story.assignee_id else set())


def with_right(permission: str) -> Any:
    """The people with this right; programs have no notifications."""
    people = get_user_model().objects.with_perm(permission, backend=BACKEND)
    return people.filter(is_active=True, is_staff=True, service_account=None).distinct()


def _who_see(story: Story, people: Any) -> set[int]:
    rows = people.order_by("pk")[:MOST]
    return {one.pk for one in rows if stories_for(one).filter(pk=story.pk).exists()}


def _comment_page(comment: Comment) -> str:
    if comment.film_id:
        return reverse("admin:stories_story_review", args=[comment.story_id])
    if comment.scene_id:
        return reverse("admin:board_scene", args=[comment.story_id, comment.scene_id])
    return reverse("admin:stories_story_board", args=[comment.story_id])


def _name(person: Any) -> str:
    return (person.get_full_name() or person.get_username()) if person else "–"


def _day(day: date | None) -> str:
    return "" if day is None else day.isoformat()


def _id(value: Any) -> str | None:
    return None if value is None else str(value)
