"""The board of a story: its scenes as cards in film order, the takes of each, what people say, and the guests' review.

`BoardUrls` puts its pages among those of the story's admin.
"""

from .urls import BoardUrls

__all__ = ["BoardUrls"]
