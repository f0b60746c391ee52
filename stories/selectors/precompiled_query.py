"""Precompiled SQL for frequent queries about one story.

Building such a query in Django takes longer than running it in the database.
"""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import QuerySet

STORY = UUID(int=0)  # placeholder for the story's id while the query is compiled

# An id as PostgreSQL and SQLite take it, and as jobs name their story.
FORMS: tuple[Callable[[UUID], Any], ...] = (lambda pk: pk, lambda pk: pk.hex, str)


class PrecompiledQuery:
    """`ask(STORY)` returns the query as a `values_list`.

    Rows come as the database returns them: cast ids as text, JSON as text.
    """

    def __init__(self, ask: Callable[[UUID], QuerySet[Any, Any]]) -> None:
        self.ask = ask
        self.known: dict[str, tuple[str, tuple[Any, ...]]] = {}  # by database vendor

    def rows(self, story_id: UUID) -> list[tuple[Any, ...]]:
        """The rows for this story. One query."""
        if connection.vendor not in self.known:
            self.known[connection.vendor] = self.ask(STORY).query.sql_with_params()
        sql, values = self.known[connection.vendor]
        ids: dict[Any, Any] = {written(STORY): written(story_id) for written in FORMS}
        with connection.cursor() as cursor:
            cursor.execute(sql, tuple(ids.get(value, value) for value in values))
            rows: list[tuple[Any, ...]] = cursor.fetchall()
        return rows
