"""What waits for a person: approvals, unclear calls, comments, reviews, pauses, failed tests."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.db.models import Count, Max, Q
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from core.admin.display import Tone, money, person
from core.identifiers import is_uuid
from jobs.enums import WaitFor
from jobs.models import Pause
from providers.enums import CallState
from providers.models import AIProviderConfig, ProviderCall
from providers.services.unclear_calls import PERMISSION as RESOLVE
from stories.enums import Decision, StoryStatus
from stories.models import Comment
from stories.selectors.summary import unreviewed_of
from stories.services.approval_decisions import PERMISSION as APPROVE
from stories.services.approval_decisions import approvals_for
from stories.services.permissions import calls_for, stories_for
from stories.web.filters import needs_person
from stories.web.story_state import job_label

from .open_work import SHOWN, Work, url_of

PEOPLE = 3  # named as those who may decide
MOST_LOCKED = 200  # stories with unclear calls that are examined
NEWS = timedelta(days=2)  # how long a refusal is shown as new


@dataclass(frozen=True, slots=True)
class Todo:
    """One item that needs somebody's action."""

    icon: str
    tone: Tone
    title: str
    why: str
    link: str


def todos(user: Any, work: Work, configs: Sequence[AIProviderConfig]) -> list[Todo]:
    """Returns what waits for this person: decisions on their own stories and, if they may decide,
    on money and providers.
    """
    found = [
        *_approvals(user),
        *_unclear(user),
        *_waiting(work),
        *_mentions(user),
        *_assigned(user),
        *_comments(user),
        *_reviews(user),
        *_paused(user, configs),
        *_failed_tests(user, configs),
        *_stories(user, work),
    ]
    return found[: 2 * SHOWN]


def _unclear(user: Any) -> list[Todo]:
    """Returns calls that may have been charged: to those who may decide, for a decision; to a
    story's owner, with the names of those who decide.
    """
    if not user.has_perm(RESOLVE):
        return _unclear_of_mine(user)
    calls = (
        calls_for(user, ProviderCall.objects.filter(state=CallState.UNCLEAR))
        .select_related("provider")
        .order_by("reserved_at")
    )
    title = _("A call may have been paid: %(provider)s")
    return [
        Todo(
            "help",
            "ask",
            title % {"provider": call.provider.name},
            str(call.note),
            reverse("admin:providers_providercall_change", args=[call.pk]),
        )
        for call in calls.only("note_data", "provider__provider", "provider__name")[:SHOWN]
    ]


def _unclear_of_mine(user: Any) -> list[Todo]:
    counts = dict(
        ProviderCall.objects.filter(state=CallState.UNCLEAR)
        .exclude(subject="")
        .order_by()
        .values_list("subject")
        .annotate(n=Count("pk"))[:MOST_LOCKED]
    )
    if not counts:
        return []
    stories = (
        stories_for(user)
        .filter(owner_id=user.pk, pk__in=filter(is_uuid, counts))
        .defer("script")
        .order_by("-updated_at")[:SHOWN]
    )
    people = ", ".join(person(one) for one in _who_may(RESOLVE)) if stories else ""
    found = []
    for story in stories:
        count = counts[str(story.pk)]
        text = ngettext(
            "%(n)s call may have been paid and waits for a decision.",
            "%(n)s calls may have been paid and wait for a decision.",
            count,
        )
        who = (
            _("Responsible: %(people)s.") % {"people": people}
            if people
            else _("Nobody has permission to decide this yet.")
        )
        found.append(
            Todo(
                "help",
                "ask",
                story.title,
                f"{text % {'n': count}} {who}",
                reverse("admin:stories_story_board", args=[story.pk]),
            )
        )
    return found


def _who_may(permission: str) -> list[Any]:
    """Returns the first people with this right through a role or of their own.

    Superusers have every right and are named only if nobody else has it.
    """
    app, codename = permission.split(".")
    right = {"content_type__app_label": app, "codename": codename}
    named = Q(groups__permissions__in=Permission.objects.filter(**right)) | Q(
        user_permissions__in=Permission.objects.filter(**right)
    )
    people = get_user_model().objects.filter(is_active=True, is_staff=True)
    return list(people.filter(named).distinct().order_by("username")[:PEOPLE]) or list(
        people.filter(is_superuser=True).order_by("username")[:PEOPLE]
    )


def _comments(user: Any) -> list[Todo]:
    """Returns unresolved comments by others on this person's stories."""
    open_ones = (
        Comment.objects.filter(
            story__owner_id=user.pk, story__in=stories_for(user), resolved_at=None
        )
        .exclude(author=user)
        .exclude(story__status=StoryStatus.ARCHIVED)
    )
    counted = (
        open_ones.order_by()
        .values("story_id", "story__title")
        .annotate(n=Count("pk"), of_guests=Count("pk", filter=~Q(guest="")), last=Max("created_at"))
    )
    found = []
    for row in counted.order_by("-last")[:SHOWN]:
        text = ngettext("%(n)s open comment", "%(n)s open comments", row["n"]) % {"n": row["n"]}
        if row["of_guests"]:
            text += ngettext(
                ", %(n)s of it by a guest", ", %(n)s of them by guests", row["of_guests"]
            ) % {"n": row["of_guests"]}
        page = "stories_story_review" if row["of_guests"] else "stories_story_board"
        found.append(
            Todo(
                "forum",
                "ask",
                row["story__title"],
                text,
                reverse(f"admin:{page}", args=[row["story_id"]]),
            )
        )
    return found


def _mentions(user: Any) -> list[Todo]:
    """Returns the unresolved comments in which this person is mentioned."""
    rows = (
        Comment.objects.filter(mentioned=user, resolved_at=None, story__in=stories_for(user))
        .select_related("story", "author")
        .order_by("-created_at", "-id")
    )
    return [
        Todo(
            "alternate_email",
            "ask",
            row.story.title,
            f"{person(row.author)}: {row.text[:120]}",
            reverse("admin:stories_story_review", args=[row.story_id]),
        )
        for row in rows[:SHOWN]
    ]


def _assigned(user: Any) -> list[Todo]:
    """Returns the unfinished stories that are assigned to this person and due within a week."""
    today = timezone.localdate()
    rows = (
        stories_for(user)
        .filter(assignee=user, due_on__lte=today + timedelta(days=7))
        .exclude(status__in=(StoryStatus.COMPLETED, StoryStatus.ARCHIVED))
        .defer("script")
        .order_by("due_on", "id")
    )
    return [
        Todo(
            "event",
            "bad" if story.due_on < today else "ask",
            story.title,
            (_("was due on %(day)s") if story.due_on < today else _("due on %(day)s"))
            % {"day": date_format(story.due_on, "SHORT_DATE_FORMAT")},
            reverse("admin:stories_story_board", args=[story.pk]),
        )
        for story in rows[:SHOWN]
        if story.due_on is not None
    ]


def _approvals(user: Any) -> list[Todo]:
    """Returns requests that this person can approve, and the decisions on their own requests."""
    rows = (
        approvals_for(user)
        .filter(started_at=None)
        .select_related("story", "asked_by", "decided_by")
        .defer("what", "lines", "story__script")
        .order_by("asked_at")
    )
    mine = Q(asked_by=user) & (
        Q(decision=Decision.APPROVED)
        | Q(decision=Decision.REFUSED, decided_at__gte=timezone.now() - NEWS)
    )
    if user.has_perm(APPROVE):
        mine |= Q(decision="", asked_by__isnull=False) & ~Q(asked_by=user)
    words: dict[str, tuple[str, Tone, str]] = {
        "asked": ("approval", "ask", _("%(who)s asks for your approval of %(amount)s.")),
        "approved": (
            "verified",
            "good",
            _("%(who)s has approved %(amount)s. Start it from the workbench."),
        ),
        "refused": ("block", "bad", _("%(who)s has refused %(amount)s: %(reason)s")),
    }
    found = []
    for row in rows.filter(mine).defer("what", "lines", "story__script")[:SHOWN]:
        icon, tone, why = words[row.state]
        values = {
            "who": person(row.asked_by if row.state == "asked" else row.decided_by),
            "amount": money(row.total),
            "reason": row.reason,
        }
        found.append(
            Todo(
                icon,
                tone,
                row.story.title,
                why % values,
                reverse("admin:stories_approval_change", args=[row.pk]),
            )
        )
    return found


def _waiting(work: Work) -> list[Todo]:
    return [
        Todo(
            "payments" if job.wait_for == WaitFor.BUDGET else "front_hand",
            "ask",
            work.titles.get(job.subject) or job_label(job),
            str(job.note),
            url_of(job),
        )
        for job in work.waiting
    ]


def _paused(user: Any, configs: Sequence[AIProviderConfig]) -> list[Todo]:
    found = [
        Todo(
            "pause_circle",
            "ask",
            _("The queue is paused"),
            pause.reason or str(pause),
            reverse("admin:jobs_job_changelist"),
        )
        for pause in Pause.objects.all()[:SHOWN]
    ]
    if user.has_perm("providers.pause_provider"):
        for config in [config for config in configs if config.is_paused][:SHOWN]:
            link = reverse("admin:providers_aiproviderconfig_change", args=[config.pk])
            found.append(
                Todo(
                    "pause_circle",
                    "ask",
                    _("%(provider)s is paused") % {"provider": config.name},
                    str(config.paused_because),
                    link,
                )
            )
    return found


def _reviews(user: Any) -> list[Todo]:
    """Returns this person's stories with takes to review."""
    found = []
    for story, count in unreviewed_of(user, SHOWN):
        text = ngettext(
            "%(n)s scene is to be reviewed.", "%(n)s scenes are to be reviewed.", count
        ) % {"n": count}
        found.append(
            Todo(
                "rate_review",
                "ask",
                story.title,
                text,
                reverse("admin:stories_story_board", args=[story.pk]) + "?state=review",
            )
        )
    return found


def _failed_tests(user: Any, configs: Sequence[AIProviderConfig]) -> list[Todo]:
    if not user.has_perm("providers.change_aiproviderconfig"):
        return []
    found = [config for config in configs if config.is_active and config.test_works is False]
    title, why = (
        _("%(provider)s: the connection test failed"),
        _("Look at the key and the address, then test it again."),
    )
    return [
        Todo(
            "power_off",
            "bad",
            title % {"provider": config.name},
            why,
            reverse("admin:providers_aiproviderconfig_change", args=[config.pk]),
        )
        for config in found[:SHOWN]
    ]


def _stories(user: Any, work: Work) -> list[Todo]:
    words: dict[str, tuple[str, Tone, str]] = {
        StoryStatus.PLANNED: (
            "checklist",
            "ask",
            _("The plan is ready. Look at the scenes and make the preview."),
        ),
        StoryStatus.PREVIEWING: (
            "rate_review",
            "ask",
            _("The preview is ready. Watch it and render the film."),
        ),
        StoryStatus.FAILED: ("error", "bad", _("It failed. Take it up again.")),
    }
    mine = (
        needs_person(stories_for(user).filter(owner_id=user.pk), work.jobs)
        .filter(status__in=words)
        .defer("script")
        .order_by("-updated_at")[:SHOWN]
    )
    return [
        Todo(
            words[story.status][0],
            words[story.status][1],
            story.title,
            words[story.status][2],
            reverse("admin:stories_story_board", args=[story.pk]),
        )
        for story in mine
    ]
