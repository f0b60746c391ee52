"""`manage.py sweep`: what it finds, what it never touches, and that it removes nothing unasked."""

import os
from datetime import timedelta
from io import StringIO
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from django.contrib.sessions.models import Session
from django.core.files.base import ContentFile
from django.core.files.storage import storages
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import IdempotencyRecord, LogInAttempt, RefreshToken
from config import storage as config
from jobs.services.queue import enqueue
from operations import retention
from providers.models import ProviderCall, RawAnswer
from providers.store import save_as
from stories.models import Film, LineText, Scene, ScenePrompt, Take
from stories.services import scenes as domain
from stories.services.thumbnails import film_mark, thumb_name
from tests import services
from tests.stories.factories import make_scene, make_story, make_take

pytestmark = pytest.mark.django_db
WEEK = timedelta(days=7)


def name(folder: str, number: int, ending: str = ".mp4") -> str:
    digest = f"{number:064x}"
    return f"{folder}/{digest[:2]}/{digest}{ending}"


def put(name: str, *, days: float = 30) -> str:
    storages["media"].save(name, ContentFile(b"x" * 10))
    make_old(name, days=days)
    return name


def make_old(name: str, *, days: float) -> None:
    path = storages["media"].path(name)
    at = (timezone.now() - timedelta(days=days)).timestamp()
    os.utime(path, (at, at))


def swept(*options: str) -> str:
    out = StringIO()
    call_command("sweep", *options, stdout=out)
    return out.getvalue()


def test_file_that_any_row_names_is_never_an_orphan(owner: Any) -> None:
    story = make_story(owner=owner)
    scene = make_scene(story)
    take = make_take(scene)
    make_old(take.file, days=400)
    kept = {take.file, put(thumb_name(take, 320))}
    money = {
        "unit_price": 1,
        "units": 1,
        "estimate": 1,
        "request_hash": "h",
        "provider_id": "local",
        "kind": "image",
    }
    ProviderCall.objects.create(
        key="1", state="settled", result={"file": put(name("calls", 1))}, **money
    )
    ProviderCall.objects.create(
        key="2", state="unclear", request={"image_file": put(name("calls", 2, ".png"))}, **money
    )
    both = {"file": put(name("calls", 20)), "original": {"file": put(name("calls", 21))}}
    with_original = ProviderCall.objects.create(key="3", state="settled", result=both, **money)
    answer = put(name("answers", 22, ".sealed"))
    RawAnswer.objects.create(call=with_original, file=answer, size=10, stored_at=timezone.now())
    ScenePrompt.objects.create(text="x", reference_image=put(name("calls", 3, ".png")))
    facts = {
        "width": 1,
        "height": 1,
        "fps": 24,
        "frames": 1,
        "size_bytes": 1,
        "manifest_hash": "m",
        "story": story,
    }
    old, new = (f"{number:064x}" for number in (4, 5))
    Film.objects.create(
        kind="final",
        number=1,
        file=put(f"films/{story.pk}/final-1.mp4"),
        manifest={"segments": [{"hash": old}]},
        **facts,
    )
    Film.objects.create(
        kind="final",
        number=2,
        file=put(f"films/{story.pk}/final-2.mp4"),
        manifest={"segments": [{"hash": new}], "cross_fades": [{"hash": f"{9:064x}"}]},
        **facts,
    )
    kept |= {
        name("calls", 1),
        name("calls", 2, ".png"),
        name("calls", 3, ".png"),
        f"films/{story.pk}/final-1.mp4",
        f"films/{story.pk}/final-2.mp4",
    }
    kept |= {
        put(name("segments", 9)),
        put(name("segments", 5)),
        name("calls", 20),
        name("calls", 21),
        answer,
    }
    for film in Film.objects.all():
        mark = film_mark(film)
        kept.add(put(f"thumbs/{mark[:2]}/{mark}-1280.webp"))
    orphans = {
        put(name("segments", 4)),
        put(name("segments", 6)),
        put(name("calls", 7, ".png")),
        put(f"thumbs/ab/{'ab' * 32}-320.webp"),
    }
    orphans.add(put(name("answers", 23, ".sealed")))
    orphans |= {put("health/" + "0" * 32), put("calls/00/.half.png." + "0" * 32)}
    young, foreign = put(name("segments", 8), days=2), put("notes/readme.txt")

    found = retention.files(min_age=WEEK)
    assert {file for file, _size in found.orphans} == orphans
    assert (found.kept, found.young, found.unknown, found.orphan_bytes) == (
        len(kept),
        1,
        [foreign],
        10 * len(orphans),
    )

    swept()
    assert all(storages["media"].exists(file) for file in orphans)
    assert f"files removed: {len(orphans)}" in swept("--delete")
    assert not any(storages["media"].exists(file) for file in orphans)
    assert all(storages["media"].exists(file) for file in {*kept, young, foreign})


def test_file_that_a_row_names_meanwhile_stays(owner: Any) -> None:
    orphan, again = put(name("calls", 9, ".png")), put(name("calls", 10, ".png"))
    found = retention.files(min_age=WEEK)
    assert len(found.orphans) == 2
    ScenePrompt.objects.create(text="x", reference_image=orphan)
    same = Path(storages["media"].path(again)).parent / "same"
    same.write_bytes(b"x" * 10)
    save_as(same, again)  # made again: its row is about to be written
    assert retention.remove_files(found, min_age=WEEK) == 0
    assert storages["media"].exists(orphan)
    assert storages["media"].exists(again)


def test_files_of_the_last_day_are_out_of_reach() -> None:
    with pytest.raises(ValueError, match="a day"):
        retention.files(min_age=timedelta(hours=23))
    with pytest.raises(CommandError, match="at least 1 day"):
        swept("--min-age", "0.5", "--delete")


def test_rows_whose_time_is_over_go_and_others_stay(owner: Any) -> None:
    now = timezone.now()
    for key, ends in (("old", now - timedelta(hours=1)), ("new", now + timedelta(hours=1))):
        IdempotencyRecord.objects.create(user=owner, key=key, fingerprint="f", expires_at=ends)
        Session.objects.create(session_key=key, session_data="", expire_date=ends)
    for key, ends in (("old", now - timedelta(days=8)), ("seen", now - timedelta(days=1))):
        RefreshToken.objects.create(user=owner, token_hash=key, password_mark="m", expires_at=ends)
        LogInAttempt.objects.create(account=key, address="a", at=ends + timedelta(hours=1))
    text = swept("--delete", "--no-files")
    for message in (
        "kept answers: 1, removed 1",
        "refresh tokens: 1, removed 1",
        "log-in attempts: 1, removed 1",
        "sessions: 1, removed 1",
    ):
        assert message in text
    assert [row.key for row in IdempotencyRecord.objects.all()] == ["new"]
    assert [row.token_hash for row in RefreshToken.objects.all()] == ["seen"]
    assert [row.account for row in LogInAttempt.objects.all()] == ["seen"]


def test_deleted_scene_goes_after_its_time_with_its_takes_and_not_the_call(
    owner: Any, settings: Any
) -> None:
    settings.KEEP_DELETED_DAYS = 30
    story = make_story(owner=owner)
    live, young, old, busy = (make_scene(story) for _ in range(4))
    for scene in (young, old, busy):
        domain.delete(scene.pk, actor=owner)
    call = ProviderCall.objects.create(
        key="1",
        state="settled",
        provider_id="local",
        kind="image",
        unit_price=1,
        units=1,
        estimate=1,
        request_hash="h",
        result={"file": name("calls", 1)},
    )
    take = make_take(old)
    Take.objects.filter(pk=take.pk).update(call=call)
    Scene.objects.filter(pk__in=(old.pk, busy.pk)).update(
        deleted_at=timezone.now() - timedelta(days=31)
    )
    ScenePrompt.objects.update(created_at=timezone.now() - timedelta(days=31))
    enqueue(
        "scene_preview",
        data={"story_id": str(story.pk), "action": "x", "parameters": {}},
        subject=str(story.pk),
        item=str(busy.pk),
    )
    assert "deleted scenes: 1, removed 1" in swept("--delete", "--no-files")
    assert set(Scene.objects.values_list("pk", flat=True)) == {live.pk, young.pk, busy.pk}
    assert not Take.objects.filter(pk=take.pk).exists()
    assert ProviderCall.objects.filter(pk=call.pk).exists()
    swept("--delete", "--no-files")
    assert ScenePrompt.objects.count() == 3


@pytest.mark.fault_injection
def test_store_is_swept_and_its_bucket_made(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    with services.s3() as server:
        store = config.Store(
            server.url,
            server.access_key,
            server.secret_key,
            "a-new-bucket",
            "us-east-1",
            f"{server.url}/a-new-bucket",
        )
        settings.STORE, settings.STORAGES = store, {**settings.STORAGES, "media": store.backend()}
        for message in ("made", "is there"):
            out = StringIO()
            call_command("make_bucket", stdout=out)
            assert out.getvalue() == f"Bucket a-new-bucket {message}; its files are private.\n"
        orphan = storages["media"].save(name("segments", 6), ContentFile(b"x"))
        assert retention.files(min_age=WEEK).young == 1
        later = timezone.now() + timedelta(days=8)
        monkeypatch.setattr(retention, "timezone", SimpleNamespace(now=lambda: later))
        found = retention.files(min_age=WEEK)
        assert [file for file, _size in found.orphans] == [orphan]
        assert retention.remove_files(found, min_age=WEEK) == 1
        assert not storages["media"].exists(orphan)
        server.kill()
        with pytest.raises(CommandError, match="does not answer"):
            call_command("make_bucket", stdout=StringIO())
        with pytest.raises(CommandError, match="does not answer"):
            swept()


@pytest.mark.parametrize("number", [3, 700])
def test_each_table_is_read_once_however_many_files_there_are(owner: Any, number: int) -> None:
    """Calls name their files in JSON, which has no index: asked for a few names at a time, it would
    be read through each time.
    """
    money = {
        "unit_price": 1,
        "units": 1,
        "estimate": 1,
        "request_hash": "h",
        "provider_id": "local",
        "kind": "image",
    }
    for file in range(number):
        put(name("calls", file, ".png"), days=400)
    needed = {name("calls", file, ".png") for file in range(0, number, 2)}
    calls = [
        ProviderCall(key=f"{n}", state="settled", result={"file": file}, **money)
        for n, file in enumerate(sorted(needed))
    ]
    ProviderCall.objects.bulk_create(calls)
    with CaptureQueriesContext(connection) as captured:
        found = retention.files(min_age=WEEK)
    assert found.kept == len(needed)
    assert {file for file, _size in found.orphans} == {
        name("calls", file, ".png") for file in range(1, number, 2)
    }
    asked = [query["sql"] for query in captured if "providers_providercall" in query["sql"]]
    # Results, originals, pictures that were sent as start and as end, and edited takes.
    assert len(asked) == 5
    assert len(captured) == len(retention.SOURCES)


@pytest.mark.moderate
def test_references_take_eight_bytes_each() -> None:
    needed = retention.References(name("calls", number) for number in range(50_000))
    assert (len(needed), needed.digests.nbytes) == (50_000, 400_000)
    assert all(name("calls", number) in needed for number in range(0, 50_000, 97))
    assert not any(name("calls", number) in needed for number in range(50_000, 60_000))


def test_texts_of_lines_are_removed_when_nothing_has_them(owner):
    scene = make_scene(make_story(owner), narration="The sea.")
    for words in ("The sea is calm.", "The sea is wild."):
        domain.edit(scene.pk, actor=owner, narration=words)
    LineText.objects.create(text="of a removed scene")
    assert {found.name: found.count for found in retention.rows()}["texts of lines"] == 0
    LineText.objects.update(created_at=timezone.now() - timedelta(days=2))
    (unused,) = [found for found in retention.rows() if found.name == "texts of lines"]
    assert (unused.count, unused.remove()) == (1, 1)
    assert LineText.objects.count() == 3
