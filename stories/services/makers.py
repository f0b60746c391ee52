"""What makes a scene's takes: the provider and model that the scene chooses, else the story's."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from django.utils.translation import gettext_noop

from providers.enums import Kind
from providers.errors import NotConfigured
from providers.models import AIProviderConfig
from providers.prices import configs_of, not_configured, require_offered
from stories.enums import TakeKind
from stories.errors import Invalid
from stories.models import Scene, Story

MAKER_FIELDS = ("image_provider", "image_model", "clip_provider", "clip_model")
# The fields that name a provider, and what each is asked for. Next to each is its model.
PROVIDERS = {
    "planner_provider": Kind.TEXT,
    "image_provider": Kind.IMAGE,
    "clip_provider": Kind.CLIP,
    "speech_provider": Kind.SPEECH,
    "music_provider": Kind.MUSIC,
}


class Maker(NamedTuple):
    """`model` is empty for the provider's usual one."""

    provider: str
    model: str = ""


def model_field(provider_field: str) -> str:
    return provider_field.removesuffix("provider") + "model"


def with_models(row: Any, values: Mapping[str, Any]) -> dict[str, Any]:
    """The values to write to the row, with an empty model for each other provider that comes
    without one: it does not have the model that was chosen for the one before.
    """
    other = [
        name
        for name in PROVIDERS
        if name in values and getattr(row, name, values[name]) != values[name]
    ]
    return {**{model_field(name): "" for name in other}, **values}


def require_model(config: AIProviderConfig, provider_field: str, model: str) -> None:
    """Raise Invalid, with the field, unless the connection offers this model."""
    try:
        require_offered(config, PROVIDERS[provider_field], model)
    except NotConfigured as error:
        raise Invalid(
            error.sentence.template, field=model_field(provider_field), **error.sentence.values
        ) from error


def story_maker(story: Story, kind: str) -> Maker:
    """What makes the takes of those scenes that choose nothing themselves."""
    if kind == TakeKind.IMAGE:
        return Maker(story.image_provider, story.image_model)
    return Maker(story.clip_provider, story.clip_model)


def chosen_maker(scene: Any, kind: str) -> Maker | None:
    """What the scene itself chooses. `scene` is a Scene or a row with the same names."""
    provider = getattr(scene, f"{kind}_provider")
    return Maker(provider, getattr(scene, f"{kind}_model")) if provider else None


def maker_of(story: Story, scene: Any, kind: str, *, provider: str = "") -> Maker:
    """The maker of the scene's next take. `provider`: a person asks this one for it instead."""
    own = chosen_maker(scene, kind) or story_maker(story, kind)
    return Maker(provider) if provider and own.provider != provider else own


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
