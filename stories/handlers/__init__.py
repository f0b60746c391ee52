"""Job handlers, and what the end of a job means for its story.

Each handler reads its state from the database and continues from there. Importing this package
registers them all.
"""

from . import films, messages, paid_results, takes, texts, vision

__all__ = ["films", "messages", "paid_results", "takes", "texts", "vision"]
