"""The catalogue of models: what a newer one would change, and what accepting it does."""

import json
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils.html import strip_tags

from providers.backends.runway.adapter import RunwayAdapter
from providers.errors import Forbidden, Invalid, NotConfigured
from providers.models import AIProviderConfig, MoneyChange, ProviderModel
from providers.prices import model_row, spec_from
from providers.requests import ImageRequest
from providers.services import catalogue, connections
from tests.markup import flat


@pytest.fixture
def runway(db: None) -> AIProviderConfig:
    return AIProviderConfig.objects.get(provider="runway_ml")


def file(**changes: Any) -> bytes:
    """The shipped catalogue; each change is a model's new price, or None to leave it out."""
    content = json.loads(max(catalogue.FOLDER.glob("*.json")).read_bytes())
    content["read_on"] = "2026-12-24"
    models = []
    for entry in content["models"]:
        change = changes.get(entry["name"], entry)
        if change is None:
            continue
        models.append(entry | (change if change is not entry else {}))
    return json.dumps(content | {"models": models}).encode()


NEWER: dict[str, Any] = {
    "gen4_turbo": {"price": "0.04", "priced_on": "2026-12-24"},
    "gen4.5": {"price": "0.15", "priced_on": "2026-12-24"},
    "veo3.1_fast": {"price": None, "priced_on": None},
    "veo3.1": None,
    "wan3": {"price": "0.30", "priced_on": "2026-12-24"},
    "seedance2_5": {"price": "0.45", "priced_on": "2026-12-24"},
}


def test_installation_agrees_with_the_catalogue_it_came_with(db: None) -> None:
    shipped = catalogue.shipped()
    for config in AIProviderConfig.objects.all():
        assert catalogue.changes(config, shipped) == [], config.provider


def test_every_entry_says_where_its_price_is_from() -> None:
    for entry in catalogue.shipped().models:
        assert entry.source, entry.name
        assert entry.price is not None or entry.note, entry.name


# What is bought most, and the rows that make it. Each has a price with its day and source.
LEADERS: dict[str, list[str]] = {
    "a picture": [
        *("fal-ai/nano-banana-2/edit", "gemini_2.5_flash", "gemini_image3_pro", "gen4_image"),
        *("core", "sd3.5-flash", "sd3.5-large", "sd3.5-large-turbo", "sd3.5-medium", "ultra"),
    ],
    "a changed picture": ["fal-ai/nano-banana-2/edit", "gen4_image", "inpaint"],
    "a clip from references": [
        *("fal-ai/veo3.1/reference-to-video", "google/veo-3.1", "seedance2-references"),
    ],
    "a clip with sound": [
        *("fal-ai/veo3/image-to-video-sound", "veo3.1-sound", "veo3.1_fast-sound"),
    ],
    "an upscaled picture": [
        *("magnific_precision_upscaler_v2", "upscale-conservative", "upscale-fast"),
    ],
    "an upscaled clip": [
        *("fal-ai/bytedance-upscaler/upscale/video", "magnific_video_upscaler_creative"),
    ],
}


def makes(entry: catalogue.Entry, what: str) -> bool:
    tasks = set(entry.capabilities.get("tasks", ["make"]))
    kind = "clip" if "clip" in what else "image"
    if entry.kind != kind:
        return False
    return {
        "a picture": "make" in tasks,
        "a changed picture": bool(tasks & {"change", "mask"}),
        "a clip from references": "make" in tasks and "references" in entry.capabilities,
        "a clip with sound": entry.capabilities.get("audio") == "on",
    }.get(what, "upscale" in tasks)


@pytest.mark.parametrize("what", sorted(LEADERS))
def test_what_is_bought_most_has_rows_with_price_day_and_source(what: str) -> None:
    found = [entry for entry in catalogue.shipped().models if makes(entry, what) and entry.price]
    assert sorted(entry.name for entry in found) == sorted(LEADERS[what])
    for entry in found:
        assert entry.priced_on
        assert date(2025, 8, 1) <= entry.priced_on <= date(2026, 11, 30)
        assert entry.source


def test_model_without_a_price_is_never_called_at_another_price(runway: AIProviderConfig) -> None:
    unpriced = runway.models.filter(price=None, stands_for="")
    assert unpriced.exists()
    assert not unpriced.filter(is_active=True).exists()
    with pytest.raises(NotConfigured, match="gpt_image_2"):
        model_row(runway, ImageRequest(prompt="sea", model="gpt_image_2"))
    row = model_row(runway, ImageRequest(prompt="sea"))
    assert row is not None
    assert row.name == "gen4_image"


def test_what_a_newer_catalogue_would_change(runway: AIProviderConfig) -> None:
    found = catalogue.changes(runway, catalogue.read(file(**NEWER)))
    assert [(one.name, one.what, one.before, one.after) for one in found] == [
        ("gen4.5", "raised", Decimal("0.12"), Decimal("0.15")),
        ("gen4_turbo", "lowered", Decimal("0.05"), Decimal("0.04")),
        ("seedance2_5", "priced", None, Decimal("0.45")),
        ("veo3.1", "vanished", Decimal("0.20"), None),
        ("veo3.1_fast", "unpriced", Decimal("0.10"), None),
        ("wan3", "raised", Decimal("0.10"), Decimal("0.30")),
    ]


def test_only_what_is_accepted_changes(runway: AIProviderConfig, admin_user: User) -> None:
    newer = catalogue.read(file(**NEWER))
    chosen = {"clip:gen4_turbo", "clip:veo3.1", "clip:veo3.1_fast", "clip:nothing"}
    made = catalogue.accept(runway, newer, chosen, actor=admin_user)
    assert {one.name for one in made} == {"gen4_turbo", "veo3.1", "veo3.1_fast"}
    rows = {row.name: row for row in runway.models.filter(kind="clip")}
    assert (rows["gen4_turbo"].price, str(rows["gen4_turbo"].priced_on)) == (
        Decimal("0.04"),
        "2026-12-24",
    )
    assert rows["gen4_turbo"].is_default
    assert rows["gen4.5"].price == Decimal("0.12")
    assert not rows["veo3.1"].is_active
    assert not rows["veo3.1_fast"].is_active  # and not called at the connection's own price
    assert MoneyChange.objects.filter(provider="runway_ml", actor=admin_user).count() == 1
    left = catalogue.changes(runway, newer)
    assert [one.name for one in left] == ["gen4.5", "seedance2_5", "wan3"]


def test_accepting_twice_changes_nothing_more(runway: AIProviderConfig, admin_user: User) -> None:
    newer = catalogue.read(file(**NEWER))
    every = {one.key for one in catalogue.changes(runway, newer)}
    catalogue.accept(runway, newer, every, actor=admin_user)
    assert catalogue.accept(runway, newer, every, actor=admin_user) == []


def test_models_that_a_person_added_do_not_vanish(runway: AIProviderConfig) -> None:
    ProviderModel.objects.create(provider=runway, name="ours", kind="clip", unit="second", price=1)
    assert catalogue.changes(runway, catalogue.shipped()) == []


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "not a catalogue"),
        (b"[]", "not a catalogue"),
        (b'{"read_on": "soon", "models": []}', "not a catalogue"),
        (b"[" * 100_000, "not a catalogue"),
        (b" " * (1024 * 1024 + 1), "larger than 1 MB"),
        (file(core={"price": "-1"}), "“core” cannot be used"),
        (file(core={"price": "1001"}), "“core” cannot be used"),
        (file(core={"price": "NaN"}), "not a catalogue|cannot be used"),
        (file(core={"priced_on": None}), "“core” cannot be used"),
        (file(core={"durations": [0]}), "“core” cannot be used"),
        (file(core={"name": "x" * 81}), "cannot be used"),
        (file(core={"name": "ultra"}), "names a model twice"),
        (file(core={"kind": "hologram"}), "not a catalogue"),
        (file(core={"wages": 1}), "not a catalogue"),
    ],
)
def test_files_that_are_no_catalogue(content: bytes, words: str) -> None:
    with pytest.raises(Invalid, match=words):
        catalogue.read(content)


def test_first_connection_of_a_kind_begins_with_the_catalogue(db: None, admin_user: User) -> None:
    config = connections.add(
        AIProviderConfig(kind="openai_images", provider="pictures", name="Pictures"),
        actor=admin_user,
    )
    row = config.models.get(name="gpt-image-1")
    assert (row.is_active, row.ratios["16:9"]) == (False, "1536x1024")


def test_first_connection_uses_models_that_make_something_from_words(
    db: None, admin_user: User
) -> None:
    """Neither an upscaler nor a model that needs a reference sheet."""
    config = connections.add(
        AIProviderConfig(kind="fal", provider="fal", name="fal"), actor=admin_user
    )
    used = config.models.filter(is_default=True).values_list("kind", "name")
    assert list(used) == [("clip", "fal-ai/kling-video/v2.5-turbo/pro/image-to-video")]
    active = config.models.filter(is_active=True)
    assert active.filter(price=None).count() == 0
    assert active.count() == 7


def test_requests_follow_the_row(runway: AIProviderConfig) -> None:
    adapter = RunwayAdapter(runway)
    specs = {row.name: spec_from(row, row.name) for row in runway.models.all()}
    assert "seed" in adapter.used_fields("image", specs["gen4_image"])  # type: ignore[arg-type]
    assert "seed" not in adapter.used_fields("image", specs["gemini_2.5_flash"])  # type: ignore[arg-type]
    assert "negative" in adapter.used_fields("clip", specs["veo3.1"])  # type: ignore[arg-type]
    assert "negative" not in adapter.used_fields("clip", specs["gen4.5"])  # type: ignore[arg-type]


# --- the page


def test_person_sees_and_accepts(runway: AIProviderConfig, admin_client: Any) -> None:
    page = reverse("admin:providers_catalogue", args=[runway.pk])
    assert "agree with the catalogue" in admin_client.get(page).content.decode()
    sent = {"file": SimpleUploadedFile("catalogue.json", file(**NEWER))}
    shown = admin_client.post(page, sent).content.decode()
    for words in ("price lowered", "price raised", "price vanished", "model vanished"):
        assert words in shown
    assert runway.models.get(name="gen4_turbo").price == Decimal("0.05")
    form = {"content": file(**NEWER).decode(), "accept": "1", "chosen": ["clip:gen4.5"]}
    form["file"] = SimpleUploadedFile("other.json", file(**{"gen4.5": {"price": "9"}}))
    assert admin_client.post(page, form).status_code == 302
    assert runway.models.get(name="gen4.5").price == Decimal("0.15")
    assert runway.models.get(name="gen4_turbo").price == Decimal("0.05")
    assert admin_client.post(page, {"content": "x", "accept": "1"}).status_code == 422


def test_page_is_for_those_who_change_providers(runway: AIProviderConfig, client: Any) -> None:
    person = User.objects.create_user("kim", is_staff=True)
    client.force_login(person)
    page = reverse("admin:providers_catalogue", args=[runway.pk])
    assert client.get(page).status_code == 403
    with pytest.raises(Forbidden):
        catalogue.accept(runway, catalogue.shipped(), set(), actor=person)


@pytest.mark.moderate
def test_connection_that_is_not_set_up_says_what_is_open(
    runway: AIProviderConfig, admin_client: Any
) -> None:
    page = reverse("admin:providers_aiproviderconfig_change", args=[runway.pk])
    shown = strip_tags(flat(admin_client.get(page)))
    assert "1. Key: open · 2. Test: open · 3. Model with a price: done" in shown
    AIProviderConfig.objects.filter(pk=runway.pk).update(is_active=True)
    assert "Set up in three steps" not in admin_client.get(page).content.decode()
