"""Open jobs of earlier versions name the cast as this version does."""

from importlib import import_module

import pytest
from django.apps import apps

from jobs.models import Job

CAST = [{"role": "character", "name": "Haru"}]


@pytest.mark.parametrize(
    ("status", "before", "after"),
    [
        ("queued", {"worn": CAST, "seed": 7}, {"cast": CAST, "seed": 7}),
        ("unclear", {"worn": CAST}, {"cast": CAST}),
        ("waiting", {"seed": 7}, {"seed": 7}),
        ("succeeded", {"worn": CAST}, {"worn": CAST}),
    ],
)
def test_cast_of_open_jobs(db, status, before, after):
    data = {"story_id": "s", "action": "generate_image", "parameters": before}
    job = Job.objects.create(
        id="story_1", name="scene_preview", subject="s", status=status, data=data
    )
    import_module("stories.migrations.0037_cast_of_job_inputs").rename(apps, None)
    job.refresh_from_db()
    assert job.data == {**data, "parameters": after}
