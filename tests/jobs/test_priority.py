"""A person changes what is taken first: the claim's order follows, and so do the parts of a job."""

import pytest

from jobs.enums import JobStatus
from jobs.errors import BadPriority, NoSuchJob, NotPossible
from jobs.models import Job, JobLog
from jobs.services import priority
from jobs.services.claim import claim
from tests.two_writers import in_turn


def _priorities():
    return dict(Job.objects.order_by("created_at").values_list("item", "priority"))


@pytest.fixture
def family(make_job):
    """A story's job with a part, a part of that part, and a part that has ended."""
    whole = make_job(item="whole", priority=4)
    part = make_job(item="part", parent=whole)
    make_job(item="small", parent=part)
    ended = make_job(item="ended", parent=whole)
    Job.objects.filter(pk=ended.pk).update(status=JobStatus.SUCCEEDED)
    return whole


def test_a_part_comes_right_after_its_parent(family):
    assert _priorities() == {"whole": 4, "part": 5, "small": 6, "ended": 5}


def test_the_claim_follows_a_changed_priority(make_job):
    first, second, third = (
        make_job(item=item, priority=5) for item in ("first", "second", "third")
    )
    priority.set_priority(third.pk, priority=1)
    priority.set_priority(first.pk, priority=9)
    assert [claim(worker="w").pk for _ in range(3)] == [third.pk, second.pk, first.pk]


def test_open_parts_follow_and_each_says_who_changed_it(family, owner):
    changed = priority.set_priority(family.pk, priority=2, actor=owner, reason="Client waits.")
    assert (changed.pk, changed.priority) == (family.pk, 2)
    assert _priorities() == {"whole": 2, "part": 3, "small": 4, "ended": 5}
    messages = dict(JobLog.objects.values_list("job__item", "message_data"))
    assert set(messages) == {"whole", "part", "small"}
    assert messages["part"]["values"] == {
        "before": 5,
        "after": 3,
        "who": "owner",
        "reason": "Client waits.",
    }
    assert str(family.log.get()) == "owner changed the priority from 4 to 2. Client waits."


def test_the_same_priority_again_changes_and_says_nothing(family):
    before = list(Job.objects.order_by("pk").values_list("pk", "updated_at"))
    assert priority.set_priority(family.pk, priority=4).priority == 4
    assert list(Job.objects.order_by("pk").values_list("pk", "updated_at")) == before
    assert not JobLog.objects.exists()


def test_a_part_made_at_the_same_moment_follows_after_the_commit(
    family, make_job, django_capture_on_commit_callbacks
):
    with django_capture_on_commit_callbacks(execute=True):
        priority.set_priority(family.pk, priority=1)
        make_job(item="late", parent=family)  # its maker still knows the priority of before
        assert _priorities()["late"] == 5
    assert _priorities()["late"] == 2


def test_a_maker_of_parts_lets_them_follow(family, make_job):
    Job.objects.filter(pk=family.pk).update(priority=7)
    make_job(item="late", parent=family)
    priority.follow(family.pk)
    assert _priorities() == {"whole": 7, "part": 8, "small": 9, "ended": 5, "late": 8}


@pytest.mark.parametrize("status", [JobStatus.SUCCEEDED, JobStatus.FAILED, JobStatus.CANCELLED])
def test_an_ended_job_keeps_its_priority(family, status):
    Job.objects.filter(pk=family.pk).update(status=status)
    with pytest.raises(NotPossible):
        priority.set_priority(family.pk, priority=1)
    assert _priorities() == {"whole": 4, "part": 5, "small": 6, "ended": 5}


def test_numbers_that_are_no_priority_and_a_job_that_is_not_there(family):
    for number in (0, -1, 1001):
        with pytest.raises(BadPriority):
            priority.set_priority(family.pk, priority=number)
    with pytest.raises(NoSuchJob):
        priority.set_priority("story_0_0", priority=1)
    assert _priorities()["whole"] == 4


@pytest.mark.row_locks
@pytest.mark.django_db(transaction=True)
def test_part_that_ends_while_the_priority_changes_keeps_its_own(make_job):
    whole = make_job(item="whole", priority=4)
    part = make_job(item="part", parent=whole)
    end = {"status": JobStatus.SUCCEEDED}
    assert (
        in_turn(
            lambda: Job.objects.filter(pk=part.pk).update(**end),
            lambda: priority.set_priority(whole.pk, priority=1),
        )
        == []
    )
    assert dict(Job.objects.values_list("item", "priority")) == {"whole": 1, "part": 5}
    assert list(JobLog.objects.values_list("job__item", flat=True)) == ["whole"]
