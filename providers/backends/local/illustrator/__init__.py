"""Images of the local provider: illustrations drawn from the words of a prompt."""

from providers.backends.local.illustrator.painter import paint
from providers.backends.local.illustrator.sheet import draw_sheet

__all__ = ["draw_sheet", "paint"]
