"""The order of a story's scenes: moves in one statement, conflict detection, and undo."""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Case, F, PositiveIntegerField, Q, Value, When
from django.utils.translation import gettext_noop

from stories.errors import Conflict
from stories.models import Scene, Story

from .locking import locked_story

VERSION_LENGTH = 16


@dataclass(frozen=True, slots=True)
class Move:
    """Put a scene right after another one. With `after` None: at the beginning."""

    scene_id: UUID
    after: UUID | None


@dataclass(frozen=True, slots=True)
class Order:
    """The scenes of a film in order, and the moves that restore the previous order."""

    ids: list[UUID]
    back: list[Move]

    @property
    def version(self) -> str:
        return version_of(self.ids)


class OrderChanged(Conflict):
    """The scene order differs from the one the person saw.

    Nothing was moved. `ids` is the current order.
    """

    code = "order_changed"

    def __init__(self, ids: list[UUID]) -> None:
        super().__init__(
            gettext_noop(
                "Somebody else has changed the order of the scenes meanwhile. Your move "
                "was not made."
            )
        )
        self.ids = ids


def version_of(ids: Iterable[UUID | str]) -> str:
    """A version of an order: the same scenes in the same order have the same version.

    Derived, never stored.
    """
    return hashlib.sha256("".join(map(str, ids)).encode()).hexdigest()[:VERSION_LENGTH]


def reorder(
    story_id: UUID | str, *, actor: Any, moves: Sequence[Move], version: str | None = None
) -> Order:
    """Apply the moves in sequence and write the new order in one statement.

    Lengths and takes do not change.

    `version` is the version of the order that the person saw. Raises OrderChanged if the order has
    changed since, Conflict if a scene or its neighbour is gone, Story.DoesNotExist, Forbidden or
    GuardRefused. Five queries, whatever the number of scenes.
    """
    with transaction.atomic():
        story = locked_story(story_id, actor)
        places = positions(story)
        if version is not None and version != version_of(places):
            raise OrderChanged(list(places))
        return apply_order(story, places, moves)


def positions(story: Story) -> dict[UUID, int]:
    """The positions of the live scenes in film order. One query."""
    return dict(
        Scene.live.filter(story=story).order_by("position", "id").values_list("pk", "position")
    )


def apply_order(story: Story, places: dict[UUID, int], moves: Sequence[Move]) -> Order:
    """`reorder` for a caller that holds the story's lock and has its `positions`. One query."""
    before = list(places)
    after = _moved(before, moves)
    _write(story, places, after, {move.scene_id for move in moves})
    return Order(after, _way_back(before, moves))


def _moved(before: list[UUID], moves: Sequence[Move]) -> list[UUID]:
    ids = list(before)
    for move in moves:
        if move.scene_id == move.after:
            continue
        if move.scene_id not in ids:
            raise Conflict(gettext_noop("This scene has been deleted."))
        ids.remove(move.scene_id)
        if move.after is not None and move.after not in ids:
            raise Conflict(gettext_noop("The scene next to the new position no longer exists."))
        ids.insert(0 if move.after is None else ids.index(move.after) + 1, move.scene_id)
    return ids


def _way_back(before: list[UUID], moves: Sequence[Move]) -> list[Move]:
    """The moves that undo `moves`.

    Each moved scene goes back behind its predecessor, first scene first, so that the predecessor is
    already back.
    """
    moved = {move.scene_id for move in moves}
    return [
        Move(pk, before[index - 1] if index else None)
        for index, pk in enumerate(before)
        if pk in moved
    ]


def _write(story: Story, places: dict[UUID, int], after: list[UUID], moved: set[UUID]) -> None:
    """Write the new positions in one UPDATE.

    Moved scenes get their new positions, and each run of other scenes shifts by its common
    distance.
    """
    new = {pk: place for place, pk in enumerate(after, start=1)}
    cases = [When(pk=pk, then=Value(new[pk])) for pk in moved if new[pk] != places[pk]]
    touched = Q(pk__in=[pk for pk in moved if new[pk] != places[pk]])
    for first, last, distance in _runs(places, new, moved):
        span = Q(position__gte=first, position__lte=last) & ~Q(pk__in=moved)
        cases.append(When(span, then=F("position") + distance))
        touched |= span
    if cases:
        Scene.live.filter(touched, story=story).update(
            position=Case(*cases, default=F("position"), output_field=PositiveIntegerField())
        )


def _runs(
    places: dict[UUID, int], new: dict[UUID, int], moved: set[UUID]
) -> list[tuple[int, int, int]]:
    """(first, last, distance) of adjacent scenes that shift together, by their old positions."""
    runs: list[tuple[int, int, int]] = []
    distance = 0
    for pk, place in places.items():
        if pk in moved:
            continue
        shift = new[pk] - place
        if shift and runs and shift == distance:
            runs[-1] = (runs[-1][0], place, shift)
        elif shift:
            runs.append((place, place, shift))
        distance = shift
    return runs
