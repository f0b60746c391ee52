"""The automatic check of each picture and clip that arrives: what is doubtful about it.

The file is measured in a limited process when it is taken in (`media.measures`); here the numbers
are judged by what the scene needs. The check reviews nothing: a doubtful take is not selected by
itself, and a person decides.
"""

import shutil
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import F, Q
from django.utils.translation import gettext_noop

from core.localized_messages import LocalizedMessage
from jobs.enums import JobStatus, WaitFor
from media.measures import VERSION as MEASURES
from media.measures import hash_distance, measures_of
from providers.models import AIProviderConfig
from providers.registry import draws_letters
from providers.store import FileMissing, opened, workplace
from stories.enums import Camera, Doubt, ReviewStatus, TakeKind, TakeSource
from stories.models import Scene, Take, TakeCheck

from .fingerprints import frame_rate, frame_size

VERSION = 10 * MEASURES + 1  # the last digit counts the rules below
BLACK_LUMA = 24  # of the brightest hundredth
EVEN = 12  # range of luma
SHARP = 0.15  # of the strongest edges; a picture is blurred below it
LETTERS = 6  # in one line
# Found by a model that looks at takes, not by the rules below.
BY_MODEL = frozenset({Doubt.UNCHECKED, Doubt.UNCHECKABLE, Doubt.UNFIT, Doubt.OTHER_FACE})
DUPLICATE = 50  # of 256 bits; two scenes of one story differ in 100 or more
FLASHES = 3  # in a second, above which people with epilepsy are at risk (WCAG 2.3.1)
STILL_MS = 1000  # a stretch that viewers notice, if it is also half of the clip
OTHER_FORMAT = 0.05  # by which the ratio of the sides may differ from the film's
ENOUGH = 0.5  # of the film's width and height
AT_ONCE = 100  # takes read from the database at a time
HALTED = gettext_noop(
    "Halted: the automatic check has doubts about the last %(count)s takes. Select or reject one "
    "of them to go on."
)


def record(take: Take, measures: dict[str, Any]) -> None:
    """Write the check of a take that was measured. Nothing if it could not be measured.

    Call it in the transaction that makes the take.
    """
    if measures.get("version") != MEASURES:
        return
    doubts = doubts_of(take, measures)
    TakeCheck.objects.update_or_create(
        take=take, version=VERSION, defaults={"measures": measures, "doubts": " ".join(doubts)}
    )
    by_model = [name for name in take.doubts.split() if name in BY_MODEL]
    take.doubts = " ".join([*doubts, *by_model])
    take.save(update_fields=["doubts"])


def await_model(take: Take) -> None:
    """Mark a new take as unchecked, if the story has a model that looks at takes.

    Not a take about which the rules have doubts: a person decides about it anyway. Call it in the
    transaction that makes the take.
    """
    if take.scene.story.vision_provider and not take.doubts:
        take.doubts = Doubt.UNCHECKED
        take.save(update_fields=["doubts"])


def unchecked() -> Iterator[Take]:
    """The takes that this version of the check has not seen, oldest first."""
    rows = Take.objects.exclude(checks__version=VERSION).order_by("created_at", "id")
    return rows.select_related("scene__story", "prompt").iterator(chunk_size=AT_ONCE)


def check(take: Take) -> bool:
    """Check a take that is stored. Returns whether it could be measured.

    What an earlier version of the check measured is judged again without reading the file.
    """
    last = take.checks.filter(measures__version=MEASURES).order_by("-version").first()
    measures = last.measures if last else _measured(take)
    with transaction.atomic():
        record(take, measures)
    return bool(measures)


def _measured(take: Take) -> dict[str, Any]:
    try:
        with workplace() as folder, opened(take.file) as source:
            file = folder / "take"
            with file.open("wb") as target:
                shutil.copyfileobj(source, target)
            return measures_of(file, is_clip=take.kind == TakeKind.CLIP)
    except FileMissing:
        return {}


def doubts_of(take: Take, measures: dict[str, Any]) -> list[Doubt]:
    """What is doubtful about a take with these measures, most serious first."""
    found = [*_of_picture(measures), *_of_time(take, measures), *_of_size(take)]
    if Doubt.LETTERS in found and not _may_draw_letters(take.provider):
        found.remove(Doubt.LETTERS)
    if not {Doubt.BLACK, Doubt.BLANK} & set(found) and _is_duplicate(take, measures["hash"]):
        found.append(Doubt.DUPLICATE)
    return found


def _may_draw_letters(provider: str) -> bool:
    """Whether pictures of this connection may bear letters. One query."""
    config = AIProviderConfig.objects.filter(provider=provider).first()
    return config is None or draws_letters(config)


def _of_picture(measures: dict[str, Any]) -> list[Doubt]:
    if measures["luma"] <= BLACK_LUMA:
        return [Doubt.BLACK]
    if measures["contrast"] <= EVEN:
        return [Doubt.BLANK]
    found = []
    if measures["sharpness"] < SHARP:
        found.append(Doubt.BLURRED)
    if measures["letters"] >= LETTERS:
        found.append(Doubt.LETTERS)
    return found


def _of_time(take: Take, measures: dict[str, Any]) -> list[Doubt]:
    if take.kind != TakeKind.CLIP:
        return []
    story, long = take.scene.story, max(STILL_MS, take.duration_ms // 2)
    found = []
    if measures["black_ms"] >= long and measures["luma"] > BLACK_LUMA:
        found.append(Doubt.BLACK)
    # A frozen clip is black for as long, and a still camera may show what does not move.
    if measures["frozen_ms"] >= long > measures["black_ms"] and take.prompt.camera != Camera.STILL:
        found.append(Doubt.FROZEN)
    if measures["flashes"] > FLASHES:
        found.append(Doubt.STROBING)
    if take.duration_ms < take.scene.duration_ms - 1000 // frame_rate(story):
        found.append(Doubt.SHORT)
    return found


def _of_size(take: Take) -> list[Doubt]:
    width, height = frame_size(take.scene.story)
    ratio = take.width * height / (take.height * width)
    is_other = not 1 - OTHER_FORMAT <= ratio <= 1 + OTHER_FORMAT
    is_small = take.width < width * ENOUGH or take.height < height * ENOUGH
    return [Doubt.SIZE] if is_other or is_small else []


def _is_duplicate(take: Take, own: str) -> bool:
    """Whether another scene's selected take shows the same. One query.

    Takes that were made from the same inputs may be alike, because that was asked for.
    """
    selected = Q(take=F("take__scene__image_take")) | Q(take=F("take__scene__clip_take"))
    rows = (
        TakeCheck.objects.filter(
            selected,
            version=VERSION,
            take__kind=take.kind,
            take__scene__story=take.scene.story_id,
            take__scene__deleted_at=None,
        )
        .exclude(take__scene=take.scene_id)
        .values_list("measures__hash", "take__input_hash")
    )
    return any(
        hash_distance(own, other) <= DUPLICATE
        for other, made_from in rows
        if not (made_from and made_from == take.input_hash)
    )


def is_halted(job: Any) -> bool:
    """Whether a scene's job, a Job or a JobRow, waits for a person because of doubtful takes."""
    return bool(
        job.status == JobStatus.WAITING
        and job.wait_for == WaitFor.PERSON
        and job.note.template == HALTED
    )


def halt(scene: Scene, kind: str, *, since: datetime) -> LocalizedMessage | None:
    """Why the scene's part of a batch is not ordered now, or None.

    It is halted if the newest takes of the batch are all doubtful and nobody has reviewed or
    selected one of them. `since`: when the batch began. One query.
    """
    most = settings.HALT_AFTER_DOUBTFUL
    if not most:
        return None
    rows = Take.objects.filter(
        scene__story=scene.story_id,
        kind=kind,
        source=TakeSource.GENERATED,
        created_at__gte=since,
    ).order_by("-created_at", "-id")
    # A take that a model has not looked at yet neither counts nor breaks the row.
    rows = rows.exclude(doubts=Doubt.UNCHECKED)
    newest = list(rows.values_list("doubts", "review_status", "pk", f"scene__{kind}_take")[:most])
    if len(newest) < most or not all(
        doubts and status == ReviewStatus.UNREVIEWED and pk != selected
        for doubts, status, pk, selected in newest
    ):
        return None
    return LocalizedMessage(HALTED, {"count": most})
