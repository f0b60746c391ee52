"""Pages of a story: the board with its scene cards, takes, comments and the guest review.

`BoardUrls` adds these pages to the story's admin.
"""

from .urls import BoardUrls

__all__ = ["BoardUrls"]
