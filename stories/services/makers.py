"""What makes a scene's takes: the provider and model that the scene chooses, else the story's."""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from django.utils.translation import gettext_noop

from providers.errors import NotConfigured
from providers.prices import configs_of, not_configured, require_offered
from stories.enums import TakeKind
from stories.errors import Invalid
from stories.models import Scene, Story

MAKER_FIELDS = ("image_provider", "image_model", "clip_provider", "clip_model")


class Maker(NamedTuple):
    """`model` is empty for the provider's usual one."""

    provider: str
    model: str = ""


def story_provider(story: Story, kind: str) -> str:
    return story.image_provider if kind == TakeKind.IMAGE else story.clip_provider


def chosen_maker(scene: Any, kind: str) -> Maker | None:
    """What the scene itself chooses. `scene` is a Scene or a row with the same names."""
    provider = getattr(scene, f"{kind}_provider")
    return Maker(provider, getattr(scene, f"{kind}_model")) if provider else None


def maker_of(story: Story, scene: Any, kind: str, *, provider: str = "") -> Maker:
    """The maker of the scene's next take. `provider`: a person asks this one for it instead."""
    chosen = chosen_maker(scene, kind)
    if provider and (chosen is None or chosen.provider != provider):
        return Maker(provider)
    return chosen or Maker(story_provider(story, kind))


def providers_of(story: Story, scenes: Iterable[Any]) -> set[str]:
    """Every provider that makes takes of these scenes."""
    return {
        maker_of(story, scene, kind).provider for scene in scenes for kind in TakeKind.values
    } | {story.image_provider, story.clip_provider}


def require_makers(scenes: Sequence[Scene]) -> None:
    """Raise Invalid unless each scene's choice is a connection with this model. Two queries."""
    chosen = [
        (index, kind, maker)
        for index, scene in enumerate(scenes)
        for kind in TakeKind.values
        if (maker := Maker(getattr(scene, f"{kind}_provider"), getattr(scene, f"{kind}_model")))
        != Maker("")
    ]
    known = configs_of({maker.provider for _i, _k, maker in chosen}) if chosen else {}
    for index, kind, maker in chosen:
        place = f"{index}/" if len(scenes) > 1 else ""
        if not maker.provider:
            raise Invalid(
                gettext_noop("Choose the provider of this model, too."),
                field=f"{place}{kind}_provider",
            )
        try:
            if maker.provider not in known:
                raise not_configured(maker.provider)
            require_offered(known[maker.provider], kind, maker.model)
        except NotConfigured as error:
            name = "model" if maker.provider in known else "provider"
            raise Invalid(
                error.sentence.template, field=f"{place}{kind}_{name}", **error.sentence.values
            ) from error
