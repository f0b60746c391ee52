"""The controls of a scene that its models use: what a page offers, and by which kinds of take."""

from dataclasses import dataclass
from typing import Any

from providers import edits
from providers.enums import Kind
from providers.errors import KeyUnreadable, NoPrice, NotConfigured
from providers.models import AIProviderConfig, ProviderModel
from providers.preflight import makes, ready_adapter
from providers.prices import model_name, model_row, spec_from
from stories.enums import TakeKind
from stories.models import Scene, Story

from .makers import Maker, chosen_maker, maker_of
from .plan import request_of

CONTROLS = ("negative", "style", "seed", "strength")


@dataclass(frozen=True, slots=True)
class Choice:
    """A provider with one of its models, for one kind of take."""

    maker: Maker
    provider_name: str
    is_chosen: bool

    @property
    def value(self) -> str:
        """As a form sends it."""
        return ":".join(self.maker)


@dataclass(frozen=True, slots=True)
class Controls:
    """`used` names, for each control, the kinds of take whose model uses it.

    `choices` are the makers of each kind, `ends` whether the clip's model takes the picture that
    a continuous clip ends with.
    """

    used: dict[str, list[str]]
    choices: dict[str, list[Choice]]
    ends: bool
    names: dict[str, str]  # of all providers


def controls_of(story: Story, scene: Scene) -> Controls:
    """The controls of this scene. Two queries."""
    configs = list(AIProviderConfig.objects.order_by("name").prefetch_related("models"))
    by_name = {config.provider: config for config in configs}
    fields = {kind: _used(story, scene, kind, by_name) for kind in TakeKind.values}
    return Controls(
        used={name: [kind for kind, used in fields.items() if name in used] for name in CONTROLS},
        choices={kind: _choices(scene, kind, configs) for kind in TakeKind.values},
        ends="end_image_file" in fields[TakeKind.CLIP],
        names={config.provider: config.name for config in configs},
    )


def _used(
    story: Story, scene: Scene, kind: str, configs: dict[str, AIProviderConfig]
) -> frozenset[str]:
    """The fields of a request that the scene's model of this kind uses; none if it is gone."""
    config = configs.get(maker_of(story, scene, kind).provider)
    if config is None:
        return frozenset()
    request: Any = request_of(story, scene, kind)
    try:
        adapter = ready_adapter(config, Kind(kind))
        row = model_row(config, request)
    except (NotConfigured, NoPrice, KeyUnreadable):
        return frozenset()
    return adapter.used_fields(Kind(kind), spec_from(row, model_name(config, request, row)))


def _choices(scene: Scene, kind: str, configs: list[AIProviderConfig]) -> list[Choice]:
    chosen = chosen_maker(scene, kind)
    found = []
    for config in configs:
        is_current = chosen is not None and chosen.provider == config.provider
        if not is_current and (config.archived_at is not None or not makes(config, Kind(kind))):
            continue
        names = ["", *(row.name for row in config.models.all() if is_offered(row, kind))]
        if is_current and chosen is not None and chosen.model not in names:
            names.append(chosen.model)
        for name in names:
            maker = Maker(config.provider, name)
            found.append(Choice(maker, config.name, is_chosen=maker == chosen))
    return found


def is_offered(row: ProviderModel, kind: str) -> bool:
    """Whether a person may choose this model for new takes of this kind."""
    makes_new = edits.MAKE in edits.tasks_of(row.capabilities)
    return row.kind == kind and row.is_active and not row.stands_for and makes_new
