"""A job's row in plain SQL, for the three statements that go by a thousand times a second: insert, claim, end of a turn.

Django makes each statement anew, which takes longer than the database takes to carry it out. Everything else asks Django.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from django.db import DEFAULT_DB_ALIAS, connections

from ground.clock import DatabaseNow, sql_now
from jobs.models import Job

FIELDS = Job._meta.concrete_fields  # noqa: SLF001  Django's documented way to a model's fields and table
TABLE = Job._meta.db_table  # noqa: SLF001
BY_NAME = {field.name: field for field in FIELDS}
COLUMNS = ", ".join(str(field.column) for field in FIELDS)
INSERT = f"INSERT INTO {TABLE} ({COLUMNS}) VALUES ({', '.join(['%s'] * len(FIELDS))})"  # noqa: S608  names of our own


def insert(job: Job) -> None:
    """Writes the new job. Raises IntegrityError if there is an open job with its `unique_key`."""
    connection = connections[DEFAULT_DB_ALIAS]
    values = [field.get_db_prep_save(field.pre_save(job, add=True), connection) for field in FIELDS]
    with connection.cursor() as cursor:
        cursor.execute(INSERT, values)
    job._state.db, job._state.adding = DEFAULT_DB_ALIAS, False  # noqa: SLF001  as after save()


def update(values: dict[str, Any], *, where: str, params: Sequence[Any]) -> int:
    """Writes the values, by the names of their fields, to all rows for which the SQL condition holds; returns how many there were.

    A DatabaseNow is written as the moment that the database has.
    """
    connection = connections[DEFAULT_DB_ALIAS]
    changes, prepared = [], []
    for name, value in values.items():
        field = BY_NAME[name]
        moment = isinstance(value, DatabaseNow)
        sql, parameter = sql_now(value.plus) if moment else ("%s", field.get_db_prep_save(value, connection))
        changes.append(f"{field.column} = {sql}")
        prepared.append(parameter)
    with connection.cursor() as cursor:
        cursor.execute(f"UPDATE {TABLE} SET {', '.join(changes)} WHERE {where}", [*prepared, *params])  # noqa: S608  names of our own
        return int(cursor.rowcount)


def read(row: Sequence[Any]) -> Job:
    """The job of a row as the database's driver gives it, its columns in the order of COLUMNS."""
    compiler = Job.objects.all().query.get_compiler(DEFAULT_DB_ALIAS)
    (values,) = compiler.apply_converters([row], _converters())
    return Job.from_db(DEFAULT_DB_ALIAS, [field.attname for field in FIELDS], values)


@lru_cache
def _converters() -> Any:
    """What makes Python's values of the database's, by the place of the column."""
    compiler = Job.objects.all().query.get_compiler(DEFAULT_DB_ALIAS)
    return compiler.get_converters([field.get_col(TABLE) for field in FIELDS])
