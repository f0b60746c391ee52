"""Keyset paging: a page starts after the last item, without counting,
so any depth costs the same.
"""

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

import msgspec
from django.core import signing
from django.db.models import Model, Q, QuerySet
from django.utils.translation import gettext_noop
from msgspec import UNSET, Meta, UnsetType

from .inputs import Strict
from .problems import malformed
from .schemas import named

SALT = "web.cursor"
MOST = 100


class Page[T](msgspec.Struct):
    """One page. `next_cursor` is null on the last one; give it as `cursor` with the same filters
    for the page after.
    """

    items: list[T]
    next_cursor: str | None


class Paging(Strict, kw_only=True):
    """The query parameters of every list; filters are further fields of a subclass."""

    page_size: Annotated[int, Meta(ge=1, le=MOST, description="Entries on a page.")] = 50
    cursor: (
        Annotated[
            str,
            Meta(
                pattern=r"^[-_.:A-Za-z0-9]+$",
                max_length=500,
                description="`next_cursor` of the page before.",
            ),
        ]
        | UnsetType
    ) = UNSET

    def filters(self) -> dict[str, Any]:
        """Returns the parameters that select rows, without those that select the page."""
        values = msgspec.structs.asdict(self)
        return {
            name: value
            for name, value in values.items()
            if name not in {"page_size", "cursor"} and value is not UNSET
        }


class Changed(Paging, kw_only=True):
    """The query parameters of lists that a program keeps a copy of."""

    updated_since: (
        Annotated[
            datetime,
            Meta(tz=True, description="Only what was changed at this moment or later."),
        ]
        | UnsetType
    ) = UNSET
    sort: (
        Annotated[
            Literal["created_at", "-created_at", "updated_at", "-updated_at"],
            named("SortBy"),
            Meta(description="The order; with a minus the newest come first."),
        ]
        | UnsetType
    ) = UNSET

    def keyset(self, default: "Keyset") -> "Keyset":
        """The order that was asked for, else the default."""
        if self.sort is UNSET:
            return default
        name = self.sort.removeprefix("-")
        return Keyset(name, "id", descending=self.sort.startswith("-"))

    def narrowed[M: Model, R](self, rows: QuerySet[M, R]) -> QuerySet[M, R]:
        """The rows that were changed since then."""
        if self.updated_since is UNSET:
            return rows
        return rows.filter(updated_at__gte=in_utc(self.updated_since))


def in_utc(moment: datetime) -> datetime:
    """The moment in UTC, limited to the range that databases take."""
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        return moment.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Keyset:
    """An order by two columns, the second unique, both in the same direction. Needs a matching
    index.
    """

    first: str = "created_at"
    second: str = "id"
    descending: bool = True

    @property
    def ordering(self) -> tuple[str, str]:
        sign = "-" if self.descending else ""
        return f"{sign}{self.first}", f"{sign}{self.second}"

    def after(self, first: Any, second: Any) -> Q:
        """Selects the rows after this position. With `c <= x AND (c < x OR id < y)` both databases
        start in the index at x.
        """
        word = "lt" if self.descending else "gt"
        return Q(**{f"{self.first}__{word}e": first}) & (
            Q(**{f"{self.first}__{word}": first}) | Q(**{f"{self.second}__{word}": second})
        )


NEWEST_FIRST = Keyset()


def page[M: Model, R, T](
    rows: QuerySet[M, R],
    query: Paging,
    *,
    out: Callable[[Iterable[R]], list[T]],
    key: Callable[[R], tuple[Any, Any]],
    keyset: Keyset = NEWEST_FIRST,
    scope: str = "",
) -> Page[T]:
    """Returns the requested page of `rows` in one SQL query plus those of `out`, the same for any
    page size.

    `key` returns the two keyset columns of a row. `scope` binds a cursor to more than the filters,
    such as its list. Raises 400 for a cursor of another list or other filters.
    """
    bound = binding(query, keyset, scope)
    rows = rows.order_by(*keyset.ordering)
    if query.cursor is not UNSET:
        rows = rows.filter(keyset.after(*_place(query.cursor, bound)))
    found = list(rows[: query.page_size + 1])
    more = len(found) > query.page_size
    shown = found[: query.page_size]
    return Page(items=out(shown), next_cursor=cursor_at(key(shown[-1]), bound) if more else None)


def binding(query: Paging, keyset: Keyset, scope: str) -> str:
    material = msgspec.json.encode(
        [scope, type(query).__qualname__, query.filters(), keyset.ordering], order="sorted"
    )
    return hashlib.blake2b(material, digest_size=9).hexdigest()


def cursor_at(place: tuple[Any, Any], bound: str) -> str:
    first, second = place
    moment = isinstance(first, datetime)
    return signing.Signer(salt=SALT).sign_object(
        [first.isoformat() if moment else first, str(second), int(moment), bound], compress=False
    )


def _place(cursor: str, bound: str) -> tuple[Any, Any]:
    try:
        first, second, moment, theirs = signing.Signer(salt=SALT).unsign_object(cursor)
    except (signing.BadSignature, ValueError):
        raise malformed(gettext_noop("This cursor is not valid."), code="invalid_cursor") from None
    if theirs != bound:
        raise malformed(
            gettext_noop("This cursor belongs to a list with other filters."), code="invalid_cursor"
        )
    return datetime.fromisoformat(first) if moment else first, second
