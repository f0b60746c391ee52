"""The command line: `studio …`. `STUDIO_URL` and `STUDIO_TOKEN` say where and who."""

import argparse
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import httpx

from .client import Studio, StudioError
from .models import Job

DONE, REFUSED, UNCONFIRMED = 0, 1, 3
LOCAL = "http://127.0.0.1:8000"


def main(
    arguments: Sequence[str] | None = None, *, transport: httpx.BaseTransport | None = None
) -> int:
    """Runs a command and returns the exit status; see the README of the client."""
    asked = _parser().parse_args(arguments)
    address = os.environ.get("STUDIO_URL", LOCAL)
    with Studio(address, os.environ.get("STUDIO_TOKEN", ""), transport=transport) as studio:
        try:
            return int(asked.act(studio, asked))
        except StudioError as error:
            print(error, file=sys.stderr)
            for each in error.problem.get("errors", []):
                place = each.get("pointer") or each.get("parameter")
                print(f"  {place}: {each['detail']}", file=sys.stderr)
        except (httpx.HTTPError, TimeoutError, OSError) as error:
            print(f"{type(error).__name__}: {error}", file=sys.stderr)
    return REFUSED


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="studio", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="command")

    def command(name: str, act: Any, summary: str) -> argparse.ArgumentParser:
        made = commands.add_parser(name, help=summary, description=summary)
        made.set_defaults(act=act)
        return made

    stories = command("stories", _stories, "List stories.")
    stories.add_argument("--status")
    stories.add_argument("--mine", action="store_true")
    command("show", _show, "Show a story.").add_argument("story")
    new = command("new", _new, "Write a new story.")
    new.add_argument("title")
    new.add_argument("--script", type=Path, required=True, help="a text file")
    new.add_argument("--project")
    new.add_argument("--seconds", type=int, default=60)
    start = command("start", _start, "Tell a price, and start the work if it is confirmed.")
    start.add_argument("story")
    start.add_argument("what", choices=("planning", "preview", "film"))
    start.add_argument("--confirm", metavar="USD", help="the price that you have seen")
    start.add_argument("--wait", action="store_true")
    command("films", _films, "List a story's films.").add_argument("story")
    download = command("download", _download, "Save a film.")
    download.add_argument("film")
    download.add_argument("file", type=Path)
    call = command("call", _call, "Any operation of the API.")
    call.add_argument("method", type=str.upper)
    call.add_argument("path", help="after /api/ai-video/")
    call.add_argument("json", nargs="?", type=json.loads)
    return parser


def _stories(studio: Studio, asked: argparse.Namespace) -> int:
    filters = {"status": asked.status} if asked.status else {}
    if asked.mine:
        filters["mine"] = "true"
    for story in studio.stories(**filters):
        print(story.id, story.status, story.project, story.title, sep="\t")
    return DONE


def _show(studio: Studio, asked: argparse.Namespace) -> int:
    story = studio.story(asked.story)
    print(f"{story.title} ({story.status}, {story.scene_count} scenes)")
    for choice in story.data["choices"]:
        why = f": {choice['why_not']}" if choice["why_not"] else ""
        print(f"  {choice['name']}{why}")
    return DONE


def _new(studio: Studio, asked: argparse.Namespace) -> int:
    values = {"project": asked.project} if asked.project else {}
    script = asked.script.read_text(encoding="utf-8")
    story = studio.create_story(
        title=asked.title, script=script, duration_seconds=asked.seconds, **values
    )
    print(story.id)
    return DONE


def _start(studio: Studio, asked: argparse.Namespace) -> int:
    if asked.what == "planning":
        choices = {one["status"]: one for one in studio.story(asked.story).data["choices"]}
        price = choices.get("planning", {}).get("price") or "0.0000"
    elif asked.what == "preview":
        price = studio.price_of_preview(asked.story)
    else:
        price = studio.price_of_film(asked.story)
    if asked.confirm is None:
        print(f"It costs {price} USD. Start it with --confirm {price}.")
        return UNCONFIRMED
    if asked.what == "planning":
        studio.transition(asked.story, "planning", confirm_total=asked.confirm)
        if asked.wait:
            print(studio.wait_for_story(asked.story, "planned", "failed").status)
        return DONE
    begin = studio.make_preview if asked.what == "preview" else studio.render_film
    job = begin(asked.story, confirm_total=asked.confirm)
    return _told(studio.wait_for_job(job.id) if asked.wait else job)


def _told(job: Job) -> int:
    print(job.id, job.status, job.note, sep="\t")
    return REFUSED if job.has_ended and job.status != "succeeded" else DONE


def _films(studio: Studio, asked: argparse.Namespace) -> int:
    for film in studio.films(asked.story):
        print(film.id, film.kind, film.number, f"{film.duration_seconds:g} s", sep="\t")
    return DONE


def _download(studio: Studio, asked: argparse.Namespace) -> int:
    studio.download(studio.film(asked.film), asked.file)
    return DONE


def _call(studio: Studio, asked: argparse.Namespace) -> int:
    answer = studio.request(asked.method, asked.path.lstrip("/"), asked.json)
    if answer is not None:
        print(json.dumps(answer, ensure_ascii=False, indent=2))
    return DONE


if __name__ == "__main__":
    sys.exit(main())
