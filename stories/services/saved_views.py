"""Filters of the board and of the story list that a person keeps under a name."""

from typing import Any
from urllib.parse import parse_qsl, urlencode

from django.db.models import QuerySet
from django.utils.translation import gettext_noop

from core import visible
from stories.enums import ViewPage
from stories.errors import Invalid
from stories.models import SavedView
from stories.models.saved_view import NAME_LENGTH, QUERY_LENGTH

MOST = 30  # of one person and page
BOARD_FIELDS = frozenset({"state", "q", "view"})
NOT_FILTERS = frozenset({"p", "e", "all", "from", "csrfmiddlewaretoken", "_changelist_filters"})


def filters_of(page: str, query: str) -> str:
    """The parameters of this address that are filters, without those that are empty."""
    fields = parse_qsl(query.removeprefix("?"), max_num_fields=100)
    kept = [
        (name, value)
        for name, value in fields
        if (name in BOARD_FIELDS if page == ViewPage.BOARD else name not in NOT_FILTERS)
    ]
    return urlencode(kept)


def views_of(user: Any, page: ViewPage) -> QuerySet[SavedView]:
    """The person's views of this page, by name."""
    return SavedView.objects.filter(owner=user, page=page)


def save(*, actor: Any, page: str, name: str, query: str) -> SavedView:
    """Keep the filters of this address under a name; a view of that name is replaced.

    Raises Invalid.
    """
    name = visible.stripped(name)
    if not name or len(name) > NAME_LENGTH:
        raise Invalid(gettext_noop("Give the view a name of at most 60 characters."), field="name")
    if page not in ViewPage.values:
        raise Invalid(gettext_noop("This page has no views."), field="page")
    try:
        kept = filters_of(page, query)
    except ValueError:
        kept = ""
    if not kept:
        raise Invalid(gettext_noop("Choose a filter first. There is nothing to save."))
    if len(kept) > QUERY_LENGTH:
        raise Invalid(gettext_noop("These filters are too long to be saved."))
    if views_of(actor, ViewPage(page)).exclude(name=name).count() >= MOST:
        raise Invalid(gettext_noop("There are %(most)s views already."), most=MOST)
    SavedView.objects.bulk_create(
        [SavedView(owner=actor, page=page, name=name, query=kept)],
        update_conflicts=True,
        unique_fields=["owner", "page", "name"],
        update_fields=["query"],
    )
    return SavedView.objects.get(owner=actor, page=page, name=name)


def remove(pk: int, *, actor: Any) -> SavedView:
    """Remove a view of this person. Raises SavedView.DoesNotExist."""
    found = SavedView.objects.get(pk=pk, owner=actor)
    SavedView.objects.filter(pk=found.pk).delete()
    return found
