"""The pages of one story: queries, what is said, and the part that looks again by itself."""

import re
import uuid

import pytest
from django.urls import reverse

from jobs.enums import JobStatus
from jobs.models import Job
from providers.models import AIProviderConfig
from stories.enums import JobName, StoryStatus, TakeKind
from stories.models import Film, Story, StorySound, StoryStateTransition
from stories.models.review import Comment
from tests.markup import flat
from tests.stories.factories import make_scene, make_story, make_take


def _page(name, story):
    return reverse(f"admin:stories_story_{name}", args=[story.pk])


def _job(story, *, scene=None, **values):
    name = JobName.SCENE_PREVIEW if scene else JobName.STORY_PREVIEW
    data = {"story_id": str(story.pk), "action": "generate_image", "parameters": {}}
    defaults = {
        "name": name,
        "subject": str(story.pk),
        "item": str(scene.pk) if scene else "",
        "data": data,
    }
    return Job.objects.create(pk=f"story_x_{uuid.uuid4().hex[:12]}", **{**defaults, **values})


def _film(story, **values):
    defaults = {
        "kind": "final",
        "number": 1,
        "file": "films/x.mp4",
        "vtt": "WEBVTT\n",
        "srt": "1\n",
        "width": 1280,
        "height": 720,
        "fps": 24,
        "frames": 336,
    }
    manifest = {
        "segments": [
            {"scene": "a", "position": 1, "title": "One", "frames": 168, "hash": "1"},
            {"scene": "b", "position": 2, "title": "Two", "frames": 168, "hash": "2"},
        ]
    }
    return Film.objects.create(
        story=story,
        size_bytes=1000,
        manifest=manifest,
        **{"manifest_hash": "0" * 64, **defaults, **values},
    )


@pytest.mark.django_db
def test_the_old_address_of_the_scenes_leads_to_the_workbench(owner, colleague, stranger, as_):
    story = make_story(owner)
    for person in (owner, colleague):
        response = as_(person).get(_page("change", story))
        assert (response.status_code, response["Location"]) == (302, _page("board", story))
    stranger.is_staff = True
    stranger.save()
    assert as_(stranger).get(_page("change", story)).status_code == 404


@pytest.mark.slow
@pytest.mark.django_db
@pytest.mark.parametrize("name", ["film", "jobs", "money", "history", "edit"])
def test_page_query_count_does_not_depend_on_scenes(owner, as_, queries_of, name):
    story = make_story(owner, status=StoryStatus.PREVIEWING)
    _job(story, status=JobStatus.RUNNING)
    _film(story)
    counts = []
    for scenes in (1, 3, 20):
        while story.all_scenes.count() < scenes:
            scene = make_scene(story)
            make_take(scene, review_status="approved")
            _job(story, scene=scene, status=JobStatus.RUNNING)
        counts.append(queries_of(as_(owner), _page(name, story)))
    assert counts[0] == counts[1] == counts[2]
    # The money is reckoned by the plans of both kinds, too; the film page has the sound's settings
    # and voices.
    assert counts[0] <= {"money": 31, "film": 34, "edit": 27}.get(name, 26)


@pytest.mark.django_db
def test_page_shows_scenes_states_and_what_can_be_done(owner, as_):
    story = make_story(owner, status=StoryStatus.PREVIEWING)
    make_take(make_scene(story, narration="A boat leaves."))
    make_scene(story, narration="The light turns.")
    html = as_(owner).get(_page("board", story)).content.decode()
    for message in (
        "A boat leaves.",
        "The light turns.",
        "Picture to review",
        "No picture yet",
        "1 of 2 scenes have no picture.",
        "Render the film",
    ):
        assert message in html
    assert reverse("admin:stories_story_do", args=[story.pk, "render_final"]) not in html, (
        "a change that cannot be made is no link"
    )


@pytest.mark.django_db
def test_page_shows_no_buttons_to_who_may_not_change(owner, viewer, colleague, as_):
    story = make_story(owner, status=StoryStatus.PREVIEWING)
    make_take(make_scene(story))
    for person in (viewer, colleague):
        assert "/do/" not in as_(person).get(_page("board", story)).content.decode()
    assert "/do/" in as_(owner).get(_page("board", story)).content.decode()


@pytest.mark.django_db
def test_film_page_shows_player_subtitles_marks_and_versions(owner, as_):
    story = make_story(owner, status=StoryStatus.COMPLETED)
    old = _film(story)
    new = _film(story, number=2, manifest_hash="1" * 64, segments_reused=1, segments_encoded=1)
    new.manifest["segments"][1]["hash"] = "3"
    new.save()
    html = as_(owner).get(_page("film", story)).content.decode()
    assert f'src="{reverse("stories:film_file", args=[new.pk])}"' in html
    assert f'src="{reverse("stories:film_subtitles", args=[new.pk, "vtt"])}"' in html
    assert re.findall(r'data-seek="([\d.]+)"', html) == ["0.0", "7.0"]
    assert "1 changed" in html
    assert f"?film={old.pk}" in html
    older = as_(owner).get(_page("film", story), {"film": str(old.pk)}).content.decode()
    assert f'src="{reverse("stories:film_file", args=[old.pk])}"' in older


@pytest.mark.django_db
def test_history_is_one_line_of_changes_takes_verdicts_and_films(owner, as_):
    story = make_story(owner)
    StoryStateTransition.objects.create(
        story=story,
        from_status="draft",
        to_status="planning",
        name="start_planning",
        actor=owner,
        reason="at last",
    )
    take = make_take(
        make_scene(story), review_status="rejected", review_reason="too dark", reviewed_by=owner
    )
    take.reviewed_at = take.created_at
    take.save()
    _film(story)
    Comment.objects.create(story=story, scene=take.scene, author=owner, text="more light")
    Comment.objects.create(story=story, at_ms=65_000, guest="the client", text="shorter here")
    html = flat(as_(owner).get(_page("history", story)))
    takes = (
        "Picture made for scene 1 by Local studio",
        "Scene 1 rejected",
        "too dark",
        "Comment on scene 1",
        "more light",
    )
    for message in ("Start planning: now “Planning”", "at last", *takes, "Final film 1 made"):
        assert message in html
    for message in ("Comment at 1:05 of the film", "the client · shorter here"):
        assert message in html


@pytest.mark.django_db
def test_page_polls_only_while_something_is_under_way(owner, as_):
    story = make_story(owner, status=StoryStatus.PREVIEWING)
    make_scene(story)
    assert 'hx-trigger="every' not in as_(owner).get(_page("film", story)).content.decode()
    _job(story, status=JobStatus.RUNNING)
    assert 'hx-trigger="every 2s"' in as_(owner).get(_page("film", story)).content.decode()


@pytest.mark.django_db
def test_live_answers_204_until_something_changes_and_286_at_the_end(owner, as_):
    story = make_story(owner, status=StoryStatus.PREVIEWING)
    scene = make_scene(story)
    job = _job(story, status=JobStatus.RUNNING, progress=10)
    client, url = as_(owner), reverse("admin:stories_story_live", args=[story.pk, "film"])
    first = client.get(url)
    assert first.status_code == 200
    follow = re.search(r'hx-get="([^"]+)"', first.content.decode()).group(1).replace("&amp;", "&")
    assert client.get(follow).status_code == 204
    Job.objects.filter(pk=job.pk).update(progress=50)
    moved = client.get(follow)
    assert (moved.status_code, 'aria-valuenow="50"' in moved.content.decode()) == (200, True)
    Job.objects.filter(pk=job.pk).update(status=JobStatus.SUCCEEDED)
    make_take(scene, TakeKind.IMAGE)
    film = _film(story, kind="preview")
    last = client.get(follow)
    assert last.status_code == 286
    assert "hx-get" not in last.content.decode()
    assert f"film-{film.pk}" in last.content.decode(), (
        "a film that is new to the page comes with its player"
    )


@pytest.mark.django_db
@pytest.mark.moderate
def test_live_query_count_does_not_depend_on_scenes(owner, as_, queries_of):
    story = make_story(owner, status=StoryStatus.PREVIEWING)
    _job(story, status=JobStatus.RUNNING)
    counts = []
    for scenes in (1, 3, 20):
        while story.all_scenes.count() < scenes:
            make_take(make_scene(story))
        counts.append(
            queries_of(as_(owner), reverse("admin:stories_story_live", args=[story.pk, "film"]))
        )
    assert counts[0] == counts[1] == counts[2]
    assert counts[0] <= 20


@pytest.mark.django_db
def test_new_story_in_one_short_form(owner, as_):
    client = as_(owner)
    form = {
        "title": "The sea",
        "script": "A boat. A light.",
        "duration_seconds": "21",
        "aspect_ratio": "9:16",
        "language": "en",
        "style": "ink",
    }
    response = client.post(reverse("admin:stories_story_add"), form)
    story = Story.objects.get()
    assert (response.status_code, response["Location"]) == (302, _page("board", story))
    assert (
        story.owner,
        story.title,
        story.script,
        story.duration_seconds,
        story.aspect_ratio,
        story.language,
        story.style,
        story.status,
    ) == (*(owner, "The sea", "A boat. A light.", 21, "9:16", "en", "ink", StoryStatus.DRAFT),)


@pytest.mark.django_db
def test_new_story_has_sound_unless_it_is_unticked(owner, as_):
    client, address = as_(owner), reverse("admin:stories_story_add")
    assert client.get(address).context["adminform"].form["sound"].value() is True
    form = {"title": "The sea", "duration_seconds": "21", "aspect_ratio": "16:9", "language": "ko"}
    client.post(address, form)
    client.post(address, form | {"sound": "on"})
    silent, heard = Story.objects.order_by("created_at")
    assert not StorySound.objects.filter(story=silent).exists()
    assert StorySound.objects.get(story=heard).enabled
    AIProviderConfig.objects.filter(provider="local").update(is_active=False)
    assert client.get(address).context["adminform"].form["sound"].value() is False


@pytest.mark.django_db
def test_new_story_says_what_is_wrong(owner, as_):
    response = as_(owner).post(
        reverse("admin:stories_story_add"),
        {"title": "", "duration_seconds": "1", "aspect_ratio": "16:9", "language": "en"},
    )
    assert response.status_code == 200
    assert set(response.context["adminform"].form.errors) == {"title", "duration_seconds"}
    assert not Story.objects.exists()


@pytest.mark.django_db
def test_estimate_while_typing(owner, as_):
    url = reverse("admin:stories_story_estimate")
    html = as_(owner).get(url, {"duration_seconds": "60"}).content.decode()
    assert "8 scenes" in html
    assert "$0.10" in html
    assert "Enter a length" in as_(owner).get(url, {"duration_seconds": "many"}).content.decode()


FORM = {
    "title": "Changed",
    "script": "New.",
    "language": "ko",
    "style": "",
    "duration_seconds": "30",
    "aspect_ratio": "1:1",
    "resolution": "720p",
    "planner_provider": "local",
    "image_provider": "local",
    "clip_provider": "local",
    "budget": "4.50",
}


@pytest.mark.django_db
def test_edit_by_the_owner(owner, as_):
    story = make_story(owner)
    response = as_(owner).post(_page("edit", story), FORM)
    assert (response.status_code, response["Location"]) == (302, _page("board", story))
    story.refresh_from_db()
    assert (
        story.title,
        story.script,
        story.language,
        story.aspect_ratio,
        str(story.budget),
        story.status,
    ) == ("Changed", "New.", "ko", "1:1", "4.50", "draft")


@pytest.mark.django_db
@pytest.mark.parametrize("page", ["edit", "change"])
def test_edit_by_others_is_refused(owner, colleague, viewer, as_, page):
    story = make_story(owner)
    for person in (colleague, viewer):
        assert as_(person).post(_page(page, story), FORM).status_code == 403
    story.refresh_from_db()
    assert story.title == "The lighthouse"


@pytest.mark.django_db
@pytest.mark.parametrize(
    "status", [StoryStatus.PLANNING, StoryStatus.RENDERING, StoryStatus.ARCHIVED]
)
def test_edit_while_closed_changes_only_the_budget(owner, as_, status):
    story = make_story(owner, status=status)
    as_(owner).post(_page("edit", story), FORM)
    story.refresh_from_db()
    assert (story.title, story.script, str(story.budget), story.status) == (
        "The lighthouse",
        "A boat leaves the harbour. The lighthouse waits.",
        "4.50",
        status,
    )


@pytest.mark.django_db
def test_status_is_no_field_of_the_form(owner, as_):
    story = make_story(owner)
    as_(owner).post(_page("edit", story), {**FORM, "status": "completed"})
    story.refresh_from_db()
    assert story.status == StoryStatus.DRAFT


@pytest.mark.django_db
def test_stories_are_never_deleted_here(owner, manager, as_):
    story = make_story(owner)
    for person in (owner, manager):
        assert (
            as_(person)
            .post(reverse("admin:stories_story_delete", args=[story.pk]), {"post": "yes"})
            .status_code
            == 403
        )
    assert Story.objects.filter(pk=story.pk).exists()
