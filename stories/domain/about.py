"""Questions about one story that are asked again and again: put together once, because Django takes longer for that than a database for the answer."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import QuerySet

STORY = UUID(int=0)  # stands for the story's id while the question is put together

FORMS: tuple[Callable[[UUID], Any], ...] = (lambda pk: pk, lambda pk: pk.hex, str)  # as PostgreSQL and SQLite take an id, and as jobs name their subject


class About:
    """`ask(STORY)` gives the question as a `values_list`; its rows come as the database has them: ids that are cast to text, JSON as text."""

    def __init__(self, ask: Callable[[UUID], QuerySet[Any, Any]]) -> None:
        self.ask = ask
        self.known: dict[str, tuple[str, tuple[Any, ...]]] = {}  # by kind of database

    def rows(self, story_id: UUID) -> list[tuple[Any, ...]]:
        """The answer for this story; one query."""
        if connection.vendor not in self.known:
            self.known[connection.vendor] = self.ask(STORY).query.sql_with_params()
        sql, values = self.known[connection.vendor]
        ids: dict[Any, Any] = {written(STORY): written(story_id) for written in FORMS}
        with connection.cursor() as cursor:
            cursor.execute(sql, tuple(ids.get(value, value) for value in values))
            rows: list[tuple[Any, ...]] = cursor.fetchall()
        return rows
