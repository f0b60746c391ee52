"""Bodies and query parameters of requests about takes."""

from typing import Annotated

from msgspec import UNSET, Meta, UnsetType

from api.inputs import Strict, text
from api.paging import Paging
from stories.enums import EditTask, ReviewStatus, TakeKind
from stories.services.edit_plan import MOST_POINTS, MOST_SHAPES, MOST_WORDS

from .parts import AskAgain, MoneyIn, Provider

MaskPart = Annotated[int, Meta(ge=0, le=1000)]


class MaskShapeIn(Strict):
    """A part of the picture that changes, in thousandths of its width and height.

    With a `brush` the points are a line that a round brush has drawn, else two opposite corners of
    a rectangle.
    """

    points: Annotated[
        list[Annotated[list[MaskPart], Meta(min_length=2, max_length=2)]],
        Meta(
            min_length=1, max_length=MOST_POINTS, description="Each is from the left, from the top."
        ),
    ]
    brush: Annotated[
        MaskPart, Meta(description="Its diameter, in thousandths of the width; 0: a rectangle.")
    ] = 0


class EditTakeIn(Strict):
    """`confirm_total` is the price that was seen. Without it only free work is started."""

    task: EditTask
    words: Annotated[
        str,
        text(most=MOST_WORDS),
        Meta(description="What is to change, or how an extended clip goes on."),
    ] = ""
    words_en: Annotated[
        str,
        text(most=MOST_WORDS),
        Meta(description="The same in English, for providers that understand English only."),
    ] = ""
    mask: Annotated[
        list[MaskShapeIn],
        Meta(max_length=MOST_SHAPES, description="Only these parts change; empty: the whole."),
    ] = []
    seconds: (
        Annotated[int, Meta(ge=1, le=30, description="How much longer a clip becomes.")] | UnsetType
    ) = UNSET
    provider: Provider | UnsetType = UNSET
    model: Annotated[
        str,
        Meta(max_length=80, description="A model of `provider`; empty: the first that does it."),
    ] = ""
    reason: Annotated[str, text(most=200)] = ""
    confirm_total: MoneyIn | UnsetType = UNSET
    ask_again: AskAgain = False


class CropIn(Strict):
    """Where the part that the film shows lies: 0 is as far left (up) as it goes, 1 as far right
    (down). The middle by default.
    """

    x: Annotated[float, Meta(ge=0, le=1)] = 0.5
    y: Annotated[float, Meta(ge=0, le=1)] = 0.5


class TakeFilter(Paging):
    kind: TakeKind | UnsetType = UNSET
    verdict: ReviewStatus | UnsetType = UNSET
    doubtful: bool | UnsetType = UNSET
