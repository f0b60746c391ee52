"""The client's verdict on one version, links to a version with a password, and what follows."""

import uuid
from datetime import timedelta
from decimal import Decimal

import pytest
from django.core.cache import cache
from django.core.files.base import ContentFile
from django.core.files.storage import storages
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import LogInAttempt
from jobs.models import Job
from stories.enums import ClientVerdict, FilmKind, StoryStatus, TakeKind
from stories.errors import Conflict, Forbidden, GuardRefused, Invalid
from stories.film.build import add_film
from stories.models import Comment, Film, FilmVerdict, ReviewLink, ReviewOpening, Story, Take
from stories.services import comments, film_verdicts, retakes, review_links
from tests.stories.factories import make_scene, make_story, make_take
from tests.two_writers import in_turn

pytestmark = pytest.mark.django_db


@pytest.fixture
def story(owner):
    return make_story(owner, status=StoryStatus.PREVIEWING)


@pytest.fixture
def scene(story):
    scene = make_scene(story, duration_seconds=10)
    make_take(scene)
    return scene


def make_film(story, number=1, kind=FilmKind.FINAL, scene=None):
    segments = [{"scene": str(scene.pk if scene else uuid.uuid4()), "position": 1, "frames": 240}]
    segments[0]["title"] = "Harbour"
    return Film.objects.create(
        story=story,
        kind=kind,
        number=number,
        file=f"films/{number}.mp4",
        width=1280,
        height=720,
        fps=24,
        frames=240,
        size_bytes=10,
        manifest={"segments": segments},
        manifest_hash="x",
    )


def share(story, owner, **values):
    given = {"name": "client", "days": 7, "may_comment": True, **values}
    return review_links.share(story.pk, actor=owner, **given)


def test_a_link_shows_the_version_it_was_made_for_or_the_newest(story, owner):
    first = make_film(story, 1)
    pinned, token = share(story, owner, film_id=first.pk)
    newest, other = share(story, owner)
    second = make_film(story, 2)
    assert (review_links.film_of(pinned), review_links.film_of(newest)) == (first, second)
    assert "Final film 1" in Client().get(f"/review/{token}/").content.decode()
    assert "Final film 2" in Client().get(f"/review/{other}/").content.decode()


def test_a_link_of_another_story_gives_no_film_of_this_one(story, owner):
    film = make_film(make_story(owner))
    with pytest.raises(Film.DoesNotExist):
        share(story, owner, film_id=film.pk)


def test_the_client_decides_on_exactly_the_version_seen(story, owner):
    film = make_film(story)
    link, _token = share(story, owner, may_decide=True)
    approved = film_verdicts.decide(film.pk, verdict="approved", link=link, guest="Kim")
    assert (approved.film, approved.guest, approved.recorded_by) == (film, "Kim", None)
    newer = make_film(story, 2)
    with pytest.raises(Forbidden, match="another version"):
        film_verdicts.decide(film.pk, verdict="approved", link=link, guest="Kim")
    with pytest.raises(Invalid, match="Say what should change"):
        film_verdicts.decide(newer.pk, verdict="changes", link=link, guest="Kim")
    film_verdicts.decide(newer.pk, verdict="changes", text="Logo", link=link, guest="Kim")
    found = film_verdicts.newest_verdicts([film, newer])
    assert {pk: row.verdict for pk, row in found.items()} == {
        film.pk: ClientVerdict.APPROVED,
        newer.pk: ClientVerdict.CHANGES,
    }


def test_only_links_that_may_decide_and_the_owner_decide(story, owner, colleague):
    film = make_film(story)
    link, _token = share(story, owner)
    with pytest.raises(Forbidden):
        film_verdicts.decide(film.pk, verdict="approved", link=link, guest="Kim")
    with pytest.raises(Forbidden):
        film_verdicts.decide(film.pk, verdict="approved", actor=colleague)
    recorded = film_verdicts.decide(film.pk, verdict="approved", actor=owner)
    assert (recorded.recorded_by, recorded.guest, recorded.link) == (owner, "", None)


def test_delivery_waits_for_the_approval_of_this_version(story, owner, client):
    film = make_film(story)
    assert film_verdicts.why_not_deliverable(film) is None
    Story.objects.filter(pk=story.pk).update(needs_client_approval=True)
    film.refresh_from_db()
    with pytest.raises(GuardRefused, match="waits for the client"):
        film_verdicts.require_deliverable(film)
    client.force_login(owner)
    response = client.get(reverse("stories:film_file", args=[film.pk]) + "?download")
    assert (response.status_code, response["Location"]) == (
        302,
        reverse("admin:stories_story_film", args=[story.pk]),
    )
    page = client.get(reverse("admin:stories_story_film", args=[story.pk])).content.decode()
    assert "?download" not in page
    film_verdicts.decide(film.pk, verdict="changes", text="Logo", actor=owner)
    with pytest.raises(GuardRefused, match="wants changes"):
        film_verdicts.require_deliverable(film)
    film_verdicts.decide(film.pk, verdict="approved", actor=owner)
    film_verdicts.require_deliverable(film)
    with pytest.raises(GuardRefused):
        film_verdicts.require_deliverable(make_film(Story.objects.get(pk=story.pk), 2))
    preview = make_film(Story.objects.get(pk=story.pk), 1, FilmKind.PREVIEW)
    film_verdicts.require_deliverable(preview)


def test_a_film_that_waits_for_approval_is_watched_and_not_downloaded(story, owner, client):
    """By the studio, and by the guest who decides: neither gets a file to save under a name."""
    Story.objects.filter(pk=story.pk).update(needs_client_approval=True)
    film = make_film(Story.objects.get(pk=story.pk))
    storages["media"].save(film.file, ContentFile(b"0123456789"))
    _link, token = share(story, owner, may_decide=True)
    client.force_login(owner)
    file = reverse("stories:film_file", args=[film.pk])
    guest = Client()
    shown = [
        client.head(file),
        *(guest.head(f"/review/{token}/film.mp4{asked}") for asked in ("", "?download")),
    ]
    assert [answer["Content-Disposition"].partition(";")[0] for answer in shown] == ["inline"] * 3
    page = client.get(reverse("admin:stories_story_film", args=[story.pk])).content.decode()
    assert 'controlslist="nodownload"' in page
    for asked in ("?download", "?download=", "?download=1", "?a=1&download=no"):
        assert client.get(file + asked).status_code == 302


@pytest.mark.moderate
def test_a_password_stands_before_every_address_of_the_link(story, owner):
    make_film(story)
    link, token = share(story, owner, password="lantern-7")
    assert "lantern" not in ReviewLink.objects.get(pk=link.pk).password
    page, guest = f"/review/{token}/", Client()
    locked = guest.get(page).content.decode()
    assert ("This film has a password" in locked, "rv-film" in locked) == (True, False)
    assert guest.get(f"{page}film.mp4").status_code == 404
    assert guest.get(f"{page}subtitles.vtt").status_code == 404
    assert guest.post(page, {"password": "wrong-one"}).status_code == 403
    right = guest.post(page, {"password": "lantern-7"})
    assert (right.status_code, right["Location"]) == (302, page)
    assert 'id="rv-film"' in guest.get(page).content.decode()
    assert 'id="rv-film"' not in Client().get(page).content.decode()


def test_passwords_cannot_be_tried_without_end(story, owner):
    make_film(story)
    _link, token = share(story, owner, password="lantern-7")
    page, guest = f"/review/{token}/", Client()
    answers = [guest.post(page, {"password": f"wrong-{n}"}).status_code for n in range(11)]
    assert answers == [403] * 10 + [429]
    cache.clear()  # which is that of one process, and empty while Redis is away
    refused = guest.post(page, {"password": "lantern-7"})
    assert (refused.status_code, int(refused["Retry-After"])) == (429, pytest.approx(30, abs=1))
    assert "Too many attempts" in refused.text
    # The wait ends; after the right password all tries are free again.
    LogInAttempt.objects.update(at=timezone.now() - timedelta(seconds=31))
    assert guest.post(page, {"password": "lantern-7"}).status_code == 302
    assert not LogInAttempt.objects.exists()


def test_short_passwords_are_refused(story, owner):
    with pytest.raises(Invalid):
        share(story, owner, password="12345")


def test_openings_are_listed_once_for_each_browser(story, owner):
    make_film(story)
    link, token = share(story, owner)
    one, two = Client(headers={"User-Agent": "Firefox"}), Client(headers={"User-Agent": "Safari"})
    for guest in (one, one, two):
        guest.get(f"/review/{token}/")
    assert list(
        ReviewOpening.objects.filter(link=link).order_by("browser").values_list("browser", "count")
    ) == [("Firefox", 2), ("Safari", 1)]
    link.refresh_from_db()
    assert link.opened_at is not None


def test_guest_decides_and_answers_on_the_page(story, owner):
    film = make_film(story)
    link, token = share(story, owner, may_decide=True)
    other, _other_token = share(story, owner, name="agency")
    mine = comments.on_film(film.pk, link=link, guest="Kim", text="Logo", at_ms=0)
    foreign = comments.on_film(film.pk, link=other, guest="Lee", text="x", at_ms=0)
    page, guest = f"/review/{token}/", Client()
    values = {"guest": "Kim", "text": "Larger", "answer_to": str(mine.pk)}
    assert guest.post(page, values).status_code == 302
    assert guest.post(page, {**values, "answer_to": str(foreign.pk)}).status_code == 404
    assert guest.post(page, {**values, "answer_to": "x"}).status_code == 404
    decided = guest.post(page, {"guest": "Kim", "film": str(film.pk), "verdict": "approved"})
    assert decided.status_code == 302
    newer = make_film(story, 2)
    late = guest.post(page, {"guest": "Kim", "film": str(film.pk), "verdict": "approved"})
    assert late.status_code == 403
    assert [(row.film_id, row.verdict) for row in FilmVerdict.objects.all()] == [
        (film.pk, "approved")
    ]
    assert newer.verdicts.count() == 0
    assert list(mine.replies.values_list("text", "guest", "link")) == [("Larger", "Kim", link.pk)]


def test_an_answer_is_read_by_those_who_read_the_comment(story, owner):
    film = make_film(story)
    link, _token = share(story, owner)
    other, _other = share(story, owner, name="agency")
    comment = comments.on_film(film.pk, link=link, guest="Kim", text="Logo", at_ms=0)
    inside = comments.on_film(film.pk, actor=owner, text="Hm", at_ms=0)
    answer = comments.reply(comment.pk, actor=owner, text="We will.")
    secret = comments.reply(inside.pk, actor=owner, text="Really?")
    again = comments.reply(answer.pk, actor=owner, text="Done.")
    assert again.parent == comment
    assert set(comments.for_guest(link)) == {comment, answer, again}
    assert set(comments.for_guest(other)) == set()
    assert secret.visibility == "internal"


def test_drawings_keep_points_between_nothing_and_one():
    assert comments.strokes_of(None) == []
    assert comments.strokes_of([[[0, 1], [0.123456, 0.5]]]) == [[[0.0, 1.0], [0.1235, 0.5]]]


@pytest.mark.parametrize(
    "drawing",
    [
        {},
        "x",
        [[]],
        [[[0, 1.1]]],
        [[[0, -0.1]]],
        [[["0", 0]]],
        [[[True, 0]]],
        [[[0]]],
        [[[0, float("nan")]]],
        [[[0, 0]]] * 61,
        [[[0, 0]] * 4001],
    ],
)
def test_what_is_no_drawing_is_refused(drawing):
    with pytest.raises(Invalid):
        comments.strokes_of(drawing)


def test_people_of_the_studio_are_mentioned(story, owner, colleague, stranger):
    film = make_film(story)
    text = f"@{colleague.username} and @{stranger.username}, and a mail@{owner.username}"
    comment = comments.on_film(film.pk, actor=owner, text=text, at_ms=0)
    assert list(comment.mentioned.all()) == [colleague]


def test_a_comment_becomes_one_retake_with_its_words(story, scene, owner):
    film = make_film(story, kind=FilmKind.PREVIEW, scene=scene)
    comment = comments.on_film(film.pk, actor=owner, text="Larger logo.", at_ms=100)
    start = retakes.retake(comment.pk, TakeKind.IMAGE, actor=owner, confirm_total=Decimal(0))
    assert len(start.jobs) == 1
    take = Take.objects.get(scene=scene)
    assert (take.review_status, take.review_reason, take.reviewed_by) == (
        "rejected",
        "Larger logo.",
        owner,
    )
    assert Job.objects.get().data["parameters"]["reason"] == "Larger logo."
    with pytest.raises(Conflict):
        retakes.retake(comment.pk, TakeKind.IMAGE, actor=owner, confirm_total=Decimal(0))
    assert Job.objects.count() == 1


def test_a_retake_that_is_refused_changes_nothing(story, scene, owner, colleague):
    film = make_film(story, kind=FilmKind.PREVIEW, scene=scene)
    comment = comments.on_film(film.pk, actor=owner, text="Larger logo.", at_ms=100)
    with pytest.raises(Forbidden):
        retakes.retake(comment.pk, TakeKind.IMAGE, actor=colleague, confirm_total=Decimal(0))
    Take.objects.update(review_status="rejected")
    with pytest.raises(GuardRefused):
        retakes.retake(comment.pk, TakeKind.CLIP, actor=owner, confirm_total=Decimal(0))
    assert (Comment.objects.get().retaken_at, Job.objects.count()) == (None, 0)


@pytest.mark.row_locks
@pytest.mark.django_db(transaction=True)
def test_two_people_make_one_retake_of_a_comment(story, scene, owner):
    film = make_film(story, kind=FilmKind.PREVIEW, scene=scene)
    comment = comments.on_film(film.pk, actor=owner, text="Larger logo.", at_ms=100)
    again = lambda: retakes.retake(  # noqa: E731  done twice
        comment.pk, TakeKind.IMAGE, actor=owner, confirm_total=Decimal(0)
    )
    errors = in_turn(again, again)
    assert [type(error) for error in errors] == [Conflict]
    assert Job.objects.count() == 1


@pytest.mark.row_locks
@pytest.mark.django_db(transaction=True)
def test_version_that_another_follows_meanwhile_is_not_approved(story, owner):
    film = make_film(story)
    link, _token = share(story, owner, may_decide=True)
    values = {"file": "films/2.mp4", "width": 1280, "height": 720, "fps": 24, "frames": 24}
    (error,) = in_turn(
        lambda: add_film(
            story, FilmKind.FINAL, hold=lambda: None, size_bytes=1, manifest_hash="x", **values
        ),
        lambda: film_verdicts.decide(film.pk, verdict="approved", link=link, guest="Kim"),
    )
    assert isinstance(error, Forbidden)
    assert FilmVerdict.objects.count() == 0


@pytest.mark.row_locks
@pytest.mark.django_db(transaction=True)
def test_two_verdicts_are_both_kept_in_their_order(story, owner):
    film = make_film(story)
    errors = in_turn(
        lambda: film_verdicts.decide(film.pk, verdict="approved", actor=owner),
        lambda: film_verdicts.decide(film.pk, verdict="changes", text="Logo", actor=owner),
    )
    assert errors == []
    assert film_verdicts.newest_verdicts([film])[film.pk].verdict == "changes"
