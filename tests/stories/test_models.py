import threading

import pytest
from django.db import connection, transaction
from django_fsm import ConcurrentTransition

from stories.models import Story
from tests.stories.factories import make_story


def test_refresh_reads_the_status(owner):
    story = make_story(owner)
    Story.objects.filter(pk=story.pk).update(status="planned")
    story.refresh_from_db()
    assert story.status == "planned"
    story.generate_preview()
    story.save()
    assert Story.objects.get(pk=story.pk).status == "previewing"


def test_refresh_of_a_deleted_row_leaves_the_field_protected(owner):
    story = make_story(owner)
    Story.objects.filter(pk=story.pk).delete()
    with pytest.raises(Story.DoesNotExist):
        story.refresh_from_db()
    assert story.status == "draft"
    with pytest.raises(AttributeError):
        story.status = "planned"


def test_refresh_of_other_fields_keeps_the_status(owner):
    story = make_story(owner)
    Story.objects.filter(pk=story.pk).update(status="planned", title="Other")
    story.refresh_from_db(fields=["title"])
    assert (story.title, story.status) == ("Other", "draft")


def test_a_stale_object_cannot_write_the_status(owner):
    story = make_story(owner)
    stale = Story.objects.get(pk=story.pk)
    story.archive()
    story.save()
    stale.start_planning()
    with pytest.raises(ConcurrentTransition), transaction.atomic():
        stale.save()
    assert Story.objects.get(pk=story.pk).status == "archived"


@pytest.mark.django_db(transaction=True)
@pytest.mark.moderate
def test_refresh_from_many_threads(make_person):
    story, errors = make_story(make_person("owner")), []

    def refresh():
        mine = Story.objects.get(pk=story.pk)
        try:
            for _ in range(50):
                mine.refresh_from_db()
        except Exception as error:  # noqa: BLE001  whatever it is, the test shows it
            errors.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=refresh) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
