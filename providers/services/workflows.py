"""Workflows of ComfyUI servers: each version is a model row of its own."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext_noop

from accounts import audit
from accounts.models import AuditAction
from core import visible
from core.localized_messages import LocalizedMessage
from providers.backends.comfyui import workflow
from providers.enums import Kind, Unit
from providers.errors import Forbidden, Invalid
from providers.models import AIProviderConfig, ProviderModel

from . import money_changes

COMFYUI = "comfyui"
ROLES = ("character", "place", "prop", "style")
LONGEST_NAME = 60
MOST_BYTES = workflow.MOST_BYTES
MOST_PRICE = Decimal(1000)
MOST_FPS, MOST_STEP = 120, 64
MOST_SECONDS = 600


@dataclass(frozen=True, slots=True)
class Upload:
    """A workflow as a person maps it. `price` is for an image, or for a second of a clip."""

    name: str
    kind: str
    content: bytes
    output: str
    mapping: Mapping[str, list[str]] = field(default_factory=dict)
    price: Decimal = Decimal(0)
    fps: int = 0
    frame_step: int = 1
    longest: int = 0


def suggested(content: bytes) -> tuple[dict[str, list[str]], str]:
    """Return where values seem to go in a workflow, and the node of its output.

    Raises `Invalid`.
    """
    return workflow.suggested(workflow.read(content))


def add(config: AIProviderConfig, upload: Upload, *, actor: Any) -> ProviderModel:
    """Add a workflow as a model that is used when none is named.

    A changed workflow is another model, so that takes say what made them; an earlier one of the
    same name is switched off. The same upload twice is one model. Raises `Forbidden`, `Invalid`.
    """
    if not actor.is_active or not actor.has_perm("providers.change_aiproviderconfig"):
        raise Forbidden(gettext_noop("You may not change this about a provider."))
    if config.kind != COMFYUI:
        raise Invalid(
            gettext_noop("Workflows can be added only to a ComfyUI server."), field="workflow"
        )
    name = visible.stripped(upload.name)[:LONGEST_NAME]
    if not name:
        raise Invalid(gettext_noop("Give the workflow a name."), field="name")
    if upload.kind not in {Kind.IMAGE, Kind.CLIP}:
        raise Invalid(gettext_noop("A workflow makes pictures or clips."), field="kind")
    if not 0 <= upload.price <= MOST_PRICE:
        raise Invalid(gettext_noop("The price must be from 0 to 1000 USD."), field="price")
    if not (0 <= upload.fps <= MOST_FPS and 1 <= upload.frame_step <= MOST_STEP):
        raise Invalid(
            gettext_noop("The frame rate or the frame step is out of range."), field="fps"
        )
    if not 0 <= upload.longest <= MOST_SECONDS:
        raise Invalid(gettext_noop("The longest clip has from 0 to 600 seconds."), field="longest")
    graph = workflow.read(upload.content)
    mapping = {key: list(targets) for key, targets in upload.mapping.items() if targets}
    workflow.check(graph, mapping, upload.output)
    frames = {"fps": upload.fps, "frame_step": upload.frame_step}
    sha = workflow.sha_of(graph, mapping, upload.output, **frames)
    options = {"workflow": graph, "map": mapping, "output": upload.output, "sha256": sha, **frames}
    with money_changes.of_prices(config.provider, actor=actor):
        row = _write(config, upload, name=name, options=options, mapping=mapping)
        detail = LocalizedMessage(
            gettext_noop("Workflow %(name)s (%(kind)s) added."),
            {"name": row.name, "kind": Kind(row.kind).label},
        )
        audit.record(AuditAction.CHANGED, actor=actor, target=config, detail=detail)
    return row


def _write(
    config: AIProviderConfig,
    upload: Upload,
    *,
    name: str,
    options: dict[str, Any],
    mapping: dict[str, list[str]],
) -> ProviderModel:
    rows = ProviderModel.objects.filter(provider=config, kind=upload.kind)
    versioned = f"{name}-{options['sha256'][:8]}"
    rows.filter(options__label=name).exclude(name=versioned).update(
        is_active=False, is_default=False
    )
    rows.update(is_default=False)
    row, _created = ProviderModel.objects.update_or_create(
        provider=config,
        kind=upload.kind,
        name=versioned,
        defaults={
            "is_active": True,
            "is_default": True,
            "unit": Unit.SECOND if upload.kind == Kind.CLIP else Unit.IMAGE,
            "price": upload.price,
            "priced_on": timezone.localdate(),
            "durations": list(range(1, upload.longest + 1)),
            "options": options | {"label": name},
            "capabilities": capabilities_of(mapping),
        },
    )
    return row


def capabilities_of(mapping: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a mapped workflow takes, in the words of every model row."""
    most = len(mapping.get("references", ()))
    return {
        "start_image": "required" if mapping.get("image") else "no",
        "negative": bool(mapping.get("negative")),
        "seed": bool(mapping.get("seed")),
        "references": dict.fromkeys((*ROLES, "total"), most) if most else {},
    }
