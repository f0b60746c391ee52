import io
from decimal import Decimal

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image

from jobs.models import Job
from providers.models import AIProviderConfig
from stories.models import Comment, Scene, Take
from stories.services import scenes
from tests.markup import flat
from tests.pictures import picture
from tests.stories.web.board.test_scene_order import toast_of


def text(answer):
    return flat(answer)


@pytest.mark.moderate
def test_panel_shows_all_takes_and_what_differs(pages, story, five, take, owner):
    take(five[0], seed=7, model="painter", cost=Decimal("0.02"))
    scenes.edit(five[0].pk, actor=owner, text="prompt one")
    five[0].refresh_from_db()
    take(five[0], chosen=False, seed=8)
    panel = text(pages.get("board_scene", story.pk, five[0].pk))
    assert (
        panel.count('class="bd-take')
        - panel.count('class="bd-take-')
        - panel.count('class="bd-takes')
        == 2
    )
    assert "<del>1</del><ins>one</ins>" in panel, (
        "the take's old word is struck, the scene's present one marked"
    )
    assert "$0.02" in panel
    assert "painter" in panel
    assert "<html" not in panel
    assert "<html" in text(pages.get("board_scene", story.pk, five[0].pk, live=False))


def test_panel_shows_what_differs_in_the_english_too(pages, story, five, take, owner):
    scenes.edit(five[0].pk, actor=owner, text_en="a small boat at dawn")
    five[0].refresh_from_db()
    take(five[0])
    assert 'lang="en" aria-label' not in text(pages.get("board_scene", story.pk, five[0].pk))
    scenes.edit(five[0].pk, actor=owner, text_en="a large boat at dawn")
    panel = text(pages.get("board_scene", story.pk, five[0].pk))
    assert "a <del>small </del><ins>large </ins>boat at dawn" in panel
    assert panel.count('class="bd-words"') == 1, "the prompt itself is the same"


def test_panel_names_people_and_providers_as_the_house_does(pages, story, five, take, owner):
    owner.first_name, owner.last_name = "Mina", "Seo"
    owner.save()
    AIProviderConfig.objects.filter(provider="local").update(name="Our own studio")
    made = take(five[0], made_by=owner)
    Comment.objects.create(story=story, scene=five[0], text="More fog.", author=owner)
    panel = text(pages.get("board_scene", story.pk, five[0].pk))
    assert made.provider == "local"
    assert "<dd>Our own studio" in panel
    assert "<b>Mina Seo</b>" in panel
    assert ", Mina Seo</dd>" in panel
    assert "data-side-b" not in panel, "one take is not compared"


@pytest.mark.parametrize("number", [1, 12])
def test_panel_takes_few_queries(pages, story, five, take, number, django_assert_max_num_queries):
    for _ in range(number):
        take(five[0])
        Comment.objects.create(story=story, scene=five[0], text="x")
    with django_assert_max_num_queries(36):
        pages.get("board_scene", story.pk, five[0].pk)


def test_choose_and_undo(pages, story, five, take):
    first, second = take(five[0]), take(five[0], chosen=False)
    answer = pages.post("board_choose", story.pk, second.pk)
    assert toast_of(answer) == "Take chosen."
    assert f"/takes/{first.pk}/choose/" in text(answer)
    assert Scene.objects.get(pk=five[0].pk).image_take_id == second.pk


def test_choose_of_a_rejected_take(pages, story, five, take):
    first, second = (
        take(five[0]),
        take(five[0], chosen=False, review_status="rejected", review_reason="dark"),
    )
    assert pages.post("board_choose", story.pk, second.pk).status_code == 422
    assert Scene.objects.get(pk=five[0].pk).image_take_id == first.pk


@pytest.mark.moderate
def test_reject_needs_a_reason(pages, story, five, take):
    one = take(five[0])
    assert (
        pages.post(
            "board_judge", story.pk, one.pk, review_status="rejected", reason=" "
        ).status_code
        == 422
    )
    assert Take.objects.get(pk=one.pk).review_status == "unreviewed"
    answer = pages.post(
        "board_judge", story.pk, one.pk, review_status="rejected", reason="too dark"
    )
    assert toast_of(answer) == "Take rejected."
    assert "Picture rejected: too dark" in text(answer)
    assert 'id="bd-panel-body"' in text(answer)
    one.refresh_from_db()
    assert (one.review_status, one.review_reason) == ("rejected", "too dark")
    pages.post("board_judge", story.pk, one.pk, review_status="unreviewed", reason="")
    one.refresh_from_db()
    assert (one.review_status, one.review_reason, one.reviewed_by) == ("unreviewed", "", None)


def test_upload_becomes_the_chosen_take(pages, story, five):
    answer = pages.post(
        "board_upload",
        story.pk,
        five[0].pk,
        kind="image",
        file=SimpleUploadedFile("../../evil.html", picture()),
    )
    assert answer.status_code == 200
    one = Take.objects.get(scene=five[0])
    assert (one.source, one.mime, one.width, one.height, one.cost) == (
        "uploaded",
        "image/png",
        64,
        36,
        0,
    )
    assert one.file == f"calls/{one.sha256[:2]}/{one.sha256}.png"
    assert Scene.objects.get(pk=five[0].pk).image_take_id == one.pk


@pytest.mark.parametrize("data", [b"", b"<svg onload=alert(1)>", b"GIF89a....", picture()[:80]])
def test_upload_of_what_is_no_picture(pages, story, five, data):
    assert (
        pages.post(
            "board_upload",
            story.pk,
            five[0].pk,
            kind="image",
            file=SimpleUploadedFile("a.png", data),
        ).status_code
        == 422
    )
    assert Take.objects.count() == 0


def test_upload_of_nothing(pages, story, five):
    assert pages.post("board_upload", story.pk, five[0].pk, kind="image").status_code == 422
    assert pages.post("board_upload", story.pk, five[0].pk, kind="sound").status_code == 404


@pytest.fixture
def prices(db):
    AIProviderConfig.objects.filter(provider="local").update(
        cost_per_image=Decimal("0.02"), cost_per_second_video=Decimal("0.05")
    )


@pytest.mark.usefixtures("prices")
@pytest.mark.moderate
def test_three_variants_for_the_price_on_the_button(pages, story, five, take):
    take(five[0])
    assert 'name="confirm_total" value="0.0600"' in text(
        pages.get("board_scene", story.pk, five[0].pk)
    )
    assert (
        pages.post(
            "board_generate",
            story.pk,
            five[0].pk,
            "image",
            query="?variants=3",
            confirm_total="0.02",
        ).status_code
        == 409
    )
    assert Job.objects.count() == 0
    answer = pages.post(
        "board_generate", story.pk, five[0].pk, "image", query="?variants=3", confirm_total="0.0600"
    )
    assert toast_of(answer) == "3 takes are being made for $0.06."
    assert len({job.data["parameters"]["seed"] for job in Job.objects.all()}) == 3


@pytest.mark.usefixtures("prices")
def test_make_one_with_another_prompt_and_seed(pages, story, five, take):
    take(five[0])
    values = {"text": "a red boat", "seed": "77", "reason": "more colour", "confirm_total": "0.02"}
    assert pages.post("board_generate", story.pk, five[0].pk, "image", **values).status_code == 200
    scene = Scene.objects.select_related("prompt").get(pk=five[0].pk)
    assert scene.prompt.text == "a red boat"
    asked = Job.objects.get().data["parameters"]
    assert (asked["seed"], asked["prompt_id"], asked["reason"]) == (
        77,
        scene.prompt_id,
        "more colour",
    )


@pytest.mark.usefixtures("prices")
def test_generate_unconfirmed(pages, story, five):
    assert pages.post("board_generate", story.pk, five[0].pk, "image").status_code == 422
    assert (
        pages.post(
            "board_generate", story.pk, five[0].pk, "image", confirm_total="0.02", seed="x"
        ).status_code
        == 422
    )
    assert Job.objects.count() == 0


@pytest.mark.usefixtures("prices")
def test_a_changed_prompt_is_not_kept_when_nothing_is_started(pages, story, five):
    assert (
        pages.post(
            "board_generate", story.pk, five[0].pk, "image", text="a red boat", confirm_total="9"
        ).status_code
        == 409
    )
    assert Scene.objects.select_related("prompt").get(pk=five[0].pk).prompt.text == "prompt 1"


# Comments


@pytest.mark.moderate
def test_comment_and_settle(pages, story, five, viewer, owner):
    pages.login(viewer)
    answer = pages.post("board_comment", story.pk, five[0].pk, text=" Too <dark>. ")
    assert answer.status_code == 200
    one = Comment.objects.get()
    assert (one.text, one.author, one.scene_id, one.resolved_at) == (
        "Too <dark>.",
        viewer,
        five[0].pk,
        None,
    )
    assert "Too &lt;dark&gt;." in text(answer)
    pages.login(owner)
    pages.post("board_settle", story.pk, one.pk, settled="1")
    one.refresh_from_db()
    assert (one.resolved_by, one.resolved_at is None) == (owner, False)
    pages.post("board_settle", story.pk, one.pk, settled="0")
    one.refresh_from_db()
    assert one.resolved_at is None


def test_settle_by_a_third(pages, story, five, viewer, owner):
    one = Comment.objects.create(story=story, scene=five[0], text="x", author=owner)
    pages.login(viewer)
    assert pages.post("board_settle", story.pk, one.pk, settled="1").status_code == 403
    one.refresh_from_db()
    assert one.resolved_at is None


@pytest.mark.parametrize("words", ["", "  ", "x" * 4001])
def test_comment_that_says_nothing_or_too_much(pages, story, five, words):
    assert pages.post("board_comment", story.pk, five[0].pk, text=words).status_code == 422
    assert Comment.objects.count() == 0


# Small pictures


def test_thumb_is_made_once_and_kept_for_ever(pages, story, five, take, media_folder):
    one = take(five[0], content=picture(size=(1600, 900)))
    address = f"/files/takes/{one.pk}/{one.sha256[:12]}-640.webp"
    answer = pages.client.get(address)
    assert (answer.status_code, answer["Content-Type"]) == (200, "image/webp")
    assert answer["Cache-Control"] == "private, max-age=31536000, immutable"
    assert Image.open(io.BytesIO(answer.getvalue())).size == (640, 360)
    kept = list((media_folder / "thumbs").rglob("*.webp"))
    assert [path.name for path in kept] == [f"{one.sha256}-640.webp"]
    before = kept[0].stat().st_mtime_ns
    assert Image.open(io.BytesIO(pages.client.get(address).getvalue())).size == (640, 360)
    assert kept[0].stat().st_mtime_ns == before


def test_thumb_of_other_content_width_or_people(pages, story, five, take, stranger):
    one = take(five[0], content=picture())
    assert pages.client.get(f"/files/takes/{one.pk}/{'0' * 12}-640.webp").status_code == 404
    assert pages.client.get(f"/files/takes/{one.pk}/{one.sha256[:12]}-641.webp").status_code == 404
    pages.login(stranger)
    assert pages.client.get(f"/files/takes/{one.pk}/{one.sha256[:12]}-640.webp").status_code == 404


def test_thumb_of_a_broken_picture(pages, story, five, take):
    one = take(five[0], content=b"no picture")
    assert pages.client.get(f"/files/takes/{one.pk}/{one.sha256[:12]}-640.webp").status_code == 404


@pytest.mark.moderate
def test_what_the_film_shows_of_another_format_is_drawn_and_can_be_moved(pages, story, five, take):
    """Without scripts too: the slider is a form's field."""
    made = take(five[0], width=720, height=1280)
    panel = text(pages.get("board_scene", story.pk, five[0].pk))
    assert "The take is 720 × 1280 pixels and has a different format from the film." in panel
    assert 'style="left:0.00%;top:34.18%;width:100.00%;height:31.64%"' in panel
    assert '<input type="range" name="y" min="0" max="100" value="50"' in panel
    answer = pages.post("board_crop", story.pk, made.pk, y="0")
    assert "top:0.00%" in text(answer)
    made.refresh_from_db()
    assert made.crop == [0.0, 0.0, 1.0, 0.316406]
    pages.post("board_crop", story.pk, made.pk, y="a lot")
    pages.post("board_crop", story.pk, made.pk, y="300")
    made.refresh_from_db()
    assert made.crop == [0.0, 0.0, 1.0, 0.316406]


def test_a_take_of_the_films_format_has_no_crop(pages, story, five, take):
    take(five[0])
    assert "bd-crop" not in text(pages.get("board_scene", story.pk, five[0].pk))


def test_what_was_done_to_an_upload_is_said_on_its_take(pages, story, five, take):
    take(
        five[0],
        notes=[{"template": "The picture is animated: its first frame is taken.", "values": {}}],
    )
    assert "its first frame is taken" in text(pages.get("board_scene", story.pk, five[0].pk))


def test_a_card_says_that_a_take_is_cut_and_which_letters_no_font_has(pages, story, five, take):
    take(five[0], width=720, height=1280)
    Scene.objects.filter(pk=five[1].pk).update(narration="Runes ᚠᚢ")
    board = text(pages.get("stories_story_board", story.pk))
    assert "another format than the film (720 x 1280, not 16:9)" in board
    assert "captions in the picture leave them out: ᚠ ᚢ" in board
