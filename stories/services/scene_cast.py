"""What a scene shows of the cast: its members in their looks, with the selected sheets."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, cast

from django.db.models import Prefetch

from providers.requests import CastReference
from stories.enums import CastKind
from stories.models import Scene, SceneCast

if TYPE_CHECKING:
    from providers.requests import CastRole

ORDER = {str(kind): number for number, kind in enumerate(CastKind)}
CACHE = "cast"


def with_cast() -> Any:
    """Loads the cast of scenes, for `references_in`. One query, whatever the number of scenes."""
    return Prefetch(CACHE, queryset=appearances())


def appearances() -> Any:
    """The appearances of live members with what is said and shown of them."""
    return (
        SceneCast.objects.filter(member__deleted_at=None)
        .select_related("member", "look__sheet")
        .order_by("id")
    )


def appearances_in(scene: Scene) -> list[SceneCast]:
    """The scene's appearances: characters first, the older member before the newer."""
    loaded = CACHE in getattr(scene, "_prefetched_objects_cache", {})
    rows = scene.cast.all() if loaded else appearances().filter(scene=scene)
    live = [row for row in rows if row.member.deleted_at is None]
    return sorted(live, key=lambda row: (ORDER[row.member.kind], row.member.created_at, row.pk))


def references_in(scene: Any) -> list[CastReference]:
    """What the providers are told of the cast in this scene, or in a row with the same names."""
    if isinstance(scene, Scene):
        return [reference_of(row) for row in appearances_in(scene)]
    return list(scene.references)


def reference_of(row: SceneCast) -> CastReference:
    sheet = row.look.sheet if row.with_sheet else None
    return reference(
        row.member.kind,
        row.member.name,
        (row.member.description, row.look.description),
        (row.member.description_en, row.look.description_en),
        (sheet.file, sheet.sha256) if sheet else ("", ""),
    )


def reference(
    kind: str,
    name: str,
    description: Iterable[str],
    description_en: Iterable[str],
    sheet: tuple[str, str],
) -> CastReference:
    """The descriptions of member and look are joined."""
    return CastReference(
        cast("CastRole", kind),
        name,
        joined(description),
        joined(description_en),
        *sheet,
    )


def joined(texts: Iterable[str]) -> str:
    return ", ".join(text.strip().rstrip(".。 ") for text in texts if text.strip())
