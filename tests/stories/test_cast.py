"""The cast: proposed by planning, changed by people, shown in scenes, part of what takes are
made from.
"""

import pytest

from jobs.runner import run_due
from operations.sample_scripts import sample
from stories.errors import Conflict, Forbidden, GuardRefused, Invalid
from stories.models import CastMember, Look, Scene, SceneCast, Story
from stories.services import cast, line_edits, planning, scene_splits, scenes, sound
from stories.services.cast import Appearance
from stories.services.fingerprints import image_request, is_stale
from stories.services.lines import Spoken
from stories.services.plan import load_scenes, plan_generation
from stories.services.scene_cast import references_in
from stories.services.transitions import apply_transition
from stories.web.board_rows import scene_rows
from tests.stories.factories import first_look, make_scene, make_story, make_take

pytestmark = pytest.mark.django_db

SCREENPLAY = """INT. KITCHEN - NIGHT

Mara stirs the soup.

MARA
Who is there?

JONAS
Only me.

EXT. HARBOUR - DAY

Mara walks to the boat.
"""


@pytest.fixture
def story(owner):
    return make_story(owner, status="planned", duration_seconds=14)


def member_of(story, owner, name="Haru", **values):
    return cast.create_member(story.pk, actor=owner, name=name, **values)


def show(scene, owner, *members, **values):
    appearances = [Appearance(first_look(member).pk, **values) for member in members]
    return cast.set_scene_cast(scene.pk, actor=owner, appearances=appearances)


def planned(owner, script, seconds=14, language="en"):
    story = make_story(owner, script=script, duration_seconds=seconds, language=language)
    apply_transition(story.pk, "start_planning", actor=owner)
    run_due()
    return Story.objects.get(pk=story.pk)


def shown_names(story):
    return [[one.name for one in references_in(scene)] for scene in load_scenes(story)]


# Planning


def test_planning_proposes_those_who_speak_and_where(owner):
    story = planned(owner, SCREENPLAY)
    found = {(m.kind, m.name): m for m in CastMember.live.filter(story=story)}
    assert set(found) == {
        ("character", "MARA"),
        ("character", "JONAS"),
        ("place", "Kitchen"),
        ("place", "Harbour"),
    }
    assert all(member.proposed and member.looks.count() == 1 for member in found.values())
    assert shown_names(story) == [["MARA", "JONAS", "Kitchen"], ["MARA", "Harbour"]]


def test_planning_finds_a_named_heroine_in_korean(owner):
    script = "소녀 하루는 편지를 안았습니다. 하루는 기차를 탔습니다. 할머니가 빵을 줍니다."
    story = planned(owner, script, seconds=21, language="ko")
    haru = CastMember.live.get(story=story, name="하루")
    assert haru.aliases == ["소녀"]
    assert "외투" in haru.description
    assert "coat" in haru.description_en
    assert shown_names(story) == [["하루"], ["하루"], ["할머니"]]


@pytest.mark.parametrize(("language", "name"), [("ko", "하루"), ("en", "Ada")])
@pytest.mark.moderate
def test_the_heroine_of_the_sample_wears_one_coat_in_all_nine_scenes(owner, language, name):
    story = planned(owner, sample(language).text, seconds=63, language=language)
    heroine = CastMember.live.get(story=story, name=name)
    made = load_scenes(story)
    assert [name in shown for shown in shown_names(story)] == 9 * [True]
    coats = {
        one.description_en
        for scene in made
        for one in image_request(story, scene.prompt, references=references_in(scene)).cast
        if one.name == heroine.name
    }
    assert coats == {heroine.description_en}
    assert "coat" in heroine.description_en
    for scene in made:
        make_take(scene)
    cast.edit_member(heroine.pk, actor=owner, description_en="a girl in a green coat")
    assert stale(story) == list(range(1, 10))
    for scene in load_scenes(story):
        make_take(scene)
    old = CastMember.live.get(story=story, name__in=["할아버지", "Grandfather"])
    cast.edit_member(old.pk, actor=owner, description_en="an old man in a grey coat")
    assert stale(story) == [9]


def test_planning_again_overwrites_nothing_that_a_person_made(owner):
    story = planned(owner, SCREENPLAY)
    mara = CastMember.live.get(story=story, name="MARA")
    cast.edit_member(mara.pk, actor=owner, name="Mara Lind", description="a tall woman")
    jonas = CastMember.live.get(story=story, name="JONAS")
    cast.delete_member(jonas.pk, actor=owner)
    planning.write_scenes(
        story,
        [
            {"title": "A", "narration": "Mara stirs.", "prompt": "p", "camera": "still"},
            {"title": "B", "narration": "Jonas waits.", "prompt": "p", "camera": "still"},
        ],
        replace=True,
        cast=[{"kind": "prop", "name": "Mara", "description": "another"}, {"name": "Jonas"}],
    )
    mara.refresh_from_db()
    assert (mara.kind, mara.name, mara.description) == ("character", "Mara Lind", "a tall woman")
    assert mara.aliases == ["MARA"]
    assert not mara.proposed
    # A deleted member is not proposed again, and a renamed one is found by its earlier name.
    assert CastMember.live.filter(story=story).count() == 3
    assert shown_names(story) == [["Mara Lind"], []]


@pytest.mark.parametrize(
    "answer",
    [
        None,
        "x",
        [None, 3, {}, {"name": " "}, {"name": 7}],
        [{"name": "Haru", "scenes": [0, 9, "1", None, 1.0], "kind": "ghost", "aliases": 3}],
    ],
)
def test_a_planner_may_say_anything_of_the_cast(owner, story, answer):
    planning.write_scenes(
        story,
        [{"title": "A", "narration": "Nobody.", "prompt": "p", "camera": "still"}],
        replace=False,
        cast=answer,
    )
    assert shown_names(story) in ([[]], [["Haru"]])


def test_a_name_is_found_with_its_particle_and_not_inside_another_word(owner, story):
    member_of(story, owner, "하루")
    member_of(story, owner, "Ann")
    parts = ["하루가 간다", "하루종일 걷는다", "Ann's hat", "Annual report"]
    planning.write_scenes(
        story,
        [{"title": "", "narration": text, "prompt": "p", "camera": "still"} for text in parts],
        replace=False,
    )
    assert shown_names(story) == [["하루"], [], ["Ann"], []]


# Changes by people


def test_names_are_unique_whatever_their_form(owner, story):
    member_of(story, owner, "한글")
    for name in ("한글", " 한글 ", "한글"):
        with pytest.raises(Invalid) as error:
            member_of(story, owner, name)
        assert error.value.field == "name"
    with pytest.raises(Invalid):
        member_of(story, owner, " \u200b ")


def test_only_the_owner_changes_the_cast(owner, stranger, story):
    haru = member_of(story, owner)
    look = first_look(haru)
    scene = make_scene(story)
    for change in (
        lambda: member_of(story, stranger, "X"),
        lambda: cast.edit_member(haru.pk, actor=stranger, name="X"),
        lambda: cast.delete_member(haru.pk, actor=stranger),
        lambda: cast.restore_member(haru.pk, actor=stranger),
        lambda: cast.add_look(haru.pk, actor=stranger, name="X"),
        lambda: cast.edit_look(look.pk, actor=stranger, name="X"),
        lambda: cast.delete_look(look.pk, actor=stranger),
        lambda: show(scene, stranger, haru),
    ):
        with pytest.raises(Forbidden):
            change()
    assert not SceneCast.objects.exists()


def test_a_look_that_is_shown_cannot_be_removed(owner, story):
    haru = member_of(story, owner)
    with pytest.raises(GuardRefused):
        cast.delete_look(first_look(haru).pk, actor=owner)
    coat = cast.add_look(haru.pk, actor=owner, name="Winter", description="in a red coat")
    scene = make_scene(story)
    cast.set_scene_cast(scene.pk, actor=owner, appearances=[Appearance(coat.pk)])
    with pytest.raises(GuardRefused) as error:
        cast.delete_look(coat.pk, actor=owner)
    assert "1" in str(error.value)
    show(scene, owner, haru)
    cast.delete_look(coat.pk, actor=owner)
    assert list(Look.live.filter(member=haru)) == [first_look(haru)]


def test_a_scene_shows_looks_of_its_own_story_only(owner, story):
    scene = make_scene(story)
    stranger = member_of(make_story(owner, status="planned"), owner)
    haru = member_of(story, owner)
    second = cast.add_look(haru.pk, actor=owner, name="Old")
    for appearances, field in (
        ([Appearance(first_look(stranger).pk)], "0/look_id"),
        ([Appearance(first_look(haru).pk), Appearance(second.pk)], "1/look_id"),
    ):
        with pytest.raises(Invalid) as error:
            cast.set_scene_cast(scene.pk, actor=owner, appearances=appearances)
        assert error.value.field == field
    assert not SceneCast.objects.exists()


def test_a_deleted_member_comes_back_with_its_scenes(owner, story):
    haru, scene = member_of(story, owner), make_scene(story)
    show(scene, owner, haru)
    cast.delete_member(haru.pk, actor=owner)
    assert shown_names(story) == [[]]
    with pytest.raises(Conflict):
        cast.edit_member(haru.pk, actor=owner, name="X")
    show(scene, owner)  # saving the scene's cast meanwhile does not forget her
    cast.restore_member(haru.pk, actor=owner)
    assert shown_names(story) == [["Haru"]]


def test_copies_and_halves_of_a_scene_show_the_same(owner, story):
    haru = member_of(story, owner)
    scene = make_scene(story, narration="One two. Three four.")
    show(scene, owner, haru)
    scenes.duplicate(scene.pk, actor=owner)
    scene_splits.split(scene.pk, actor=owner, at=8)
    assert shown_names(story) == [["Haru"], ["Haru"], ["Haru"]]


# What takes are made from


def stale(story):
    return [
        scene.position for scene in load_scenes(story) if is_stale(story, scene, scene.image_take)
    ]


def test_a_description_makes_stale_exactly_the_scenes_that_show_it(owner, story):
    haru, jonas = member_of(story, owner), member_of(story, owner, "Jonas")
    coat = cast.add_look(haru.pk, actor=owner, name="Winter", description="in a red coat")
    first, second, third = (make_scene(story) for _ in range(3))
    show(first, owner, haru)
    cast.set_scene_cast(second.pk, actor=owner, appearances=[Appearance(coat.pk)])
    show(third, owner, jonas)
    for scene in load_scenes(story):
        make_take(scene)
    assert stale(story) == []
    cast.edit_look(coat.pk, actor=owner, description="in a blue coat")
    assert stale(story) == [2]
    cast.edit_look(coat.pk, actor=owner, description="in a red coat")
    assert stale(story) == []
    cast.edit_member(haru.pk, actor=owner, description_en="a girl")
    assert stale(story) == [1, 2]
    plan = plan_generation(story, "image", mode="stale")
    assert [item.position for item in plan.items if item.will] == [1, 2]


def test_a_name_makes_nothing_stale(owner, story):
    haru, scene = member_of(story, owner, description="a girl"), make_scene(story)
    show(scene, owner, haru)
    make_take(Scene.objects.get(pk=scene.pk))
    cast.edit_member(haru.pk, actor=owner, name="Mina")
    assert stale(story) == []


def test_without_a_cast_nothing_of_it_is_in_the_request(owner, story):
    scene = make_scene(story)
    from providers.requests import to_json

    assert "cast" not in to_json(
        image_request(story, scene.prompt, references=references_in(scene))
    )


def test_the_board_reads_the_same_cast_as_the_plan(owner, story):
    haru = member_of(story, owner, description="a girl", description_en="girl")
    harbour = member_of(story, owner, "Harbour", kind="place")
    scene = make_scene(story)
    make_scene(story)
    show(scene, owner, harbour, haru)
    rows = [list(row.references) for row in scene_rows(story)]
    assert rows == [references_in(one) for one in load_scenes(story)]
    assert [one.name for one in rows[0]] == ["Haru", "Harbour"]


def test_the_queries_of_a_plan_do_not_grow_with_the_cast(owner, story, django_assert_num_queries):
    def grown(count):
        for _ in range(count):
            scene = make_scene(story)
            show(scene, owner, member_of(story, owner, f"M{scene.position}"))

    grown(1)
    with django_assert_num_queries(7):
        plan_generation(story, "image")
    grown(3)
    with django_assert_num_queries(7):
        plan_generation(story, "image")


# Speakers


def test_a_renamed_member_keeps_its_voice_for_old_and_new_lines(owner, story):
    mara = member_of(story, owner, "MARA")
    scene = make_scene(story)
    spoken = [Spoken("Who is there?", "MARA"), Spoken("Only me.", "Jonas")]
    line_edits.set_lines(scene.pk, actor=owner, lines=spoken)
    voice = sound.set_voice(story.pk, actor=owner, speaker="MARA", voice="bella")
    cast.edit_member(mara.pk, actor=owner, name="Mara Lind")
    voices = sound.cast_of(story)
    assert voices.voice_of("MARA") == voice
    assert voices.voice_of("Mara Lind") == voice
    assert voices.voice_of("Jonas").voice == ""
    newer = sound.set_voice(story.pk, actor=owner, speaker="Mara Lind", voice="george")
    assert sound.cast_of(story).voice_of("Mara Lind") == newer
    assert sound.cast_of(story).voice_of("MARA") == voice
