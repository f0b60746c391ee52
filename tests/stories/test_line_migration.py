"""The words of scenes become lines, and nothing else."""

from types import SimpleNamespace

import pytest
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from tests.stories.factories import make_story

THREE = ("stories", "0010_plain_names"), ("stories", "0013_remove_scene_lines")


def migrated(target):
    executor = MigrationExecutor(connection)
    executor.migrate([target])
    return executor.loader.project_state([target]).apps


def migrate_to_newest():
    executor = MigrationExecutor(connection)
    executor.migrate(executor.loader.graph.leaf_nodes())


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_words_of_scenes_become_lines_and_return(owner):
    story, facts = make_story(owner), SimpleNamespace()
    before = migrated(THREE[0])
    try:
        scenes, prompts = (
            before.get_model("stories", name).objects for name in ("Scene", "ScenePrompt")
        )
        prompt = prompts.create(text="a boat")
        spoken = [{"speaker": "", "text": "A  lamp."}, {"speaker": "MARA", "text": "Where?"}]
        rows = [
            ("A lamp.\nWhere?", spoken),
            ("Edited since.", spoken),
            ("  ", []),
            ("혼잣말이다.", []),
        ]
        keys = [
            scenes.create(
                story_id=story.pk, position=n, prompt=prompt, narration=narration, lines=lines
            ).pk
            for n, (narration, lines) in enumerate(rows, start=1)
        ]
        after = migrated(THREE[1])
        found = after.get_model("stories", "Line").objects
        facts.lines = {
            n: [
                (line.position, line.current.kind, line.current.speaker, line.current.text)
                for line in found.filter(scene=key).order_by("position")
            ]
            for n, key in enumerate(keys, start=1)
        }
        back = migrated(THREE[0]).get_model("stories", "Scene")
        facts.back = [back.objects.get(pk=key).lines for key in keys]
    finally:
        migrate_to_newest()
    assert facts.lines == {
        1: [(1, "narration", "", "A  lamp."), (2, "dialogue", "MARA", "Where?")],
        2: [(1, "narration", "", "Edited since.")],
        3: [],
        4: [(1, "narration", "", "혼잣말이다.")],
    }
    assert facts.back == [spoken, [], [], []]
