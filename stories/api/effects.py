"""The sound effects of a story: of its scenes, and of the whole film."""

from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from msgspec import UNSET

from api.components import Body, Query
from api.controllers import ApiController, Call, operation
from api.paging import Page, page
from api.problems import not_found
from api.responses import Created, NoContent
from stories.api.inputs.effects import EffectFilter, EffectPatch, NewEffect
from stories.api.inputs.parts import sent_values
from stories.models import Effect, Story
from stories.services import effects as domain
from stories.services.permissions import stories_for

from .base import SOUND, api
from .lookups import story_of
from .outputs.sound import EffectOut, effect_out


def _effect_of(call: Call, effect_id: UUID) -> Effect:
    rows = Effect.live.select_related("take").filter(story__in=stories_for(call.user))
    effect = rows.filter(pk=effect_id).first()
    if effect is None:
        raise not_found()
    return effect


@api.at("stories/<uuid:story_id>/effects/")
class StoryEffectsController(ApiController):
    tags = (SOUND,)

    @operation("list_effects", summary="List a story's effects")
    def get(self, story_id: UUID, query: Query[EffectFilter]) -> Page[EffectOut]:
        """Those of its scenes and of the whole film, the newest first."""
        story_of(self, story_id)
        rows = Effect.live.filter(story=story_id).select_related("take")
        if query.scene is not UNSET:
            rows = rows.filter(scene_id=query.scene)
        return page(
            rows,
            query,
            out=lambda found: [effect_out(self, effect) for effect in found],
            key=lambda effect: (effect.created_at, effect.pk),
            scope=str(story_id),
        )

    @operation("create_effect", summary="Add an effect", problems=(409,))
    def post(self, story_id: UUID, body: Body[NewEffect]) -> Created[EffectOut]:
        """To a scene, or to the whole film (no scene). It is made with the preview or the film, or
        by `generate_sound/`.
        """
        story_of(self, story_id)
        values: dict[str, Any] = sent_values(body)
        made = domain.add_effect(
            story_id, actor=self.user, scene_id=values.pop("scene", None), **values
        )
        return Created(effect_out(self, made))


@api.at("effects/<uuid:effect_id>/")
class EffectController(ApiController):
    tags = (SOUND,)

    def locked(self) -> QuerySet[Story]:
        effect = Effect.live.filter(pk=self.kwargs["effect_id"])
        return Story.objects.filter(pk__in=effect.values("story"))

    @operation("get_effect", summary="Show an effect")
    def get(self, effect_id: UUID) -> EffectOut:
        """With the take that is heard."""
        return effect_out(self, _effect_of(self, effect_id))

    @operation("patch_effect", summary="Change an effect", problems=(409,))
    def patch(self, effect_id: UUID, body: Body[EffectPatch]) -> EffectOut:
        """Only what is sent is changed. Another description or length makes it stale; its beginning
        and its level do not, and no picture is made or encoded again.
        """
        _effect_of(self, effect_id)
        return effect_out(
            self,
            domain.change_effect(effect_id, actor=self.user, **sent_values(body)),
        )

    @operation("delete_effect", summary="Take an effect out of the film", problems=(409,))
    def delete(self, effect_id: UUID) -> NoContent:
        """Its takes stay among the story's takes of sound."""
        _effect_of(self, effect_id)
        domain.delete_effect(effect_id, actor=self.user)
        return NoContent()
