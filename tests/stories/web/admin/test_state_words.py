"""What a page says of a story's state is true now: the word of the status, and messages of work."""

import uuid

import pytest
from django.urls import reverse

from jobs.enums import JobStatus, WaitFor
from jobs.models import Job
from stories.enums import FilmKind, JobName, StoryStatus
from stories.models import Film
from stories.web.status_colors import story_words
from tests.stories.factories import make_scene, make_story, make_take

FLASH = "Planning has started."


def _head_badge(html):
    return html.split('id="vp-head"')[1].split("vp-meta")[1].split("</div>")[0]


@pytest.mark.parametrize(
    ("job", "has_film", "words"),
    [(True, False, "Previewing"), (False, True, "Preview ready"), (False, False, "not complete")],
)
@pytest.mark.moderate
def test_a_preview_that_is_made_is_not_previewing(as_, owner, job, has_film, words):
    story = make_story(owner, status=StoryStatus.PREVIEWING)
    make_take(make_scene(story))
    if has_film:
        Film.objects.create(
            story=story,
            kind=FilmKind.PREVIEW,
            number=1,
            file="films/none.mp4",
            manifest={},
            manifest_hash="0" * 64,
            width=320,
            height=180,
            fps=24,
            frames=24,
            size_bytes=10,
        )
    if job:
        Job.objects.create(
            pk=f"story_{uuid.uuid4().hex}", name=JobName.STORY_PREVIEW, subject=str(story.pk)
        )
    pages = (
        _head_badge(as_(owner).get(reverse("admin:stories_story_board", args=[story.pk])).text),
        as_(owner)
        .get(reverse("admin:stories_story_changelist"))
        .text.split("<tbody")[-1]
        .split("</tbody>")[0],
        as_(owner).get(reverse("admin:index")).text.split("vp-recent")[-1].split("</ol>")[0],
    )
    for html in pages:
        assert words in html
        assert ("Previewing" in html) == job


@pytest.mark.parametrize("status", [one for one in StoryStatus if one != StoryStatus.PREVIEWING])
def test_other_states_keep_their_word(status):
    assert story_words(status, None, has_preview=True) == status.label


@pytest.mark.parametrize(
    ("ends", "shown"),
    [
        ({}, True),
        ({"status": JobStatus.SUCCEEDED}, False),
        ({"status": JobStatus.WAITING, "wait_for": WaitFor.PERSON}, False),
    ],
)
def test_the_message_of_a_start_is_gone_with_what_was_started(as_, owner, ends, shown):
    story = make_story(owner)
    client = as_(owner)
    client.post(
        reverse("admin:stories_story_do", args=[story.pk, "start_planning"]),
        {"confirm_total": "0"},
    )
    if ends:
        Job.objects.filter(subject=str(story.pk)).update(**ends)
    html = client.get(reverse("admin:stories_story_board", args=[story.pk])).text
    assert (FLASH in html) == shown
    assert ("data-while-running" in html) == shown
    assert (" data-working" in html) == shown


def test_a_message_of_something_done_stays(as_, owner):
    story = make_story(owner, status=StoryStatus.FAILED)
    client = as_(owner)
    client.post(reverse("admin:stories_story_do", args=[story.pk, "retry"]))
    html = client.get(reverse("admin:stories_story_board", args=[story.pk])).text
    assert "The story is a draft again." in html
    assert "data-while-running" not in html
