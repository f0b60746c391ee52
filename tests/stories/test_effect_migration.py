"""The one effect of a scene becomes an effect of its own, with its takes."""

import pytest
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from stories.models import Effect, SoundTake
from tests.stories.factories import make_scene, make_story

BEFORE = "stories", "0037_cast_of_job_inputs"


def migrate_to_newest():
    executor = MigrationExecutor(connection)
    executor.migrate(executor.loader.graph.leaf_nodes())


@pytest.mark.django_db(transaction=True)
@pytest.mark.moderate
def test_effects_of_scenes_keep_their_takes_and_the_ids_that_jobs_and_calls_name(owner):
    story = make_story(owner)
    described, taken, plain = (make_scene(story, narration="") for _time in range(3))
    executor = MigrationExecutor(connection)
    executor.migrate([BEFORE])
    apps = executor.loader.project_state([BEFORE]).apps
    try:
        takes = [
            apps.get_model("stories", "SoundTake").objects.create(
                story_id=story.pk,
                scene_id=scene.pk,
                kind="sound",
                file=f"{number}.flac",
                sha256="0" * 64,
                mime="audio/flac",
                samples=48_000,
            )
            for number, scene in enumerate((described, described, taken))
        ]
        sounds = apps.get_model("stories", "SceneSound").objects
        sounds.create(
            scene_id=described.pk,
            effect_prompt="rain",
            effect_seconds=2.0,
            effect_from=1.0,
            effect_db=-3.0,
            effect_id=takes[1].pk,
        )
        sounds.create(scene_id=plain.pk, clip_sound=True)
    finally:
        migrate_to_newest()
    fields = ("pk", "scene", "story", "prompt", "seconds", "begins", "level_db", "take")
    assert set(Effect.live.values_list(*fields)) == {
        (described.pk, described.pk, story.pk, "rain", 2.0, 1.0, -3.0, takes[1].pk),
        (taken.pk, taken.pk, story.pk, "", 3.0, 0.0, 0.0, None),
    }
    assert dict(SoundTake.objects.values_list("pk", "effect")) == {
        takes[0].pk: described.pk,
        takes[1].pk: described.pk,
        takes[2].pk: taken.pk,
    }
