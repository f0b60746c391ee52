"""Identifiers in texts."""

from uuid import UUID


def is_uuid(text: str) -> bool:
    """Return whether the text is a UUID as Django writes it, in 36 characters with dashes.

    Jobs and calls keep ids of different kinds in one column.
    """
    try:
        return str(UUID(text)) == text
    except ValueError:
        return False
