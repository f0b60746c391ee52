"""A story's timeline: state transitions, takes, reviews, films, comments, and their costs."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from itertools import groupby
from typing import Any

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from core.admin.display import Tone, clock
from providers.models import AIProviderConfig
from stories.enums import Decision, ReviewStatus, TakeKind, TakeSource
from stories.models import Approval, Film, Story, StoryStateTransition, Take
from stories.models.review import Comment
from stories.services.status_changes import LABELS

from . import status_colors
from .story_state import picture_url

SHOWN = 300  # newest events of each kind


@dataclass(frozen=True, slots=True)
class Event:
    at: datetime
    icon: str
    tone: Tone
    text: str
    who: str = ""
    why: str = ""
    cost: Decimal | None = None
    picture: str = ""
    link: str = ""


def days(story: Story) -> list[tuple[date, list[Event]]]:
    """The newest events first, grouped by day. Six queries."""
    events = sorted(
        [*_changes(story), *_takes(story), *_films(story), *_comments(story), *_approvals(story)],
        key=lambda event: event.at,
        reverse=True,
    )
    return [
        (day, list(group))
        for day, group in groupby(events, key=lambda event: timezone.localtime(event.at).date())
    ]


def _who(person: Any) -> str:
    return str(person.get_full_name() or person.get_username()) if person else _("The studio")


def _changes(story: Story) -> Iterator[Event]:
    for row in (
        StoryStateTransition.objects.filter(story=story)
        .select_related("actor")
        .order_by("-id")[:SHOWN]
    ):
        label = str(LABELS.get(row.name, row.name))
        text = _("%(what)s: now “%(status)s”") % {
            "what": label,
            "status": row.get_to_status_display(),
        }
        yield Event(
            row.at, "swap_horiz", status_colors.STORY[row.to_status], text, _who(row.actor), row.why
        )
    yield Event(story.created_at, "add", "idle", _("The story was made"), _who(story.owner))


def _takes(story: Story) -> Iterator[Event]:
    takes = (
        Take.objects.filter(scene__story=story)
        .select_related("scene", "made_by", "reviewed_by")
        .order_by("-created_at")[:SHOWN]
    )
    providers = dict(AIProviderConfig.objects.values_list("provider", "name"))
    for take in takes:
        values = {
            "scene": take.scene.position,
            "title": take.scene.title,
            "provider": providers.get(take.provider, take.provider),
        }
        picture = picture_url(take, 320) if take.kind == TakeKind.IMAGE else ""
        yield Event(
            take.created_at,
            _symbol(take),
            "idle",
            _made(take) % values,
            _who(take.made_by),
            take.reason,
            take.cost,
            picture,
        )
        if take.reviewed_at and take.review_status != ReviewStatus.UNREVIEWED:
            good = take.review_status == ReviewStatus.APPROVED
            text = (
                _("Scene %(scene)s approved") if good else _("Scene %(scene)s rejected")
            ) % values
            yield Event(
                take.reviewed_at,
                "thumb_up" if good else "thumb_down",
                "good" if good else "bad",
                text,
                _who(take.reviewed_by),
                take.review_reason,
            )


def _symbol(take: Take) -> str:
    return "image" if take.kind == TakeKind.IMAGE else "movie"


def _made(take: Take) -> str:
    uploaded = take.source == TakeSource.UPLOADED
    if take.kind == TakeKind.IMAGE:
        return (
            _("Picture uploaded for scene %(scene)s")
            if uploaded
            else _("Picture made for scene %(scene)s by %(provider)s")
        )
    return (
        _("Clip uploaded for scene %(scene)s")
        if uploaded
        else _("Clip made for scene %(scene)s by %(provider)s")
    )


def _comments(story: Story) -> Iterator[Event]:
    for comment in (
        Comment.objects.filter(story=story)
        .select_related("author", "scene")
        .order_by("-created_at")[:SHOWN]
    ):
        if comment.scene:
            text = _("Comment on scene %(scene)s") % {"scene": comment.scene.position}
        elif comment.at_ms is not None:
            text = _("Comment at %(time)s of the film") % {"time": clock(comment.at_seconds)}
        else:
            text = _("Comment")
        yield Event(
            comment.created_at,
            "chat",
            "idle",
            text,
            comment.guest or _who(comment.author),
            comment.text,
        )


def _approvals(story: Story) -> Iterator[Event]:
    """Approval requests, their decisions and starts, each with the price."""
    message = {
        Decision.APPROVED: _("Approved"),
        Decision.REFUSED: _("Approval refused"),
        Decision.WITHDRAWN: _("Request for approval withdrawn"),
    }
    look: dict[str, tuple[str, Tone]] = {
        Decision.APPROVED: ("verified", "good"),
        Decision.REFUSED: ("block", "bad"),
        Decision.WITHDRAWN: ("undo", "quiet"),
    }
    for row in (
        Approval.objects.filter(story=story)
        .select_related("asked_by", "decided_by", "started_by")
        .order_by("-asked_at")[:SHOWN]
    ):
        link = reverse("admin:stories_approval_change", args=[row.pk])
        kind = TakeKind(row.kind).label
        text = _("Approval asked for: %(kind)s × %(count)s") % {
            "kind": kind,
            "count": len(row.lines),
        }
        yield Event(
            row.asked_at, "approval", "ask", text, _who(row.asked_by), cost=row.total, link=link
        )
        if row.decided_at:
            yield Event(
                row.decided_at,
                *look[row.decision],
                message[Decision(row.decision)],
                _who(row.decided_by),
                row.reason,
                cost=row.total,
                link=link,
            )
        if row.started_at:
            yield Event(
                row.started_at,
                "play_arrow",
                "live",
                _("What was asked for has been started"),
                _who(row.started_by),
                cost=row.total,
                link=link,
            )


def _films(story: Story) -> Iterator[Event]:
    for film in (
        Film.objects.filter(story=story)
        .select_related("made_by")
        .defer("srt", "vtt", "manifest")
        .order_by("-created_at")[:SHOWN]
    ):
        text = _("%(film)s made: %(reused)s segments reused, %(encoded)s encoded") % {
            "film": film,
            "reused": film.segments_reused,
            "encoded": film.segments_encoded,
        }
        yield Event(
            film.created_at, "theaters", "good", text, _who(film.made_by), film.override_reason
        )
