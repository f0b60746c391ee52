"""Several jobs or takes in one request, the priority of a job, and pauses of the queue."""

from decimal import Decimal

from jobs.models import Job
from providers.models import AIProviderConfig
from stories.models import Take

UNKNOWN = "00000000-0000-4000-8000-999999999999"


def test_each_job_is_done_or_refused_by_itself(mine, world):
    sent = {"action": "cancel", "items": [{"id": world.job.pk}, {"id": world.failed_job.pk}]}
    done, refused = mine.ask("POST", "jobs/bulk/", sent).json()["items"]
    assert (done["job"]["status"], done["problem"]) == ("cancelled", None)
    assert (refused["job"], refused["problem"]["code"]) == (None, "job_state")
    assert refused["problem"]["status"] == 409


def test_retried_jobs_cost_what_was_confirmed_of_each(mine, world):
    AIProviderConfig.objects.filter(provider="local").update(cost_per_image=Decimal("0.25"))
    item = {"id": world.failed_job.pk}
    sent = {"action": "retry", "items": [item]}
    (refused,) = mine.ask("POST", "jobs/bulk/", sent).json()["items"]
    assert refused["problem"]["code"] == "plan_changed"
    assert Job.objects.get(pk=world.failed_job.pk).status == "failed"
    sent = {"action": "retry", "items": [{**item, "confirm_total": "0.2500"}]}
    (done,) = mine.ask("POST", "jobs/bulk/", sent).json()["items"]
    assert done["job"]["status"] == "queued"


def test_each_take_is_reviewed_or_refused_by_itself(mine, world):
    sent = {
        "items": [
            {"id": str(world.take.pk), "verdict": "approved"},
            {"id": str(world.other_take.pk), "verdict": "rejected"},
            {"id": UNKNOWN, "verdict": "approved"},
        ]
    }
    done, wordless, unknown = mine.ask("POST", "takes/bulk_review/", sent).json()["items"]
    assert done["take"]["verdict"] == "approved"
    assert (wordless["problem"]["status"], unknown["problem"]["status"]) == (422, 404)
    assert Take.objects.get(pk=world.other_take.pk).review_status == "unreviewed"


def test_too_many_at_once_are_refused_before_anything_is_done(mine, world):
    sent = {"action": "cancel", "items": [{"id": world.job.pk}] * 101}
    assert mine.ask("POST", "jobs/bulk/", sent).status_code == 422
    assert Job.objects.get(pk=world.job.pk).status == "queued"


def test_priority_of_a_job_is_changed_while_it_is_open(mine, world):
    address = f"jobs/{world.job.pk}/priority/"
    assert mine.ask("POST", address, {"priority": 1, "reason": "Due."}).json()["priority"] == 1
    assert mine.ask("POST", address, {"priority": 1001}).status_code == 422
    ended = mine.ask("POST", f"jobs/{world.failed_job.pk}/priority/", {"priority": 1})
    assert (ended.status_code, ended.json()["code"]) == (409, "job_state")


def test_queue_is_paused_once_and_resumed(mine, manager, viewer):
    mine.person = manager
    assert mine.ask("GET", "queue/").json()["paused"] is False
    paused = mine.ask("POST", "queue/pause/", {"reason": "Prices change."}).json()
    assert (paused["paused"], paused["paused_by"]) == (True, "manager")
    again = mine.ask("POST", "queue/pause/", {"reason": "Another."}).json()
    assert again == paused == mine.ask("GET", "queue/", person=viewer).json()
    assert mine.ask("POST", "queue/resume/", {}).json()["paused"] is False
