"""Views that a person keeps: what of an address is kept, whose they are, and how many."""

import pytest

from stories.enums import ViewPage
from stories.errors import Invalid
from stories.models import SavedView
from stories.services import saved_views

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("page", "query", "kept"),
    [
        ("board", "?state=review&view=list&from=25&x=1&q=", "state=review&view=list"),
        ("board", "q=a+b%26c", "q=a+b%26c"),
        ("stories", "status__exact=draft&p=3&due=late&all=", "status__exact=draft&due=late"),
        ("stories", "", ""),
    ],
)
def test_only_filters_are_kept(page, query, kept):
    assert saved_views.filters_of(page, query) == kept


def test_a_view_of_the_same_name_is_replaced(owner, manager):
    saved_views.save(actor=owner, page="board", name="Mine", query="state=review")
    saved_views.save(actor=owner, page="board", name=" Mine ", query="state=failed")
    saved_views.save(actor=owner, page="stories", name="Mine", query="due=late")
    saved_views.save(actor=manager, page="board", name="Mine", query="q=boat")
    of_owner = saved_views.views_of(owner, ViewPage.BOARD)
    assert list(of_owner.values_list("name", "query")) == [("Mine", "state=failed")]
    assert SavedView.objects.count() == 3


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"name": "\u200b"}, "Give the view a name"),
        ({"name": "n" * 61}, "Give the view a name"),
        ({"query": "from=9"}, "nothing to save"),
        ({"query": "&".join(f"a{n}=1" for n in range(200))}, "nothing to save"),
        ({"query": f"q={'x' * 600}"}, "too long"),
        ({"page": "costs"}, "no views"),
    ],
)
def test_what_cannot_be_kept_is_refused_in_words(values, words, owner):
    with pytest.raises(Invalid, match=words):
        saved_views.save(
            **{"actor": owner, "page": "board", "name": "A", "query": "state=review", **values}
        )
    assert SavedView.objects.count() == 0


def test_there_is_an_end_to_the_views_of_one_person(owner):
    for number in range(saved_views.MOST):
        saved_views.save(actor=owner, page="board", name=f"v{number}", query="state=review")
    with pytest.raises(Invalid, match="30 views"):
        saved_views.save(actor=owner, page="board", name="one more", query="state=review")
    saved_views.save(actor=owner, page="board", name="v3", query="state=failed")


def test_only_the_person_removes_a_view(owner, manager):
    view = saved_views.save(actor=owner, page="board", name="Mine", query="state=review")
    with pytest.raises(SavedView.DoesNotExist):
        saved_views.remove(view.pk, actor=manager)
    saved_views.remove(view.pk, actor=owner)
    assert SavedView.objects.count() == 0
