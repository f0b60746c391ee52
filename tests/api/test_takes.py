"""What the API says of the automatic check."""

import pytest

from stories.models import Take
from tests.stories.factories import make_scene, make_take

pytestmark = [pytest.mark.django_db, pytest.mark.page]


def test_doubts_of_takes_and_a_filter_by_them(mine, world):
    scene = make_scene(world.story)
    doubtful, good = make_take(scene), make_take(scene)
    Take.objects.filter(pk=doubtful.pk).update(doubts="black size")

    def listed(filters=""):
        items = mine.ask("GET", f"scenes/{scene.pk}/takes/{filters}").json()["items"]
        return {item["id"]: item["doubts"] for item in items}

    both = {str(doubtful.pk): ["black", "size"], str(good.pk): []}
    assert listed() == both
    assert listed("?doubtful=true") == {str(doubtful.pk): ["black", "size"]}
    assert listed("?doubtful=false") == {str(good.pk): []}
    assert mine.ask("GET", f"takes/{doubtful.pk}/").json()["doubts"] == ["black", "size"]
    assert mine.ask("GET", f"scenes/{scene.pk}/takes/?doubtful=maybe").status_code == 422
