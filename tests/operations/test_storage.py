"""The media storage on a real S3-compatible store: links, ranges, privacy, and what is said when
the store is away.
"""

import os
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.core.files.base import ContentFile
from django.core.files.storage import storages
from django.test import RequestFactory

from config import storage as config
from config.s3_storage import MediaStorage
from core.file_serving import serve
from core.unavailable import StoreUnavailable
from providers import store as provider_store
from stories.film.segments import fetch
from tests import services

NAME = f"calls/ab/{'ab' * 32}.mp4"
DATA = bytes(range(256)) * 40


@pytest.fixture(scope="module")
def server() -> Iterator[services.S3]:
    with services.s3() as server:
        yield server


def store(server: services.S3, **changes: str) -> config.Store:
    given = {
        "access_key": server.access_key,
        "secret_key": server.secret_key,
        "bucket": server.bucket,
    }
    values = {
        "endpoint": server.url,
        "region": "us-east-1",
        "public": f"{server.url}/{server.bucket}",
        **given,
        **changes,
    }
    return config.Store(**values)


def media_on(server: services.S3, **changes: str) -> MediaStorage:
    return MediaStorage(**store(server, **changes).backend()["OPTIONS"])


@pytest.fixture
def media(server: services.S3, settings: Any) -> MediaStorage:
    settings.STORAGES = {**settings.STORAGES, "media": store(server).backend()}
    found = storages["media"]
    assert isinstance(found, MediaStorage)
    return found


def get(url: str, **headers: str) -> tuple[int, bytes, Any]:
    try:
        with urllib.request.urlopen(
            urllib.request.Request(url, headers=headers), timeout=10
        ) as answer:
            return answer.status, answer.read(), answer.headers
    except urllib.error.HTTPError as error:
        return error.code, b"", error.headers


@pytest.mark.moderate
def test_file_is_written_read_listed_and_deleted(media: MediaStorage) -> None:
    name = media.save("장면/1.bin", ContentFile(DATA))
    assert name == "장면/1.bin"
    assert media.exists(name)
    assert media.size(name) == len(DATA)
    with media.open(name, "rb") as file:
        assert file.read() == DATA
    assert [(key, size) for key, size, _at in media.objects("장면/")] == [(name, len(DATA))]
    media.delete(name)
    assert not media.exists(name)
    with pytest.raises(FileNotFoundError):
        media.open(name, "rb")


def test_same_name_is_written_again_without_a_second_file(media: MediaStorage) -> None:
    assert media.save(NAME, ContentFile(DATA)) == media.save(NAME, ContentFile(DATA)) == NAME


def test_objects_are_private(media: MediaStorage, server: services.S3) -> None:
    media.save(NAME, ContentFile(DATA))
    assert get(f"{server.url}/{server.bucket}/{NAME}")[0] == 403
    link = media.url(NAME, expire=60)
    assert get(link)[:2] == (200, DATA)
    assert get(link[:-1] + ("0" if link[-1] != "0" else "1"))[0] == 403
    assert get(link.replace("ab.mp4", "ab.mp3"))[0] == 403


def test_link_gives_ranges_the_type_and_the_name_that_were_asked_for(media: MediaStorage) -> None:
    name = media.save(f"films/바다/{'1' * 8} final.mp4", ContentFile(DATA))
    parameters = {
        "ResponseContentType": "video/mp4",
        "ResponseContentDisposition": "attachment; filename*=utf-8''%EB%B0%94%EB%8B%A4.mp4",
    }
    status, body, headers = get(
        media.url(name, parameters=parameters, expire=600), Range="bytes=10-19"
    )
    assert (status, body) == (206, DATA[10:20])
    assert headers["Content-Range"] == f"bytes 10-19/{len(DATA)}"
    assert headers["Content-Type"] == "video/mp4"
    assert headers["Content-Disposition"] == parameters["ResponseContentDisposition"]
    assert headers["Cache-Control"].startswith("private, max-age=")


def test_link_stays_the_same_for_a_while_and_ends(
    media: MediaStorage, monkeypatch: pytest.MonkeyPatch
) -> None:
    media.save(NAME, ContentFile(DATA))
    now = 1_790_000_000 // 900 * 900
    monkeypatch.setattr("config.s3_storage.time.time", lambda: now + 1)
    first = media.url(NAME, expire=3600)
    monkeypatch.setattr("config.s3_storage.time.time", lambda: now + 899)
    assert media.url(NAME, expire=3598) == first
    monkeypatch.setattr("config.s3_storage.time.time", lambda: now + 901)
    assert media.url(NAME, expire=3600) != first
    assert get(first)[0] == 403  # signed for a time that is over, or to come


def test_served_file_redirects_to_a_link_that_works(media: MediaStorage) -> None:
    media.save(NAME, ContentFile(DATA))
    response: Any = serve(RequestFactory().get("/"), NAME, filename="The sea.mp4", download=True)
    assert response.status_code == 302
    status, body, headers = get(response.url, Range="bytes=0-3")
    assert (status, body, headers["Content-Type"]) == (206, DATA[:4], "video/mp4")
    assert headers["Content-Disposition"] == 'attachment; filename="The sea.mp4"'


@pytest.mark.moderate
def test_results_and_segments_go_through_the_store(media: MediaStorage, tmp_path: Any) -> None:
    file = tmp_path / "result"
    file.write_bytes(DATA)
    stored = provider_store.save(file, "png")
    assert media.exists(stored.name)
    assert provider_store.save(file, "png") == stored
    assert fetch(stored.name, tmp_path).read_bytes() == DATA
    with provider_store.local_copy(stored.name, tmp_path) as copy:
        assert copy.read_bytes() == DATA


@pytest.mark.moderate
def test_threads_and_forked_children_have_connections_of_their_own(media: MediaStorage) -> None:
    media.save(NAME, ContentFile(DATA))
    mine = media.connection
    others: list[Any] = []
    thread = threading.Thread(target=lambda: others.append(media.connection))
    thread.start()
    thread.join()
    assert others[0] is not mine
    reader, writer = os.pipe()
    if not (pid := os.fork()):
        os.write(
            writer, b"own" if media.connection is not mine and media.exists(NAME) else b"shared"
        )
        os._exit(0)
    os.waitpid(pid, 0)
    assert os.read(reader, 10) == b"own"
    os.close(reader)
    os.close(writer)


def test_wrong_key_is_told_without_the_key(server: services.S3) -> None:
    with pytest.raises(StoreUnavailable, match="403") as caught:
        media_on(server, secret_key="wrong-secret-of-ours").open(NAME, "rb")
    assert "wrong-secret" not in f"{caught.value!r} {caught.value}"


def test_public_address_is_the_one_that_is_signed(server: services.S3) -> None:
    behind = media_on(
        server, endpoint="http://store.internal:9000"
    )  # the studio's own way is another
    media_on(server).save(NAME, ContentFile(DATA))
    assert get(behind.url(NAME, expire=60))[:2] == (200, DATA)


@pytest.mark.fault_injection
def test_store_that_ended_or_hangs_is_reported_and_used_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("config.s3_storage.ANSWER_SECONDS", 4)
    with services.s3() as server:
        media = media_on(server)
        media.save(NAME, ContentFile(DATA))
        server.kill()
        with pytest.raises(StoreUnavailable, match="does not answer"):
            media.exists(NAME)
        server.start()
        assert media.size(NAME) == len(DATA)
        server.freeze()
        with pytest.raises(StoreUnavailable, match="does not answer"):
            media.exists(NAME)
        server.thaw()
        assert media.exists(NAME)
        media.connection.meta.client.close()


# --- the variables

GIVEN = {
    "MINIO_ENDPOINT": "minio:9000",
    "MINIO_ACCESS_KEY": "key",
    "MINIO_SECRET_KEY": "secret",
    "MINIO_BUCKET": "films",
}


@pytest.fixture
def given(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    for name in ("STORAGE_BASE_URL", "MINIO_SECURE", "MINIO_REGION", "MINIO_CHECKSUMS"):
        monkeypatch.delenv(name, raising=False)
    for name, value in GIVEN.items():
        monkeypatch.setenv(name, value)
    return monkeypatch


def test_no_endpoint_means_a_folder(given: pytest.MonkeyPatch, tmp_path: Any) -> None:
    given.delenv("MINIO_ENDPOINT")
    assert config.store_from_env() is None
    assert config.storages(tmp_path, None, debug=False)["media"]["OPTIONS"] == {
        "location": tmp_path
    }


@pytest.mark.parametrize(
    ("changes", "endpoint", "public", "origin"),
    [
        ({}, "http://minio:9000", "http://minio:9000/films", "http://minio:9000"),
        (
            {"MINIO_SECURE": "1"},
            "https://minio:9000",
            "https://minio:9000/films",
            "https://minio:9000",
        ),
        (
            {"MINIO_ENDPOINT": "https://s3.example.com/"},
            "https://s3.example.com",
            "https://s3.example.com/films",
            "https://s3.example.com",
        ),
        (
            {"STORAGE_BASE_URL": "https://cdn.example.com"},
            "http://minio:9000",
            "https://cdn.example.com/films",
            "https://cdn.example.com",
        ),
        (
            {"STORAGE_BASE_URL": "https://cdn.example.com/films/"},
            "http://minio:9000",
            "https://cdn.example.com/films",
            "https://cdn.example.com",
        ),
    ],
)
def test_addresses_of_the_store(
    given: pytest.MonkeyPatch, changes: dict[str, str], endpoint: str, public: str, origin: str
) -> None:
    for name, value in changes.items():
        given.setenv(name, value)
    found = config.store_from_env()
    assert found is not None
    assert (found.endpoint, found.public, found.origin, found.region) == (
        endpoint,
        public,
        origin,
        "us-east-1",
    )


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("MINIO_BUCKET", ""),
        ("MINIO_SECRET_KEY", ""),
        ("STORAGE_BASE_URL", "cdn.example.com"),
        ("STORAGE_BASE_URL", "https://cdn/x/y"),
        ("MINIO_CHECKSUMS", "no"),
    ],
)
def test_half_a_store_is_refused_by_name(given: pytest.MonkeyPatch, name: str, value: str) -> None:
    given.setenv(name, value)
    with pytest.raises(ImproperlyConfigured, match=name):
        config.store_from_env()
