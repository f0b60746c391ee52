"""Query parameters of requests about films."""

from typing import Annotated, Literal

from msgspec import UNSET, Meta, UnsetType

from api.inputs import Strict
from api.paging import Paging
from stories.enums import FilmKind


class FilmFileQuery(Strict):
    size: Annotated[
        Literal["whole", "light"], Meta(description="`light`: the copy for slow connections.")
    ] = "whole"


class FilmFilter(Paging):
    kind: FilmKind | UnsetType = UNSET
