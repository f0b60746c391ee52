"""Films and subtitles over the API: links that work without a header, and end."""

import time

from django.db import connection
from django.test.utils import CaptureQueriesContext

from stories.api import films
from stories.models import Film, Story
from stories.services import film_verdicts
from tests.module_time import replace_time

from .test_stories import stamp


def final_film(world, number):
    shown = world.film
    return Film.objects.create(
        story=world.story,
        kind="final",
        number=number,
        file=shown.file,
        frames=shown.frames,
        width=shown.width,
        height=shown.height,
        fps=shown.fps,
        size_bytes=shown.size_bytes,
        manifest_hash="0",
    )


def test_films_of_a_story_come_with_links(mine, world):
    answer = mine.ask("GET", f"stories/{world.story.pk}/films/").json()
    (film,) = answer["items"]
    links = {name: film.pop(name) for name in ("url", "srt_url", "vtt_url")}
    assert film == {
        "why_not_delivered": None,
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
        "light_url": None,
        "light_size_bytes": 0,
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


def test_final_film_has_no_link_before_the_client_approves(mine, world):
    story = world.story
    Story.objects.filter(pk=story.pk).update(needs_client_approval=True)
    first, second = final_film(world, 1), final_film(world, 2)
    film_verdicts.decide(first.pk, verdict="approved", actor=story.owner)
    items = mine.ask("GET", f"stories/{story.pk}/films/").json()["items"]
    assert {(film["kind"], film["number"]): bool(film["url"]) for film in items} == {
        ("preview", 1): True,
        ("final", 1): True,
        ("final", 2): False,
    }
    (waiting,) = [film["why_not_delivered"] for film in items if not film["url"]]
    assert waiting == "Final film 2 waits for the client’s approval, so it is not delivered yet."
    shown = mine.ask("GET", f"films/{second.pk}/").json()
    assert (shown["url"], shown["why_not_delivered"]) == (None, waiting)
    refused = mine.ask("GET", f"films/{second.pk}/file/")
    assert (refused.status_code, refused.json()["detail"]) == (409, waiting)
    film_verdicts.decide(second.pk, verdict="approved", actor=story.owner)
    assert mine.ask("GET", f"films/{second.pk}/").json()["url"]
    assert mine.ask("GET", f"films/{second.pk}/file/").status_code == 302


def test_verdicts_of_a_page_of_films_are_read_at_once(mine, world):
    Story.objects.filter(pk=world.story.pk).update(needs_client_approval=True)
    asked = []
    for number in (1, 2, 3):
        final_film(world, number)
        with CaptureQueriesContext(connection) as queries:
            mine.ask("GET", f"stories/{world.story.pk}/films/")
        asked.append(len(queries))
    assert len(set(asked)) == 1, asked


def test_subtitle_link_ends_and_a_changed_one_is_404(mine, world, monkeypatch):
    link = (
        mine.ask("GET", f"films/{world.film.pk}/")
        .json()["vtt_url"]
        .removeprefix("http://testserver")
    )
    now = time.time()
    replace_time(monkeypatch, films, time=lambda: now + 3500)
    assert mine.get(link).status_code == 200
    assert mine.get(link[:-1] + ("A" if link[-1] != "A" else "B")).status_code == 404
    replace_time(monkeypatch, films, time=lambda: now + 5500)
    assert mine.get(link).status_code == 404
    monkeypatch.undo()
    Film.objects.all().delete()
    assert mine.get(link).status_code == 404
