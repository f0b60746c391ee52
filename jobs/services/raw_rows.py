"""Plain SQL for the three most frequent statements on jobs: insert, claim, end of an attempt.

These run up to a thousand times a second, and compiling each query in Django takes longer than the
database takes to execute it. All other code uses the ORM.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from django.db import DEFAULT_DB_ALIAS, connections

from core.clock import DatabaseNow, sql_now
from jobs.models import Job

FIELDS = Job._meta.concrete_fields  # noqa: SLF001  Django's documented way to a model's fields and table
TABLE = Job._meta.db_table  # noqa: SLF001
BY_NAME = {field.name: field for field in FIELDS}
COLUMNS = ", ".join(str(field.column) for field in FIELDS)
INSERT = f"INSERT INTO {TABLE} ({COLUMNS}) VALUES ({', '.join(['%s'] * len(FIELDS))})"  # noqa: S608  names of our own


def insert(job: Job) -> None:
    """Insert the new job. Raises IntegrityError if an open job has the same `unique_key`."""
    connection = connections[DEFAULT_DB_ALIAS]
    values = [field.get_db_prep_save(field.pre_save(job, add=True), connection) for field in FIELDS]
    with connection.cursor() as cursor:
        cursor.execute(INSERT, values)
    job._state.db, job._state.adding = DEFAULT_DB_ALIAS, False  # noqa: SLF001  as after save()


def update(values: dict[str, Any], *, where: str, params: Sequence[Any]) -> int:
    """Write the values, by field name, to all rows that match the SQL condition; return their
    number.

    A DatabaseNow value is written as the current time of the database.
    """
    connection = connections[DEFAULT_DB_ALIAS]
    changes, prepared = [], []
    for name, value in values.items():
        field = BY_NAME[name]
        moment = isinstance(value, DatabaseNow)
        sql, parameter = (
            sql_now(value.plus) if moment else ("%s", field.get_db_prep_save(value, connection))
        )
        changes.append(f"{field.column} = {sql}")
        prepared.append(parameter)
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE {TABLE} SET {', '.join(changes)} WHERE {where}",  # noqa: S608  names of our own
            [*prepared, *params],
        )
        return int(cursor.rowcount)


def read(row: Sequence[Any]) -> Job:
    """Build a Job from a raw database row with its columns in the order of COLUMNS."""
    compiler = Job.objects.all().query.get_compiler(DEFAULT_DB_ALIAS)
    (values,) = compiler.apply_converters([row], _converters())
    return Job.from_db(DEFAULT_DB_ALIAS, [field.attname for field in FIELDS], values)


@lru_cache
def _converters() -> Any:
    """Return the converters from database values to Python values, by column index."""
    compiler = Job.objects.all().query.get_compiler(DEFAULT_DB_ALIAS)
    return compiler.get_converters([field.get_col(TABLE) for field in FIELDS])
