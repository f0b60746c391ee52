"""What becomes of a take when a model has looked at it.

What was paid is recorded once. A take without doubts is selected by the rule for new takes, and
what a person has decided meanwhile stands.
"""

from typing import Any

from django.db import transaction

from core.identifiers import is_uuid
from providers.enums import CallState, Refusal
from providers.models import ProviderCall
from stories.enums import Doubt, ReviewStatus
from stories.models import Take, VisionCheck

from . import takes, waking
from .checks import BY_MODEL
from .locking import locked_row
from .vision_checks import VERSION

# The model has seen the take, and gave no answer that can be used.
NO_ANSWER = frozenset({Refusal.MODERATED, Refusal.INVALID, Refusal.FAILED})


def record_result(call: ProviderCall) -> VisionCheck | None:
    """Record what the model found, once, however often this is called.

    A take without doubts is selected by the rule for new takes, unless a person has reviewed it
    meanwhile. Returns None if the take is gone.
    """
    take = Take.objects.filter(pk=call.item).first() if is_uuid(call.item) else None
    if take is None:
        return None
    findings = call.result or {}
    with transaction.atomic():
        locked_row(take.scene_id)
        check, made = VisionCheck.objects.get_or_create(
            call=call, defaults={"take": take, "version": VERSION, "findings": findings}
        )
        if made:
            _apply(Take.objects.get(pk=take.pk), doubts_in(findings))
    return check


def _apply(take: Take, doubts: list[Doubt]) -> None:
    rules = [name for name in take.doubts.split() if name not in BY_MODEL]
    take.doubts = " ".join([*rules, *doubts])
    take.save(update_fields=["doubts"])
    if not take.doubts and take.review_status == ReviewStatus.UNREVIEWED:
        takes.select_checked(take)
    waking.wake_after_review_on_commit(take.scene.story_id)


def doubts_in(findings: dict[str, Any]) -> list[Doubt]:
    """What is doubtful about a take by these findings. A face that cannot be seen is no doubt."""
    found = [] if findings.get("fits") else [Doubt.UNFIT]
    if any(face.get("same") is False for face in findings.get("faces") or []):
        found.append(Doubt.OTHER_FACE)
    return found


def give_up(call: ProviderCall) -> None:
    """Leave the take to a person, if the model gave no answer that can be used."""
    if call.state == CallState.REFUSED and call.refusal in NO_ANSWER and is_uuid(call.item):
        unchecked = Take.objects.filter(pk=call.item, doubts=Doubt.UNCHECKED)
        unchecked.update(doubts=Doubt.UNCHECKABLE)
