"""The studio's library: versions that stories use, and newer ones with their price."""

import io
from decimal import Decimal

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from PIL import Image

from operations.retention import references
from providers.models import AIProviderConfig
from stories.errors import Conflict, Forbidden, Invalid
from stories.models import CastMember, LibraryVersion, Look, SheetTake
from stories.services import cast, library, sheets
from stories.services.cast import Appearance
from stories.services.fingerprints import is_stale
from stories.services.plan import load_scenes
from tests.stories.factories import first_look, make_scene, make_story, make_take

pytestmark = pytest.mark.django_db


def picture(color):
    file = io.BytesIO()
    Image.new("RGB", (640, 360), color).save(file, "PNG")
    return SimpleUploadedFile("sheet.png", file.getvalue(), content_type="image/png")


@pytest.fixture
def story(owner):
    return make_story(owner, status="planned", title="First")


@pytest.fixture
def haru(story, owner):
    about = {"description": "빨간 외투를 입은 소녀", "description_en": "a girl in a red coat"}
    member = cast.create_member(story.pk, actor=owner, name="Haru", **about)
    cast.add_look(member.pk, actor=owner, name="winter", description="목도리")
    sheets.upload(first_look(member).pk, file=picture("#c03030"), actor=owner)
    return member


@pytest.fixture
def second(make_person):
    """Another producer's story of three scenes; the pictures of the first two show her."""
    other = make_person("other", role="producer")
    AIProviderConfig.objects.get(provider="local").models.create(
        kind="image", name="paid", is_default=True, price=Decimal("0.25"), unit="image"
    )
    story = make_story(other, status="planned", title="Second")
    for _ in range(3):
        make_scene(story)
    return story


def shown_in(story, member, count):
    look = first_look(member)
    scenes = load_scenes(story)
    for scene in scenes[:count]:
        cast.set_scene_cast(scene.pk, actor=story.owner, appearances=[Appearance(look.pk)])
    for scene in load_scenes(story):
        make_take(scene)


def stale(story):
    return [s.position for s in load_scenes(story) if is_stale(story, s, s.image_take)]


def test_a_member_goes_into_the_library_and_into_another_story(story, haru, owner, second):
    version = library.publish(haru.pk, actor=owner)
    assert (version.number, version.name, version.looks.count()) == (1, "Haru", 2)
    copy = library.use(second.pk, version.pk, actor=second.owner)
    assert (copy.name, copy.description_en) == ("Haru", "a girl in a red coat")
    assert copy.library_id == version.pk
    names = Look.live.filter(member=copy).values_list("name", flat=True)
    assert sorted(names) == ["", "winter"]
    mine, theirs = first_look(haru), first_look(copy)
    assert theirs.sheet.sha256 == mine.sheet.sha256
    assert theirs.sheet.pk != mine.sheet.pk
    with pytest.raises(Invalid):  # there is a Haru already
        library.use(second.pk, version.pk, actor=second.owner)


def test_an_unchanged_member_makes_no_second_version(haru, owner):
    library.publish(haru.pk, actor=owner)
    with pytest.raises(Invalid):
        library.publish(haru.pk, actor=owner)
    cast.edit_member(haru.pk, actor=owner, description_en="a girl in a blue coat")
    assert library.publish(haru.pk, actor=owner).number == 2
    assert LibraryVersion.objects.count() == 2


@pytest.mark.moderate
def test_a_newer_version_changes_nothing_until_it_is_taken(story, haru, owner, second):
    first = library.publish(haru.pk, actor=owner)
    copy = library.use(second.pk, first.pk, actor=second.owner)
    shown_in(second, copy, 2)
    assert library.newer_than_pinned([copy]) == {}
    cast.edit_member(haru.pk, actor=owner, description_en="a girl in a blue coat")
    newer = library.publish(haru.pk, actor=owner)
    assert stale(second) == []
    assert library.newer_than_pinned([CastMember.objects.get(pk=copy.pk)]) == {copy.pk: newer}

    quote = library.quote(copy.pk, actor=second.owner)
    assert (quote.version, quote.scenes, quote.total) == (newer, [1, 2], Decimal("0.50"))
    assert stale(second) == []  # the quote has changed nothing
    assert CastMember.objects.get(pk=copy.pk).library_id == first.pk

    library.update(copy.pk, actor=second.owner, version_id=newer.pk)
    assert stale(second) == [1, 2]
    assert CastMember.objects.get(pk=copy.pk).description_en == "a girl in a blue coat"
    with pytest.raises(Conflict):
        library.quote(copy.pk, actor=second.owner)


def test_another_sheet_and_another_name_come_with_the_newer_version(haru, owner, second):
    first = library.publish(haru.pk, actor=owner)
    copy = library.use(second.pk, first.pk, actor=second.owner)
    shown_in(second, copy, 1)
    cast.add_look(copy.pk, actor=second.owner, name="rain")
    sheets.upload(first_look(haru).pk, file=picture("#3030c0"), actor=owner)
    cast.edit_member(haru.pk, actor=owner, name="Haru Kim")
    winter = Look.live.get(member=haru, name="winter")
    cast.delete_look(winter.pk, actor=owner)
    newer = library.publish(haru.pk, actor=owner)
    library.update(copy.pk, actor=second.owner, version_id=newer.pk)
    updated = CastMember.objects.get(pk=copy.pk)
    assert (updated.name, updated.aliases) == ("Haru Kim", ["Haru"])
    looks = Look.live.filter(member=copy).values_list("name", flat=True)
    assert sorted(looks) == ["", "rain"]  # its own look stays, the library's is gone
    assert first_look(copy).sheet.sha256 == first_look(haru).sheet.sha256
    assert SheetTake.objects.filter(look__member=copy).count() == 2
    assert stale(second) == [1]


def test_what_is_not_the_newest_version_is_not_taken(haru, owner, second):
    first = library.publish(haru.pk, actor=owner)
    copy = library.use(second.pk, first.pk, actor=second.owner)
    for color in ("blue", "green"):
        cast.edit_member(haru.pk, actor=owner, description_en=f"a {color} coat")
        library.publish(haru.pk, actor=owner)
    middle = LibraryVersion.objects.get(number=2)
    with pytest.raises(Conflict):
        library.update(copy.pk, actor=second.owner, version_id=middle.pk)
    assert CastMember.objects.get(pk=copy.pk).library_id == first.pk


def test_who_may(story, haru, owner, second):
    with pytest.raises(Forbidden):
        library.publish(haru.pk, actor=second.owner)
    version = library.publish(haru.pk, actor=owner)
    with pytest.raises(Forbidden):
        library.use(second.pk, version.pk, actor=owner)
    copy = library.use(second.pk, version.pk, actor=second.owner)
    for change in (library.quote, lambda *a, **k: library.update(*a, version_id=version.pk, **k)):
        with pytest.raises(Forbidden):
            change(copy.pk, actor=owner)


def test_the_files_of_the_library_stay_when_their_story_is_deleted(story, haru, owner):
    library.publish(haru.pk, actor=owner)
    file = first_look(haru).sheet.file
    story.delete()
    assert file in references()
    assert LibraryVersion.objects.count() == 1


@pytest.mark.parametrize("members", [1, 3])
@pytest.mark.moderate
def test_the_pages_ask_the_same_number_of_times(
    client, owner, story, second, django_assert_max_num_queries, members
):
    for number in range(members):
        member = cast.create_member(story.pk, actor=owner, name=f"M{number}")
        library.use(second.pk, library.publish(member.pk, actor=owner).pk, actor=second.owner)
        cast.edit_member(member.pk, actor=owner, description="other")
        library.publish(member.pk, actor=owner)
    client.force_login(second.owner)
    page = reverse("admin:stories_story_cast", args=[second.pk])
    client.get(page)
    with django_assert_max_num_queries(45):
        text = client.get(page).content.decode()
    assert text.count("/newer/") == members


@pytest.mark.moderate
def test_the_pages_do_it_without_scripts(client, story, haru, owner, second):
    client.force_login(owner)
    do = reverse("admin:stories_story_member_do", args=[story.pk, haru.pk, "publish"])
    assert client.post(do).status_code == 302
    version = LibraryVersion.objects.get()
    client.force_login(second.owner)
    use = reverse("admin:stories_story_cast_use", args=[second.pk])
    client.post(use, {"version": str(version.pk)})
    copy = CastMember.objects.get(story=second)
    cast.edit_member(haru.pk, actor=owner, description_en="a girl in a blue coat")
    newer = library.publish(haru.pk, actor=owner)
    page = reverse("admin:stories_story_member_newer", args=[second.pk, copy.pk])
    assert "blue coat" in client.get(page).content.decode()
    take = reverse("admin:stories_story_member_do", args=[second.pk, copy.pk, "newer"])
    client.post(take, {"version": str(newer.pk)})
    assert CastMember.objects.get(pk=copy.pk).library_id == newer.pk
    assert client.get(page).status_code == 302
    shown = reverse("admin:stories_story_member", args=[second.pk, copy.pk])
    assert client.get(shown).status_code == 200
