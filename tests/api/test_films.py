"""Films and subtitles over the API: links that work without a header, and end."""

import time

from stories.api import films
from stories.models import Film

from .test_stories import stamp


def test_films_of_a_story_come_with_links(mine, world):
    answer = mine.ask("GET", f"stories/{world.story.pk}/films/").json()
    (film,) = answer["items"]
    links = {name: film.pop(name) for name in ("url", "srt_url", "vtt_url")}
    assert film == {
        "id": str(world.film.pk),
        "story_id": str(world.story.pk),
        "kind": "preview",
        "number": 1,
        "duration_seconds": 21.0,
        "width": 1280,
        "height": 720,
        "fps": 24,
        "frames": 504,
        "size_bytes": 10,
        "segments_reused": 0,
        "segments_encoded": 0,
        "override_reason": "",
        "loudness": None,
        "created_at": stamp(world.film.created_at),
    }
    assert all(link.startswith("http://testserver/") for link in links.values())
    srt, vtt = (
        mine.get(links[name].removeprefix("http://testserver")) for name in ("srt_url", "vtt_url")
    )
    assert (srt.content, srt["Content-Type"]) == (b"1\n", "application/x-subrip; charset=utf-8")
    assert srt["Content-Disposition"] == 'attachment; filename="the-lighthouse-preview-1.srt"'
    assert (vtt.content, vtt["Content-Type"]) == (b"WEBVTT\n", "text/vtt; charset=utf-8")
    shown = mine.get(links["url"].removeprefix("http://testserver"), headers={"Range": "bytes=0-3"})
    assert (shown.status_code, shown["Content-Disposition"]) == (
        206,
        'inline; filename="the-lighthouse-preview-1.mp4"',
    )
    shown.close()


def test_kind_filters(mine, world):
    assert mine.ask("GET", f"stories/{world.story.pk}/films/?kind=final").json()["items"] == []
    assert (
        len(mine.ask("GET", f"stories/{world.story.pk}/films/?kind=preview").json()["items"]) == 1
    )


def test_one_film_and_its_file(mine, world):
    film = mine.ask("GET", f"films/{world.film.pk}/").json()
    sent = mine.ask("GET", f"films/{world.film.pk}/file/")
    assert (sent.status_code, film["url"]) == (302, "http://testserver" + sent["Location"])


def test_subtitle_link_ends_and_a_changed_one_is_404(mine, world, monkeypatch):
    link = (
        mine.ask("GET", f"films/{world.film.pk}/")
        .json()["vtt_url"]
        .removeprefix("http://testserver")
    )
    now = time.time()
    monkeypatch.setattr(films.time, "time", lambda: now + 3500)
    assert mine.get(link).status_code == 200
    assert mine.get(link[:-1] + ("A" if link[-1] != "A" else "B")).status_code == 404
    monkeypatch.setattr(films.time, "time", lambda: now + 5500)
    assert mine.get(link).status_code == 404
    monkeypatch.undo()
    Film.objects.all().delete()
    assert mine.get(link).status_code == 404
