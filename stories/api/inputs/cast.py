"""Bodies and query parameters of requests about the cast."""

from typing import Annotated
from uuid import UUID

from msgspec import UNSET, Meta, UnsetType

from api.inputs import Strict, text
from api.paging import Paging
from stories.enums import CastKind
from stories.models.cast import MAX_DESCRIPTION, MAX_NAME
from stories.services.cast_names import MAX_ALIASES, MAX_IN_SCENE
from stories.services.sheets import MOST_VARIANTS

from .parts import AskAgain, MoneyIn, Provider

MemberName = Annotated[str, text(least=1, most=MAX_NAME)]
Description = Annotated[str, text(most=MAX_DESCRIPTION)]
Aliases = Annotated[list[MemberName], Meta(max_length=MAX_ALIASES)]


class MemberIn(Strict):
    name: MemberName
    kind: CastKind = CastKind.CHARACTER
    description: Description = ""
    description_en: Description = ""
    aliases: Aliases = []


class MemberPatch(Strict):
    name: MemberName | UnsetType = UNSET
    kind: CastKind | UnsetType = UNSET
    description: Description | UnsetType = UNSET
    description_en: Description | UnsetType = UNSET
    aliases: Aliases | UnsetType = UNSET


class LibraryVersionIn(Strict):
    """A version of the studio's library."""

    version_id: UUID


class LookIn(Strict):
    """An outfit, an age, the state of a place."""

    name: MemberName
    description: Description = ""
    description_en: Description = ""


class LookPatch(Strict):
    name: MemberName | UnsetType = UNSET
    description: Description | UnsetType = UNSET
    description_en: Description | UnsetType = UNSET


class GenerateSheetIn(Strict):
    provider: Provider | UnsetType = UNSET
    variants: Annotated[int, Meta(ge=1, le=MOST_VARIANTS)] = 1
    reason: Annotated[str, text(most=200)] = ""
    confirm_total: MoneyIn | UnsetType = UNSET
    ask_again: AskAgain = False


class SheetFilter(Paging):
    pass


class AppearanceIn(Strict):
    """A look that the scene shows. Without `with_sheet` only its description is sent."""

    look_id: UUID
    with_sheet: bool = True


class SceneCastIn(Strict):
    items: Annotated[list[AppearanceIn], Meta(max_length=MAX_IN_SCENE)]
