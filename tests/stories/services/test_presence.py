"""Who has a story open: named to the others, and gone after a while."""

from datetime import timedelta

import pytest
from django.db import connection

from core import clock
from stories.models import Presence
from stories.services import presence
from tests.stories.factories import make_story

pytestmark = pytest.mark.django_db


def test_people_see_one_another(owner, manager):
    story = make_story(owner)
    assert presence.note(story, owner) == []
    assert presence.note(story, manager) == [owner]
    assert presence.note(story, owner) == [manager]
    assert presence.note(make_story(owner), owner) == []


def test_who_left_is_gone_after_a_while(owner, manager):
    story = make_story(owner)
    presence.note(story, owner)
    with clock.moved(presence.EXPIRES + timedelta(seconds=1)):
        assert presence.note(story, manager) == []
        assert presence.note(story, owner) == [manager]


def test_there_is_one_row_for_each_person(owner):
    story = make_story(owner)
    for _ in range(3):
        presence.note(story, owner)
    assert Presence.objects.count() == 1


@pytest.mark.parametrize("others", [1, 3])
def test_the_number_of_queries_is_constant(others, owner, make_person, django_assert_num_queries):
    story = make_story(owner)
    for number in range(others):
        presence.note(story, make_person(f"colleague{number}"))
    presence.note(story, owner)
    clock_asks = connection.vendor == "postgresql"
    with django_assert_num_queries(2 + clock_asks):
        assert len(presence.note(story, owner)) == others
