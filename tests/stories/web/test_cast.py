"""The pages of the cast: what they show, who may change it, and how often they ask the database."""

import io
from decimal import Decimal

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from PIL import Image

from jobs.models import Job
from jobs.runner import run_due
from stories.models import CastMember, Look, SceneCast, SheetTake
from stories.services import cast
from stories.services.cast import Appearance
from tests.stories.factories import first_look, make_scene, make_story

pytestmark = pytest.mark.django_db


@pytest.fixture
def story(owner):
    return make_story(owner, status="planned")


@pytest.fixture
def haru(story, owner):
    return cast.create_member(story.pk, actor=owner, name="하루", description="빨간 외투")


@pytest.fixture
def look(haru):
    return first_look(haru)


@pytest.fixture
def scene(story, owner, look):
    scene = make_scene(story)
    cast.set_scene_cast(scene.pk, actor=owner, appearances=[Appearance(look.pk)])
    return scene


def url(name, *args):
    return reverse(f"admin:{name}", args=args)


def do(client, what, story, row, act, /, **values):
    address = url(f"stories_story_{what}_do", story.pk, row.pk, act)
    return client.post(address, values, follow=True)


def picture():
    file = io.BytesIO()
    Image.new("RGB", (640, 360), "#3060a0").save(file, "PNG")
    return SimpleUploadedFile("sheet.png", file.getvalue(), content_type="image/png")


@pytest.mark.moderate
def test_the_tab_shows_members_with_looks_and_scenes(client, owner, story, haru, scene):
    client.force_login(owner)
    text = client.get(url("stories_story_cast", story.pk)).content.decode()
    assert "하루" in text
    assert "빨간 외투" in text
    assert "in 1 scene" in text
    page = client.get(url("stories_story_member", story.pk, haru.pk)).content.decode()
    assert url("board_scene", story.pk, scene.pk) in page
    assert "0.00" in page  # the price of a sheet


@pytest.mark.moderate
def test_a_member_is_added_changed_removed_and_restored(client, owner, story):
    client.force_login(owner)
    values = {"name": "Jonas", "kind": "character", "description": "a tall man"}
    client.post(url("stories_story_cast_add", story.pk), values)
    jonas = CastMember.live.get(story=story)
    do(client, "member", story, jonas, "edit", name="Jon", aliases="Jonas, Johnny")
    jonas.refresh_from_db()
    assert (jonas.name, jonas.aliases) == ("Jon", ["Jonas", "Johnny"])
    do(client, "member", story, jonas, "look", name="Winter", description="in a coat")
    assert Look.live.filter(member=jonas).count() == 2
    do(client, "member", story, jonas, "remove")
    assert not CastMember.live.exists()
    do(client, "member", story, jonas, "restore")
    assert CastMember.live.get() == jonas
    answer = do(client, "member", story, jonas, "edit", name=" ")
    assert "A cast member needs a name." in answer.content.decode()


@pytest.mark.moderate
def test_a_sheet_is_made_uploaded_reviewed_and_chosen(client, owner, story, look):
    client.force_login(owner)
    do(client, "look", story, look, "generate", confirm_total="0.50")
    assert not Job.objects.exists()  # another price than it costs
    do(client, "look", story, look, "generate", confirm_total="0.0000")
    run_due()
    made = SheetTake.objects.get()
    assert Look.objects.get().sheet == made
    do(client, "look", story, look, "upload", file=picture())
    own = SheetTake.objects.get(source="uploaded")
    assert Look.objects.get().sheet == own
    do(client, "sheet", story, made, "choose")
    assert Look.objects.get().sheet == made
    do(client, "sheet", story, made, "approve")
    answer = do(client, "look", story, look, "upload", file=picture())
    assert "There is already an approved sheet." in answer.content.decode()
    do(client, "sheet", story, made, "reject", reason="another coat")
    assert Look.objects.get().sheet is None
    do(client, "sheet", story, made, "clear")
    do(client, "sheet", story, own, "choose")
    do(client, "look", story, look, "deselect")
    assert Look.objects.get().sheet is None
    address = reverse("stories:sheet_thumb", args=[own.pk, own.sha256[:12], 640])
    answer = client.get(address)
    assert answer.headers["Content-Type"] == "image/webp"
    answer.close()


@pytest.mark.moderate
def test_a_scene_gets_its_cast_in_its_panel(client, owner, story, look):
    client.force_login(owner)
    scene = make_scene(story)
    page = url("board_scene", story.pk, scene.pk)
    assert "No cast member is in this scene." in client.get(page).content.decode()
    address = url("board_cast", story.pk, scene.pk)
    client.post(address, {"look": ["", str(look.pk)], f"without-{look.pk}": "1"})
    (row,) = SceneCast.objects.all()
    assert (row.scene, row.look, row.with_sheet) == (scene, look, False)
    assert client.post(address, {"look": "x"}).status_code in {302, 422}
    client.post(address, {"look": ""})
    assert not SceneCast.objects.exists()


@pytest.mark.moderate
def test_the_board_shows_chips_and_filters_by_member(client, owner, story, haru, scene):
    client.force_login(owner)
    make_scene(story)
    board = url("stories_story_board", story.pk)
    text = client.get(board).content.decode()
    assert text.count(f'data-filter="cast-{haru.pk}"') == 1
    filtered = client.get(f"{board}?state=cast-{haru.pk}").content.decode()
    assert filtered.count(f'data-filter="cast-{haru.pk}"') == 2  # the chip and the filter
    assert filtered.count("data-keys") == 2
    assert filtered.count(" hidden>") > text.count(" hidden>")
    assert client.get(f"{board}?state=cast-x").status_code == 200


@pytest.mark.parametrize("who", ["viewer", "colleague"])
@pytest.mark.moderate
def test_others_look_and_change_nothing(request, client, story, haru, look, scene, who):
    client.force_login(request.getfixturevalue(who))
    for page in (
        url("stories_story_cast", story.pk),
        url("stories_story_member", story.pk, haru.pk),
    ):
        answer = client.get(page)
        assert answer.status_code == 200
        assert "Add to the cast" not in answer.content.decode()
    before = list(CastMember.objects.values()), list(Look.objects.values())
    client.post(url("stories_story_cast_add", story.pk), {"name": "X"})
    do(client, "member", story, haru, "edit", name="X")
    do(client, "member", story, haru, "remove")
    do(client, "look", story, look, "edit", name="X")
    do(client, "look", story, look, "generate", confirm_total="0.0000")
    client.post(url("board_cast", story.pk, scene.pk), {"look": ""})
    assert (list(CastMember.objects.values()), list(Look.objects.values())) == before
    assert SceneCast.objects.count() == 1
    assert not Job.objects.exists()


def test_rows_of_another_story_are_not_found(client, owner, story, haru, look):
    client.force_login(owner)
    other = make_story(owner, status="planned")
    assert client.get(url("stories_story_member", other.pk, haru.pk)).status_code == 404
    assert do(client, "member", other, haru, "remove").status_code == 404
    assert do(client, "look", other, look, "edit", name="X").status_code == 404
    assert do(client, "member", story, haru, "unknown").status_code == 404


@pytest.mark.moderate
def test_the_pages_ask_the_same_few_questions(client, owner, story):
    client.force_login(owner)

    def grown(count):
        for n in range(count):
            member = cast.create_member(story.pk, actor=owner, name=f"M{n} of {count}")
            look = cast.add_look(member.pk, actor=owner, name="Winter")
            SheetTake.objects.create(look=look, file="a", sha256="0" * 64, width=1, height=1)
            scene = make_scene(story)
            cast.set_scene_cast(scene.pk, actor=owner, appearances=[Appearance(look.pk)])
        return member

    pages = [
        lambda member: url("stories_story_cast", story.pk),
        lambda member: url("stories_story_member", story.pk, member.pk),
        lambda member: url("stories_story_board", story.pk),
    ]

    def asked(member):
        found = []
        for page in pages:
            with CaptureQueriesContext(connection) as queries:
                assert client.get(page(member)).status_code == 200
            found.append(len(queries))
        return found

    member = grown(1)
    asked(member)  # fills caches
    once = asked(member)
    assert asked(grown(4)) == once


def test_the_total_of_three_variants_is_three_times_the_price(client, owner, story, look):
    from providers.models import AIProviderConfig

    AIProviderConfig.objects.get(provider="local").models.create(
        kind="image", name="paid", is_default=True, price=Decimal("0.25"), unit="image"
    )
    client.force_login(owner)
    do(client, "look", story, look, "generate", variants="3", confirm_total="0.75")
    assert Job.objects.filter(name="look_sheet").count() == 3
