"""Images of the local provider: illustrations drawn from the words of a prompt."""

from providers.backends.local.illustrator.painter import paint

__all__ = ["paint"]
