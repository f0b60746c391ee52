"""The page on which a take is edited."""

import json
import re
from decimal import Decimal

import pytest
from django.utils import timezone

from jobs.models import Job
from jobs.runner import run_due
from providers.models import AIProviderConfig, ProviderCall, ProviderModel
from providers.requests import from_json
from stories.models import Take
from tests.markup import flat
from tests.pictures import picture

LOCAL = "0.0000 local:"


@pytest.fixture
def image(five, take):
    return take(five[0], content=picture(), width=1280, height=720)


@pytest.fixture
def sell(settings):
    """`sell(name, tasks)`: a model of Runway with these tasks, at a price."""
    settings.PROVIDER_KEYS = {"runway_ml": "key_" + "0" * 128}
    AIProviderConfig.objects.filter(provider="runway_ml").update(is_active=True)
    ProviderModel.objects.filter(provider="runway_ml").update(is_active=False)

    def put(name, tasks, *, kind="image", price="0.05", **more):
        values = {
            "unit": "image" if kind == "image" else "second",
            "price": Decimal(price),
            "ratios": {"16:9": "1280:720"},
            "capabilities": {"tasks": tasks, **more},
            "is_active": True,
        }
        ProviderModel.objects.update_or_create(
            provider_id="runway_ml", kind=kind, name=name, defaults=values
        )

    return put


def page(pages, story, take, **query):
    return pages.get("board_edit_take", story.pk, take.pk, live=False, **query)


def send(pages, story, take, **values):
    wanted = {"task": "change", "words": "make it night", "offer": LOCAL} | values
    return pages.post("board_edit_take", story.pk, take.pk, live=False, **wanted)


def offered(answer):
    return re.findall(r'name="offer" value="([^"]*)"', answer.content.decode())


def test_buttons_only_where_a_model_can_with_its_price(pages, story, image, sell):
    answer = page(pages, story, image)
    assert offered(answer) == [LOCAL]
    assert 'id="edit-upscale"' not in answer.content.decode()
    sell("gen4_image", ["make", "change"])
    sell("magnific_precision_upscaler_v2", ["upscale"], price="0.40")
    answer = page(pages, story, image)
    assert offered(answer) == [
        LOCAL,
        "0.0500 runway_ml:gen4_image",
        "0.4000 runway_ml:magnific_precision_upscaler_v2",
    ]
    assert "$0.40" in answer.content.decode()


def test_model_that_cannot_do_it_with_this_take_says_why(pages, story, image, sell):
    sell("small", ["upscale"], most_pixels=1000)
    answer = page(pages, story, image)
    assert "takes at most 0.00 million" in answer.content.decode()
    assert offered(answer) == [LOCAL]


def test_clip_is_extended_at_the_price_of_the_length(pages, story, five, take, sell):
    clip = take(five[0], "clip")
    sell("seedance2_5", ["extend"], kind="clip", price="0.30")
    assert offered(page(pages, story, clip)) == ["1.5000 runway_ml:seedance2_5"]
    assert offered(page(pages, story, clip, seconds=8)) == ["2.4000 runway_ml:seedance2_5"]
    answer = send(
        pages,
        story,
        clip,
        task="extend",
        words="",
        seconds=8,
        offer="2.4000 runway_ml:seedance2_5",
    )
    assert answer.status_code == 302
    request = from_json(Job.objects.get().data["parameters"]["request"])
    assert (request.edit.task, request.duration_ms, request.model) == (
        "extend",
        8000,
        "seedance2_5",
    )


def test_draft_is_finished_and_other_clips_are_not(pages, story, five, take, sell):
    sell("seedance2_5-draft", ["make"], kind="clip", price="0.06", draft=True)
    sell("seedance2_5-final", ["finish"], kind="clip", price="0.45")
    call = ProviderCall.objects.create(
        provider_id="runway_ml",
        kind="clip",
        model="seedance2_5-draft",
        key="draft",
        state="settled",
        task_id="t0",
        sending_at=timezone.now(),
        unit_price=Decimal("0.06"),
        units=5,
        estimate=Decimal("0.30"),
    )
    draft, other = take(five[0], "clip", call=call), take(five[1], "clip")
    shown = page(pages, story, draft)
    assert offered(shown) == ["2.2500 runway_ml:seedance2_5-final"]
    assert '<h3 id="edit-finish-title">Finish the draft</h3>' in flat(shown)
    assert offered(page(pages, story, other)) == []
    answer = send(
        pages, story, draft, task="finish", words="", offer="2.2500 runway_ml:seedance2_5-final"
    )
    assert answer.status_code == 302
    request = from_json(Job.objects.get().data["parameters"]["request"])
    assert (request.edit.task, request.edit.draft, request.model) == (
        "finish",
        "t0",
        "seedance2_5-final",
    )


@pytest.mark.moderate
def test_words_and_mask_make_another_take(pages, story, image):
    drawn = [{"points": [[10, 10], [90, 40]], "brush": 80}]
    sides = {"mask_left": 50, "mask_top": 0, "mask_width": 50, "mask_height": 100}
    answer = send(pages, story, image, mask=json.dumps(drawn), **sides)
    assert answer.status_code == 302
    assert answer["Location"].endswith("?kind=image")
    request = from_json(Job.objects.get().data["parameters"]["request"])
    assert [(shape.points, shape.brush) for shape in request.edit.mask] == [
        ([(10, 10), (90, 40)], 80),
        ([(500, 0), (1000, 1000)], 0),
    ]
    run_due()
    edited = Take.objects.get(edited_from=image)
    scene = pages.get("board_scene", story.pk, image.scene_id).content.decode()
    assert f'id="take-{edited.pk}"' in scene
    assert ">Change<" in scene


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"words": "", "words_en": " "}, "Describe what should change."),
        ({"mask": "[[1"}, "The mask cannot be read."),
        ({"mask": json.dumps([{"points": [[0, 0], [5000, 1]]}])}, "outside the picture"),
        ({"mask": "[" + "1," * 100_001}, "The mask cannot be read."),
        ({"mask_left": 10}, "all four sides"),
        ({"mask_left": 10, "mask_top": "x", "mask_width": 5, "mask_height": 5}, "all four sides"),
        ({"offer": ""}, "Confirm the price first."),
        ({"offer": "NaN local:"}, "Confirm the price first."),
        ({"offer": "0.0100 local:"}, "not 0.01"),
        ({"offer": "0.0000 nobody:"}, "no provider named"),
        ({"task": "extend"}, "cannot be done with this kind of take"),
        ({"task": "paint"}, "cannot be done with this kind of take"),
    ],
)
def test_bad_input_is_refused_in_words_and_loses_nothing(pages, story, image, values, words):
    values = {"words_en": "at night"} | values
    answer = send(pages, story, image, **values)
    assert answer.status_code in {409, 422}
    shown = answer.content.decode()
    assert words in shown
    if "words" not in values:
        assert "make it night</textarea>" in shown
        assert "at night</textarea>" in shown
    assert not Job.objects.exists()


@pytest.mark.moderate
def test_page_takes_the_same_queries_for_one_model_and_for_many(
    pages, story, image, sell, django_assert_max_num_queries
):
    for number in range(12):
        sell(f"m{number}", ["change", "upscale"])
    page(pages, story, image)
    with django_assert_max_num_queries(40):
        assert len(offered(page(pages, story, image))) == 25


def test_others_see_the_page_without_buttons_and_strangers_do_not_see_it(
    pages, story, image, make_person
):
    pages.login(make_person("colleague", role="producer"))
    answer = page(pages, story, image)
    assert answer.status_code in {200, 404}
    assert b'name="offer"' not in answer.content
    assert send(pages, story, image).status_code in {403, 404}
    assert not Job.objects.exists()
