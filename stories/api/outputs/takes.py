"""Takes: what was made for a scene or brought by a person."""

from uuid import UUID

import msgspec

from stories.domain.inputs import is_stale
from stories.enums import TakeKind, TakeSource, Verdict
from stories.models import Scene, Take
from web.json.routes import Call

from .parts import Link, Moment, Money, link, money


class TakeOut(msgspec.Struct):
    id: UUID
    scene_id: UUID
    kind: TakeKind
    source: TakeSource
    chosen: bool
    stale: bool
    url: Link
    mime: str
    width: int
    height: int
    duration_ms: int
    provider: str
    model: str
    seed: int | None
    cost: Money
    made_by: str
    reason: str
    verdict: Verdict
    verdict_reason: str
    created_at: Moment


def take_out(call: Call, scene: Scene, take: Take) -> TakeOut:
    """Needs the take with `made_by` and the scene with story, prompt and chosen takes."""
    return TakeOut(
        id=take.pk,
        scene_id=take.scene_id,
        kind=TakeKind(take.kind),
        source=TakeSource(take.source),
        chosen=take.pk in {scene.image_take_id, scene.clip_take_id},
        stale=is_stale(scene.story, scene, take),
        url=link(call, take.file),
        mime=take.mime,
        width=take.width,
        height=take.height,
        duration_ms=take.duration_ms,
        provider=take.provider,
        model=take.model,
        seed=take.seed,
        cost=money(take.cost),
        made_by=take.made_by.get_username() if take.made_by else "",
        reason=take.reason,
        verdict=Verdict(take.verdict),
        verdict_reason=take.verdict_reason,
        created_at=take.created_at,
    )
