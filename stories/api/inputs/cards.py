"""Body of the request that changes title card, end card and logo."""

from typing import Annotated

from msgspec import UNSET, Meta, UnsetType

from api.inputs import Strict, text
from stories.enums import Corner
from stories.models.story import (
    FAINTEST_LOGO,
    LONGEST_CARD,
    MAX_CARD_TEXT,
    NARROWEST_LOGO,
    SHORTEST_CARD,
    WIDEST_LOGO,
)

CardText = Annotated[
    str, text(most=MAX_CARD_TEXT), Meta(description="At most 8 lines; empty: no card.")
]
CardSeconds = Annotated[
    float, Meta(ge=SHORTEST_CARD, le=LONGEST_CARD, description="Seconds, to a tenth.")
]


class CardsPatch(Strict):
    title_card: CardText | UnsetType = UNSET
    title_card_seconds: CardSeconds | UnsetType = UNSET
    end_card: CardText | UnsetType = UNSET
    end_card_seconds: CardSeconds | UnsetType = UNSET
    logo_corner: Corner | UnsetType = UNSET
    logo_width: (
        Annotated[
            int,
            Meta(ge=NARROWEST_LOGO, le=WIDEST_LOGO, description="Percent of the frame's width."),
        ]
        | UnsetType
    ) = UNSET
    logo_opacity: (
        Annotated[int, Meta(ge=FAINTEST_LOGO, le=100, description="Percent.")] | UnsetType
    ) = UNSET
