"""What a film cannot be made of, and that it is fixed before the film is built."""

from fractions import Fraction
from typing import Any

import pytest

from jobs.lease import Lease, never
from jobs.registry import find
from jobs.run import Run
from jobs.services import queue
from jobs.services.claim import claim
from stories.enums import JobName
from stories.film.build import build_film
from stories.film.cut import FilmNotReady, cut_of
from stories.models import Scene, ScenePrompt, Story, Take
from stories.services import job_data
from tests.pictures import picture
from tests.stories.factories import make_scene, make_story, make_take

pytestmark = pytest.mark.django_db

REJECTED = "The take of scene 2 is rejected. Choose another, or override with a reason."
STALE = "Scene 2 has changed since its take was made. Redo it, or override with a reason."


@pytest.fixture
def story(owner: Any) -> Story:
    """Two scenes of one second with a picture and a clip each."""
    story = make_story(owner, status="previewing", title_card="Harbour", burn_captions=False)
    for colour in ("teal", "navy"):
        scene = make_scene(story, duration_seconds=1)
        make_take(scene, content=picture(colour, (320, 180)))
        make_take(scene, "clip")
    return story


def second(story: Story) -> Scene:
    return Scene.objects.select_related("prompt").get(story=story, position=2)


def without(story: Story, kind: str) -> None:
    Scene.objects.filter(pk=second(story).pk).update(**{f"{kind}_take": None})


def reject(story: Story, kind: str) -> None:
    Take.objects.filter(scene=second(story), kind=kind).update(review_status="rejected")


def change(story: Story, _kind: str) -> None:
    ScenePrompt.objects.filter(pk=second(story).prompt_id).update(text="a boat at night")


@pytest.mark.parametrize("reason", ["", "The client wants it so."])
@pytest.mark.parametrize(
    ("kind", "film_kind", "happens", "says"),
    [
        ("image", "preview", without, "Scene 2 has no take yet."),
        ("clip", "final", without, "Scene 2 has no take yet."),
        ("image", "preview", reject, REJECTED),
        ("clip", "final", reject, REJECTED),
        ("image", "preview", change, None),  # a preview may show a picture that is out of date
        ("clip", "final", change, STALE),
    ],
)
def test_what_a_film_cannot_be_made_of_is_named(
    story: Story, kind: str, film_kind: str, happens: Any, says: str | None, reason: str
) -> None:
    happens(story, kind)
    if says is None or (reason and happens is not without):
        assert len(cut_of(story, film_kind, override_reason=reason).segments) == 2
        return
    with pytest.raises(FilmNotReady) as refused:
        cut_of(story, film_kind, override_reason=reason)
    assert str(refused.value) == says


def test_a_story_without_scenes_has_no_film(owner: Any) -> None:
    with pytest.raises(FilmNotReady) as refused:
        cut_of(make_story(owner), "preview")
    assert str(refused.value) == "The story has no scenes."


@pytest.mark.moderate
def test_what_changes_after_the_cut_is_not_in_its_film(story: Story, owner: Any) -> None:
    cut = cut_of(story, "preview")
    assert cut.captions == [
        (3, Fraction(47, 12), "Line 1."),
        (4, Fraction(59, 12), "Line 2."),
    ]
    before = [segment.hash for segment in cut.segments]

    Scene.objects.filter(story=story, position=1).update(narration="Something else.")
    Story.objects.filter(pk=story.pk).update(title="Another title")
    make_take(second(story), content=picture("red", (320, 180)))
    assert cut_of(Story.objects.get(pk=story.pk), "preview").hash != cut.hash

    queue.enqueue(
        JobName.STORY_PREVIEW,
        data=job_data.data(story.pk, JobName.STORY_PREVIEW, {}),
        subject=str(story.pk),
        owner=owner,
    )
    job = claim(worker="one")
    assert job is not None
    lease = Lease(job, time_limit=find(job.name).time_limit, stopping=never)
    film = build_film(cut, run=Run(job, lease, watched=True), made_by=owner)
    assert film.manifest_hash == cut.hash
    assert [row["hash"] for row in film.manifest["segments"]] == before
    assert (film.manifest["title"], film.frames) == ("The lighthouse", 5 * 24)
    assert "Something else." not in film.srt
    assert film.srt.startswith("1\n00:00:03,000 --> 00:00:03,917\nLine 1.\n")
