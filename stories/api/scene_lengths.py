"""Lengths that scenes need for their lines: what is proposed, and what is accepted."""

from decimal import Decimal
from typing import Annotated
from uuid import UUID

from msgspec import Meta, Struct

from api.components import Body
from api.controllers import ApiController, Call, operation
from stories.api.inputs.scene_lengths import SceneLengthsIn
from stories.errors import Invalid
from stories.models import tenths
from stories.services.scene_lengths import (
    TWICE,
    LengthProposal,
    propose_lengths,
    set_lengths,
)

from .base import SOUND, api
from .lookups import story_of
from .outputs.parts import Money, money


class LengthProposalOut(Struct):
    """A scene that is too short for its lines, and what each remedy costs."""

    scene_id: UUID
    position: int
    duration_seconds: Annotated[float, Meta(description="The length that it has.")]
    proposed_seconds: Annotated[float, Meta(description="The length in which its lines fit.")]
    estimated: Annotated[bool, Meta(description="Not all of its lines are spoken yet.")]
    price: Annotated[
        Money, Meta(description="What a clip of the proposed length costs more than is due now.")
    ]
    why: Annotated[str, Meta(description="Why no clip can be made so long; empty: one can.")]
    held_seconds: Annotated[
        float, Meta(description="How long the present clip would hold its last frame.")
    ]
    speed: Annotated[
        float | None,
        Meta(description="How much faster the lines are spoken if nothing is changed; null: no."),
    ]
    characters: Annotated[
        int, Meta(description="About how many to take out if nothing else is changed.")
    ]


class LengthProposalsOut(Struct):
    """In the order of the scenes; none if every scene is long enough."""

    items: list[LengthProposalOut]
    more_seconds: Annotated[float, Meta(description="By how much the film would be longer.")]
    price: Annotated[Money, Meta(description="Of all proposals together.")]


@api.at("stories/<uuid:story_id>/scene_lengths/")
class StorySceneLengthsController(ApiController):
    tags = (SOUND,)

    @operation("list_scene_lengths", summary="List proposed scene lengths")
    def get(self, story_id: UUID) -> LengthProposalsOut:
        """The scenes that are too short for their lines, by their speech or by an estimate."""
        return _proposals(self, story_id)

    @operation("set_scene_lengths", summary="Set the lengths of scenes", problems=(409,))
    def post(self, story_id: UUID, body: Body[SceneLengthsIn]) -> LengthProposalsOut:
        """Of one scene, or of several; all or nothing. Nothing is generated or paid for it. The
        answer has what is proposed then.
        """
        story_of(self, story_id)
        lengths = {one.scene_id: one.duration_seconds for one in body.items}
        if len(lengths) < len(body.items):
            raise Invalid(TWICE, field="items")
        try:
            set_lengths(story_id, actor=self.user, lengths=lengths)
        except Invalid as error:
            error.field = "items"
            raise
        return _proposals(self, story_id)


def _proposals(call: Call, story_id: UUID) -> LengthProposalsOut:
    found = propose_lengths(story_of(call, story_id))
    return LengthProposalsOut(
        [_out(one) for one in found],
        tenths(sum(one.more for one in found)),
        money(sum((one.price for one in found), start=Decimal(0))),
    )


def _out(one: LengthProposal) -> LengthProposalOut:
    return LengthProposalOut(
        scene_id=one.scene.pk,
        position=one.scene.position,
        duration_seconds=one.scene.duration_seconds,
        proposed_seconds=one.seconds,
        estimated=one.estimated,
        price=money(one.price),
        why=str(one.why or ""),
        held_seconds=one.held,
        speed=one.speed,
        characters=one.characters,
    )
