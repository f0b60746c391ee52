"""The local provider's pictures: an illustration drawn from the words of a prompt."""

from providers.local.paint.painter import paint

__all__ = ["paint"]
