"""A take of another format: what the film shows of it is said, can be chosen, and decides the
segment.
"""

import io

import numpy as np
import pytest
from PIL import Image

from media.errors import MediaError
from stories.errors import Forbidden, Invalid
from stories.film.segments import encode, segments_of, work_folder
from stories.models import Take
from stories.services.crops import shown_part
from stories.services.plan import plan_generation
from stories.services.takes import choose_crop
from tests.media.film import frames_of
from tests.stories.factories import make_scene, make_story, make_take

pytestmark = pytest.mark.django_db


def picture(size, left="red", right="blue"):
    """Left half one colour, right half another."""
    image = Image.new("RGB", size, left)
    image.paste(right, (size[0] // 2, 0, *size))
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue()


def tall_story(owner, **values):
    story = make_story(owner, aspect_ratio="9:16", burn_captions=False, **values)
    scene = make_scene(story, duration_seconds=1, camera="still")
    return (
        story,
        scene,
        make_take(scene, content=picture((1280, 720)), input_hash="", source="uploaded"),
    )


def test_a_take_of_the_films_format_is_shown_whole(owner):
    story = make_story(owner)
    take = make_take(make_scene(story), width=1344, height=768)  # as models make 16:9
    assert shown_part(story, take) is None
    assert plan_generation(story, "image").items[0].warnings == ()


def test_a_wide_take_in_a_tall_film_is_said_in_the_plan_and_shows_its_middle(owner):
    story, _scene, take = tall_story(owner)
    shown = shown_part(story, take)
    assert (shown.crop.top, shown.crop.height, shown.chosen) == (0, 1, False)
    assert shown.crop.left == pytest.approx((1 - shown.crop.width) / 2, abs=1e-5)
    assert shown.crop.width * 1280 / 720 == pytest.approx(9 / 16, abs=1e-4)
    (warning,) = plan_generation(story, "image").items[0].warnings
    assert warning.values == {"take": "1280 x 720", "film": "9:16"}
    assert "middle" in str(warning)


def test_a_chosen_part_is_kept_and_said(owner):
    story, _scene, take = tall_story(owner)
    choose_crop(take.pk, x=1.0, y=0.3, actor=owner)
    take = Take.objects.get(pk=take.pk)
    assert take.crop[0] + take.crop[2] == pytest.approx(1, abs=1e-5)
    assert shown_part(story, take).x == pytest.approx(1)
    (warning,) = plan_generation(story, "image").items[0].warnings
    assert "chosen" in str(warning)


def test_a_chosen_part_keeps_its_middle_in_another_format(owner):
    story, _scene, take = tall_story(owner)
    choose_crop(take.pk, x=1.0, y=0.5, actor=owner)
    story.aspect_ratio = "1:1"
    shown = shown_part(story, Take.objects.get(pk=take.pk))
    assert shown.crop.left + shown.crop.width == pytest.approx(1, abs=1e-5)
    story.aspect_ratio = "16:9"
    assert shown_part(story, Take.objects.get(pk=take.pk)) is None


@pytest.mark.parametrize(("x", "colour"), [(0.0, 0), (1.0, 2)])
def test_the_film_shows_the_chosen_part(owner, x, colour):
    story, scene, take = tall_story(owner)
    before = segments_of(story, [scene], "preview")[0].hash
    choose_crop(take.pk, x=x, y=0.5, actor=owner)
    scene.image_take.refresh_from_db()
    (segment,) = segments_of(story, [scene], "preview")
    assert segment.hash != before
    with work_folder() as folder:
        frames = frames_of(
            encode(segment, folder, should_stop=lambda: False, on_progress=lambda _percent: None),
            segment.size,
        )
    assert frames[5, ..., colour].min() > 180
    assert np.delete(frames[5], colour, axis=2).max() < 70


def test_only_the_owner_chooses_and_only_where_there_is_a_choice(owner, django_user_model):
    _story, _scene, take = tall_story(owner)
    with pytest.raises(Forbidden):
        choose_crop(
            take.pk,
            x=0.1,
            y=0.5,
            actor=django_user_model.objects.create_user("other", is_staff=True),
        )
    for wrong in (-0.1, 1.1, float("nan")):
        with pytest.raises(Invalid):
            choose_crop(take.pk, x=wrong, y=0.5, actor=owner)
    alike = make_take(make_scene(make_story(owner)))
    with pytest.raises(Invalid, match="all of it is shown"):
        choose_crop(alike.pk, x=0.1, y=0.5, actor=owner)
    take.refresh_from_db()
    assert take.crop is None


def test_letters_that_no_font_has_are_said_before_anything_is_paid(owner):
    story = make_story(owner)
    make_scene(story, narration="Runes ᚠᚢ here")
    make_scene(story, narration="Łódź 离开 مرحبا 😀")
    runes, fine = plan_generation(story, "image").items
    assert [warning.values for warning in runes.warnings] == [{"characters": "ᚠ ᚢ"}]
    assert fine.warnings == ()
    story.burn_captions = False
    assert plan_generation(story, "image").items[0].warnings == ()


def test_a_film_that_fails_for_one_file_names_scene_and_take(owner):
    from stories.film.segments import naming

    story = make_story(owner)
    make_scene(story)
    scene = make_scene(story)
    make_take(scene)
    make_take(scene, content=b"no picture at all")
    (segment,) = segments_of(story, [scene], "preview")
    with pytest.raises(MediaError) as caught, work_folder() as folder, naming(segment):
        encode(segment, folder, should_stop=lambda: False, on_progress=lambda _percent: None)
    assert caught.value.code == "broken_input"
    assert caught.value.sentence.values == {"position": 2, "take": 2}
