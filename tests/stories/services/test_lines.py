"""The lines of a scene: whatever is edited, the words of the lines are those of the narration."""

import random

import pytest

from stories.errors import FieldConflict, Forbidden, Invalid
from stories.models import Line, LineText, Scene
from stories.services import line_edits, lines, scene_splits, scenes
from stories.services.lines import Spoken, mapped
from tests.stories.factories import make_scene, make_story

pytestmark = pytest.mark.django_db

PLAY = [
    Spoken("The keeper counts the lamps."),
    Spoken("It was here at dusk.", "MARA", "whispers"),
    Spoken("She runs into the rain."),
]


def play(owner, **values):
    scene = make_scene(make_story(owner), narration="", duration_seconds=12, **values)
    return line_edits.set_lines(scene.pk, actor=owner, lines=PLAY)


def lines_of(scene):
    return [
        (line.position, line.current.kind, line.current.speaker, line.current.text)
        for line in lines.of(scene)
    ]


def words(scene):
    scene.refresh_from_db()
    assert (
        " ".join(line.current.text for line in lines.of(scene)).split() == scene.narration.split()
    )
    assert [line.position for line in lines.of(scene)] == list(range(1, len(lines.of(scene)) + 1))
    return scene.narration


THREE = ["The keeper counts the lamps.", "It was here at dusk.", "She runs into the rain."]


@pytest.mark.parametrize(
    ("narration", "parts"),
    [
        (" ".join(THREE), THREE),
        (
            "The keeper counts the lamps.\n\nIt was here at dusk. She  runs.",
            ["The keeper counts the lamps.", "It was here at dusk.", "She  runs."],
        ),
        (
            "The old keeper counts. It was here at dusk. She runs into the rain.",
            ["The old keeper counts.", *THREE[1:]],
        ),
        ("The keeper counts the lamps. She runs into the rain.", [THREE[0], "", THREE[2]]),
        (
            "The keeper counts the lamps. It was here at noon. She runs into the rain.",
            [THREE[0], "It was here at noon.", THREE[2]],
        ),
        (
            "Night. " + " ".join(THREE) + " The end.",
            ["Night. " + THREE[0], THREE[1], THREE[2] + " The end."],
        ),
        ("", ["", "", ""]),
        ("Wholly other words stand here now instead.", None),
    ],
)
def test_an_edited_narration_is_shared_out(narration, parts):
    found = mapped(THREE, narration)
    assert " ".join(found).split() == narration.split()
    if parts is not None:
        assert found == parts


def test_no_word_is_lost_or_invented_by_random_edits():
    rng = random.Random(14)
    vocabulary = [
        "바다",
        "배",
        "등대",
        "a",
        "b",
        "c",
        "the",
        "온다",
        "간다",
        ".",
        "—",
        "😀",
        "long-word",
    ]
    for _ in range(300):
        old = [
            " ".join(rng.choices(vocabulary, k=rng.randint(0, 6))) for _ in range(rng.randint(0, 5))
        ]
        new = "\n ".join(rng.choices(vocabulary, k=rng.randint(0, 20)))
        found = mapped(old, new)
        assert len(found) == len(old)
        assert not old or " ".join(found).split() == new.split()


def test_a_text_of_fifty_thousand_characters_is_compared_in_bounded_memory():
    old, new = " ".join(f"a{n}" for n in range(9000)), " ".join(f"b{n}" for n in range(9000))
    assert mapped([old, old], new) == [" ".join(new.split()[:4500]), " ".join(new.split()[4500:])]


def test_a_planned_scene_without_speakers_is_one_line_of_narration(owner):
    scene = make_scene(make_story(owner), narration="하나. 둘.")
    assert lines_of(scene) == [(1, "narration", "", "하나. 둘.")]


def test_lines_make_the_narration(owner):
    scene = play(owner)
    assert words(scene) == "\n".join(THREE)
    assert lines_of(scene) == [
        (1, "narration", "", THREE[0]),
        (2, "dialogue", "MARA", THREE[1]),
        (3, "narration", "", THREE[2]),
    ]


def test_an_edit_keeps_the_line_and_its_text_before(owner):
    scene = play(owner)
    first, second, third = lines.of(scene)
    scenes.edit(
        scene.pk,
        actor=owner,
        narration="The keeper counts. It was here at dusk. She runs into the rain.",
    )
    now = lines.of(scene)
    assert [line.pk for line in now] == [first.pk, second.pk, third.pk]
    assert (now[0].current.text, now[0].current.previous_id) == (
        "The keeper counts.",
        first.current_id,
    )
    assert [line.current_id for line in now[1:]] == [second.current_id, third.current_id]
    assert LineText.objects.get(pk=first.current_id).text == THREE[0]
    assert words(scene)


def test_a_line_without_words_is_deleted_softly(owner):
    scene = play(owner)
    second = lines.of(scene)[1]
    scenes.edit(scene.pk, actor=owner, narration=f"{THREE[0]} {THREE[2]}")
    assert lines_of(scene) == [(1, "narration", "", THREE[0]), (2, "narration", "", THREE[2])]
    assert Line.objects.get(pk=second.pk).deleted_at is not None


def test_an_edit_that_somebody_else_was_before_writes_no_line(owner):
    scene = play(owner)
    with pytest.raises(FieldConflict):
        scenes.edit(scene.pk, actor=owner, narration="Mine.", seen={"narration": "another"})
    assert words(scene) == "\n".join(THREE)


@pytest.mark.parametrize("at", [5, 28, 29, 31, 40, 60])
def test_split_and_its_undo_carry_the_lines(owner, at):
    scene = play(owner)
    before, prompt = lines_of(scene), scene.prompt_id
    narration = scene.narration
    first, second = scene_splits.split(scene.pk, actor=owner, at=at)
    assert "".join((words(first) + words(second)).split()) == "".join(narration.split())
    speakers = {
        text: speaker for scene in (first, second) for _n, _kind, speaker, text in lines_of(scene)
    }
    assert all((speaker == "MARA") == (text in THREE[1]) for text, speaker in speakers.items())
    halves = (first.prompt_id, second.prompt_id)
    scene_splits.unsplit(
        first.pk,
        second.pk,
        actor=owner,
        prompt_id=prompt,
        second_half_ids=halves,
        narration=narration,
    )
    assert (lines_of(scene), words(scene)) == (before, narration)


def test_merge_and_its_undo_carry_the_lines(owner):
    scene = play(owner)
    other = make_scene(scene.story, narration="The sea is calm.")
    ids = [line.pk for line in [*lines.of(scene), *lines.of(other)]]
    scene_splits.merge_with_next(scene.pk, actor=owner)
    assert [line.pk for line in lines.of(scene)] == ids
    assert words(scene).split() == [*" ".join(THREE).split(), *["The", "sea", "is", "calm."]]
    assert words(other) == "The sea is calm."
    scene_splits.unmerge(scene.pk, other.pk, actor=owner)
    assert [line.pk for line in lines.of(scene)] == ids[:3]
    assert [line.pk for line in lines.of(other)] == ids[3:]
    assert (words(scene), words(other)) == ("\n".join(THREE), "The sea is calm.")


def test_a_copy_a_deletion_and_a_restoration_carry_the_lines(owner):
    scene = play(owner)
    copy = scenes.duplicate(scene.pk, actor=owner)
    assert lines_of(copy) == lines_of(scene)
    assert not {line.pk for line in lines.of(copy)} & {line.pk for line in lines.of(scene)}
    scenes.delete(scene.pk, actor=owner)
    scenes.restore(scene.pk, actor=owner)
    assert words(scene) == words(copy) == "\n".join(THREE)


def test_made_scenes_have_lines(owner):
    story = make_story(owner)
    one = scenes.create(story.pk, actor=owner, text="a boat", narration="배가 온다.")
    two, three = scenes.bulk_create(
        story.pk, actor=owner, scenes=[{"text": "x", "narration": "One."}, {"text": "y"}]
    )
    assert [lines_of(scene) for scene in (one, two, three)] == [
        [(1, "narration", "", "배가 온다.")],
        [(1, "narration", "", "One.")],
        [],
    ]
    scenes.edit(three.pk, actor=owner, narration="Two.")
    assert lines_of(three) == [(1, "narration", "", "Two.")]


@pytest.mark.parametrize(
    ("wanted", "field"),
    [
        ([Spoken("A."), Spoken(" \u200b ")], "1/text"),
        ([Spoken("A.", "M" * 101)], "0/speaker"),
        ([Spoken("A.", direction="d" * 201)], "0/direction"),
        ([Spoken("A.", kind="song")], "0/kind"),
        ([Spoken("A.")] * 201, "lines"),
        ([Spoken("A" * 30_000), Spoken("B" * 30_000)], "lines"),
    ],
)
def test_bad_lines_change_nothing(owner, wanted, field):
    scene = play(owner)
    with pytest.raises(Invalid) as error:
        line_edits.set_lines(scene.pk, actor=owner, lines=wanted)
    assert error.value.field == field
    assert words(scene) == "\n".join(THREE)


def test_lines_of_another_scene_and_of_another_person_are_refused(owner, colleague):
    scene, other = play(owner), play(owner)
    foreign = lines.of(other)[0]
    with pytest.raises(Invalid):
        line_edits.set_lines(scene.pk, actor=owner, lines=[Spoken("A.", id=foreign.pk)])
    with pytest.raises(Forbidden):
        line_edits.set_lines(scene.pk, actor=colleague, lines=PLAY)
    assert Scene.objects.get(pk=scene.pk).narration == "\n".join(THREE)


def test_lines_are_reordered_with_their_ids(owner):
    scene = play(owner)
    first, second, third = lines.of(scene)
    wanted = [
        Spoken(line.current.text, line.current.speaker, id=line.pk)
        for line in (third, first, second)
    ]
    line_edits.set_lines(scene.pk, actor=owner, lines=wanted)
    assert [line.pk for line in lines.of(scene)] == [third.pk, first.pk, second.pk]
    assert words(scene) == "\n".join([THREE[2], THREE[0], THREE[1]])
