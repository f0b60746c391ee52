"""What a person has started for one story within 24 hours, as counted by the spending limit.

The starts of the last 24 hours add up, so splitting a plan into single scenes or calls changes
nothing. Work that a second person approved does not count, and neither does work that ended without
cost.
"""

from collections import defaultdict
from collections.abc import Iterable
from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.db.models import Q

from core.clock import DatabaseNow
from jobs.enums import OPEN
from jobs.models import Job
from providers import ledger
from providers.enums import Kind
from stories.enums import JobName, SoundKind, TakeKind
from stories.models import Confirmation, Story, Take
from stories.services import job_data

DAY = timedelta(hours=24)

type Piece = tuple[str, str]  # kind, id of the scene, line or story as text


def started_today(story: Story, person: Any, *, besides: str = "") -> Decimal:
    """USD that this person started alone for the story within 24 hours of the database's clock.

    `besides` excludes a job that is being retried.
    """
    starts = Confirmation.objects.filter(
        story=story, actor=person, approval=None, at__gt=DatabaseNow(-DAY)
    ).order_by("id")
    confirmed: dict[Piece, Decimal] = defaultdict(Decimal)
    first = None
    for start in starts:
        first = first or start.at
        takes = _takes_of(start)
        for key, line in start.lines.items():
            confirmed[_piece(start, key)] += Decimal(line["price"]) * takes
    confirmed = {piece: amount for piece, amount in confirmed.items() if amount}
    if not confirmed or first is None:
        return Decimal(0)
    spent = ledger.breakdown("kind", "item", subject=str(story.pk), since=first)
    checks = _checks_of(confirmed)
    open_pieces, whole = _open(story, besides=besides)
    total = Decimal(0)
    for piece, amount in confirmed.items():
        paid = checks.get(piece, {piece})
        # A check is still to come as long as its take is being made.
        made = paid | {_take_of(piece)} if piece in checks else paid
        is_open = any(part in open_pieces or part[0] in whole for part in made)
        counted = sum((spent[part].counted for part in paid if part in spent), Decimal(0))
        total += amount if is_open else min(amount, counted)
    return total


def _piece(start: Confirmation, key: str) -> Piece:
    """Speech and music have keys of their own (`job_data.sound_key`), whatever they are confirmed
    with. The key of an edit names its take.
    """
    kind, colon, item = key.partition(":")
    if kind == job_data.EDIT:
        return (start.kind, item.partition(":")[0])
    return (kind, item) if colon else (start.kind, key)


def _take_of(piece: Piece) -> Piece:
    """The take that this check is confirmed with (`job_data.new_check_key`)."""
    kind, _, origin = piece[1].partition(":")
    return (kind, origin)


def _checks_of(pieces: Iterable[Piece]) -> dict[Piece, set[Piece]]:
    """The calls that check takes, by the check that was confirmed. One query if there is any."""
    found: dict[Piece, set[Piece]] = {
        piece: set() for piece in pieces if piece[0] == job_data.VISION
    }
    if found:
        by_take = {_take_of(piece): piece for piece in found}
        origins = {origin for _kind, origin in by_take}
        rows = Take.objects.filter(Q(scene__in=origins) | Q(edited_from__in=origins))
        for kind, scene, edited, take in rows.values_list(
            "kind", "scene_id", "edited_from_id", "pk"
        ):
            if (piece := by_take.get((kind, str(edited or scene)))) is not None:
                found[piece].add((Kind.TEXT, str(take)))
    return found


def _takes_of(start: Confirmation) -> int:
    """How many takes of each scene were started. More than one only for variants."""
    one = sum((Decimal(line["price"]) for line in start.lines.values()), Decimal(0))
    return round(start.total / one) if one else 1


def _open(story: Story, *, besides: str) -> tuple[set[Piece], set[str]]:
    """The takes being made, and the kinds that a job of the whole story makes."""
    jobs = (
        Job.objects.filter(subject=str(story.pk), status__in=OPEN)
        .exclude(pk=besides)
        .values_list("name", "item")
    )
    pieces = {
        (str(job_data.TAKE_KIND[JobName(name)]), item)
        for name, item in jobs
        if name in job_data.TAKE_KIND
    }
    pieces |= {(str(Kind.IMAGE), item) for name, item in jobs if name == JobName.LOOK_SHEET}
    pieces |= {
        (kind, item) for name, item in jobs if name == JobName.TAKE_EDIT for kind in TakeKind.values
    }
    pieces |= {(str(Kind.TEXT), item) for name, item in jobs if name in job_data.TEXT_JOBS}
    pieces |= {
        (str(job_data.SOUND_KIND[JobName(name)]), item)
        for name, item in jobs
        if name in job_data.SOUND_KIND
    }
    whole = {
        str(job_data.STORY_KIND[JobName(name)])
        for name, _item in jobs
        if name in job_data.STORY_KIND
    }
    if whole:
        whole |= set(SoundKind.values)  # that job makes the sound as well
    return pieces, whole
