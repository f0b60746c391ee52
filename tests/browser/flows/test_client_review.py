"""The film goes to a client by a link with a password; what the client says comes back as work."""

from typing import Any

import pytest
from django.urls import reverse

from jobs.models import Job
from stories.enums import StoryStatus
from stories.models import Comment, Film, FilmVerdict, ReviewLink, Story
from stories.services import comments, review_links
from tests.browser.installation import make_films

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

PASSWORD = "sea-and-sand"


@pytest.fixture
def film(story: Story, owner: Any) -> Film:
    Story.objects.filter(pk=story.pk).update(status=StoryStatus.COMPLETED)
    return make_films(story, owner, kind="final")[-1]


def film_is_there(page: Any) -> None:
    page.wait_for_function("document.getElementById('rv-film')?.readyState > 0")


def draw(page: Any, reader: Any) -> None:
    """A stroke on the frame, by finger or pointer."""
    reader.press(page.locator("[data-pen]"))
    page.locator("#rv-film").scroll_into_view_if_needed()
    box = page.locator("#rv-film").bounding_box()
    x, y = box["x"] + box["width"] / 3, box["y"] + box["height"] / 2
    reader.draw(page, [(x + 12 * n, y + 4 * n) for n in range(6)])
    page.locator("[data-ink] polyline").first.wait_for(state="attached")


def share(page: Any, reader: Any, name: str) -> str:
    """Makes a link with a password, by which one may decide: its address."""
    form = page.locator(".rv-share")
    form.locator("[name=name]").fill(name)
    form.locator("[name=password]").fill(PASSWORD)
    form.locator("[name=may_decide]").check()
    reader.send(page, form.get_by_role("button", name=reader.say("Make a link")))
    return str(page.get_by_label(reader.say("Address of the link")).input_value())


def come_in(page: Any, reader: Any, address: str) -> None:
    """As the client who has the link and its password."""
    page.goto(address)
    reader.look(page, "guest-password")
    page.get_by_label(reader.say("Password")).fill(PASSWORD)
    reader.send(page, page.get_by_role("button", name=reader.say("Watch the film")))
    film_is_there(page)


def decide(page: Any, reader: Any, button: str, name: str, text: str = "") -> None:
    form = page.locator(".rv-decide")
    form.locator("[name=guest]").fill(name)
    form.locator("[name=text]").fill(text)
    reader.send(page, form.get_by_role("button", name=reader.say(button)))


def test_client_comments_and_decides(reader, browse, enter_as, owner, story, film):
    say, write = reader.say, reader.write
    client, name = write("Harbour Films", "항구 영화사"), write("Kim", "김유진")
    wish = write("Brighter here, please", "여기를 더 밝게 해 주세요")
    doubt = write("The end is too quick", "끝이 너무 빠릅니다")
    own = (client, name, wish, doubt)
    staff = enter_as(browse(), owner, reverse("admin:stories_story_review", args=[story.pk]))
    film_is_there(staff)
    address = share(staff, reader, client)
    reader.look(staff, "share", own)
    link = ReviewLink.objects.get()
    assert (link.name, link.wants_password, link.may_decide) == (client, True, True)

    guest = browse()
    come_in(guest, reader, address)
    guest.locator("#rv-film").evaluate("film => { film.currentTime = 3; }")
    draw(guest, reader)
    guest.locator("[data-say]").get_by_label(say("Your name")).fill(name)
    guest.locator("[data-say] textarea").fill(wish)
    reader.send(guest, guest.locator("[data-say]").get_by_role("button", name=say("Comment")))
    guest.locator("#comments").get_by_text(wish).wait_for()
    reader.look(guest, "guest", own)
    comment = Comment.objects.get()
    assert (comment.guest, comment.text, len(comment.drawing)) == (name, wish, 1)

    decide(guest, reader, "Ask for changes", name, doubt)
    guest.locator(".rv-verdict.rv-changes").wait_for()
    verdict = FilmVerdict.objects.get()
    assert (verdict.film, verdict.verdict, verdict.text) == (film, "changes", doubt)
    decide(guest, reader, "Approve this version", name)
    guest.locator(".rv-verdict.rv-approved").wait_for()
    reader.look(guest, "guest-approved", own)
    assert FilmVerdict.objects.filter(film=film, verdict="approved").count() == 1


def test_comment_of_a_client_is_answered_and_becomes_a_take(
    reader, browse, enter_as, live_server, owner, story, film
):
    say, write = reader.say, reader.write
    wish = write("Brighter here, please", "여기를 더 밝게 해 주세요")
    answer = write("We will see to it", "반영하겠습니다")
    client, name = write("Harbour Films", "항구 영화사"), write("Kim", "김유진")
    link, token = review_links.share(story.pk, actor=owner, name=client, days=7, may_comment=True)
    comments.on_film(film.pk, link=link, guest=name, text=wish, at_ms=3000)
    page = enter_as(browse(), owner, reverse("admin:stories_story_review", args=[story.pk]))
    film_is_there(page)
    said = page.locator("#comments > li").first
    reader.press(said.locator("summary", has_text=say("Answer")))
    said.get_by_label(say("Your answer")).fill(answer)
    reader.press(said.get_by_role("button", name=say("Send")))
    page.locator(".rv-answers").get_by_text(answer).wait_for()
    reader.look(page, "review", own=(wish, answer, client, name))
    reader.press(page.locator("#comments [name=confirm_total]").first)
    page.locator("#comments").get_by_text(say("made again")).wait_for()
    assert Comment.objects.get(text=wish).retaken_at is not None
    assert Job.objects.get().data["action"] == "generate_clip"

    guest = browse()
    guest.goto(f"{live_server.url}/review/{token}/")
    guest.locator(".rv-answers").get_by_text(answer).wait_for()


def test_versions_play_side_by_side(reader, browse, enter_as, owner, story, film):
    first = Film.objects.get(number=1)
    page = enter_as(browse(), owner, reverse("admin:stories_story_review", args=[story.pk]))
    page.get_by_label(reader.say("Side by side with")).select_option(str(first.pk))
    reader.press(page.get_by_role("button", name=reader.say("Show"), exact=True))
    page.locator("#rv-beside").wait_for()
    page.wait_for_function("document.getElementById('rv-beside').readyState > 0")
    page.locator("#rv-film").evaluate("film => { film.currentTime = 5; }")
    page.wait_for_function("Math.abs(document.getElementById('rv-beside').currentTime - 5) < 0.01")
    page.locator("#rv-film").evaluate("film => film.play()")
    page.wait_for_function("document.getElementById('rv-beside').currentTime > 5.3")
    page.locator("#rv-film").evaluate("film => film.pause()")
    page.wait_for_function("document.getElementById('rv-beside').paused")
    reader.look(page, "side-by-side")


def test_mention_reaches_the_colleague(reader, browse, enter_as, owner, colleague, story, film):
    page = enter_as(browse(), owner, reverse("admin:stories_story_review", args=[story.pk]))
    text = reader.write("@colleague what do you think?", "@colleague 어떻게 생각해?")
    page.locator("[data-say] textarea").fill(text)
    reader.press(page.locator("[data-say]").get_by_role("button", name=reader.say("Comment")))
    page.locator("#comments .rv-said").get_by_text(text).wait_for()
    theirs = enter_as(browse(), colleague, reverse("admin:index"))
    todo = theirs.locator(".vp-todo a").filter(has_text=story.title).first
    reader.look(theirs, "dashboard-mention", own=(text, story.title))
    reader.press(todo)
    theirs.get_by_text(text).first.wait_for()
