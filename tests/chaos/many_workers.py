"""Many workers on one database and one store: a lot of stories at once, some workers replaced in
the middle, everything made exactly once.
"""

import re
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from .files import looked_at
from .installation import Installation

SCENE_SECONDS = 1  # short scenes: what is tried is the making, not ffmpeg
LOOK_SECONDS = 1.0
SWEEP_FOUND = re.compile(r"files: (\d+) in use, (\d+) young, (\d+) orphans")
# What may be there once for each of these columns; a second row is a double.
ONCE = {
    "takes of one kind for a scene": ("stories_take", "scene_id, kind"),
    "films of one kind for a story": ("stories_film", "story_id, kind"),
    "calls for one piece of work": ("providers_providercall", "item, kind"),
    "jobs for one piece of work": ("jobs_job", "name, subject, item, data->'parameters'->>'kind'"),
    "steps of one story": ("stories_storystatetransition", "story_id, to_status"),
}
# What a worker that was to end had not sent is refused at no cost, and ordered by another.
UNSENT = "(state = 'refused' AND coalesce(cost, 0) = 0)"
# Calls without an item are not compared.
GROUPED = {"providers_providercall": f"item <> '' AND NOT {UNSENT}"}
DOUBLES = "SELECT {columns} FROM {table} WHERE {which} GROUP BY {columns} HAVING count(*) > 1"
ROWS = (
    "SELECT left(to_jsonb(r)::text, 1500) FROM {table} r WHERE ({columns}) IN ({doubles}) LIMIT 6"
)

PROVIDERS = """
from providers.models import AIProviderConfig
for name, url in {urls!r}.items():
    config = AIProviderConfig.objects.get(provider=name)
    config.is_active, config.base_url = True, url
    config.rate_limit_per_minute = config.rate_limit_per_hour = config.max_concurrent = None
    config.settings = config.settings | {{"result_hosts": ["127.0.0.1"]}}
    config.save()
"""


@dataclass
class Made:
    """What was made of how many stories, and what is wrong with it."""

    stories: int
    scenes: int
    groups: int
    seconds: float = 0.0
    replaced: int = 0  # groups of workers that were ended and begun anew meanwhile
    jobs: int = 0
    calls: int = 0
    takes: int = 0
    films: int = 0
    files: int = 0
    doubles: int = 0
    wrong: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        return (
            f"{self.stories} stories of {self.scenes} scenes by {self.groups} groups of "
            f"workers in {self.seconds / 60:.1f} min, {self.replaced} groups replaced "
            f"meanwhile: {self.jobs} jobs, {self.calls} calls, {self.takes} takes, "
            f"{self.films} films, {self.files} files; {self.doubles} doubles"
        )


class Many:
    """`Many(installation, images=fake, clips=fake, say=print).run(stories=200)`: the installation
    runs web and workers; the fakes charge for every work.
    """

    def __init__(
        self, installation: Installation, *, images: Any, clips: Any, say: Callable[[str], None]
    ) -> None:
        self.installation, self.fakes, self.say = installation, (images, clips), say
        installation.manage(
            "shell",
            "-v0",
            "-c",
            PROVIDERS.format(urls={"stability_ai": images.url, "runway_ml": clips.url}),
        )

    def run(self, *, stories: int, scenes: int = 9, minutes: float = 60) -> Made:
        """Raises TimeoutError when not all stories are films within so many minutes."""
        made = Made(stories, scenes, len(self.installation.worker_groups))
        begun = time.monotonic()
        ids = [self._written(number, scenes) for number in range(stories)]
        self._carried(ids, scenes, made, minutes)
        made.seconds = time.monotonic() - begun
        self._judge(made)
        return made

    def _written(self, number: int, scenes: int) -> str:
        client = self.installation.client
        values = {
            "image_provider": "stability_ai",
            "clip_provider": "runway_ml",
            "aspect_ratio": "1:1",
        }
        story = client.write(f"Story {number}", seconds=scenes * SCENE_SECONDS, **values)
        client.plan(story)
        return story

    def _carried(self, stories: list[str], scenes: int, made: Made, minutes: float) -> None:
        """Each story is taken on as soon as it can be. When the films of half of them are ordered,
        the workers are replaced one group after the other. (Not when half are films: the last
        stories may all become films between two looks.)
        """
        steps: dict[str, Callable[[str], None]] = {
            "planned": lambda story: self._preview(story, scenes),
            "previewing": self._render,
        }
        taken: Counter[str] = Counter()
        next_report, end = 0, time.monotonic() + 60 * minutes
        replacing: threading.Thread | None = None
        while (done := self._count("completed")) < len(stories):
            if time.monotonic() > end:
                jobs = dict(
                    self.installation.rows("SELECT status, count(*) FROM jobs_job GROUP BY status")
                )
                raise TimeoutError(
                    f"After {minutes:g} minutes {done} of {len(stories)} stories have "
                    f"become films; jobs: {jobs}"
                )
            for story, status in self._ready(taken):
                steps[status](story)
                taken[f"{story} {status}"] += 1
            ordered = sum(key.endswith(" previewing") for key in taken)
            if replacing is None and 2 * ordered >= len(stories):
                replacing = threading.Thread(target=self._replace, args=(made,))
                replacing.start()
            if done >= next_report:
                self.say(f"{done} of {len(stories)} stories are films")
                next_report = done + max(1, len(stories) // 20)
            time.sleep(LOOK_SECONDS)
        if replacing:
            replacing.join(300)

    def _ready(self, taken: Counter[str]) -> Iterator[tuple[str, str]]:
        """Stories that wait for a person, and in which state: planned, or with a preview film."""
        found = self.installation.rows(
            "SELECT s.id::text, s.status FROM stories_story s WHERE s.status = 'planned' "
            "OR (s.status = 'previewing' AND EXISTS "
            "(SELECT 1 FROM stories_film f WHERE f.story_id = s.id AND f.kind = 'preview'))"
        )
        yield from ((story, status) for story, status in found if not taken[f"{story} {status}"])

    def _preview(self, story: str, scenes: int) -> None:
        values = [
            {"prompt": f"Scene {number} of story {story}", "duration_seconds": SCENE_SECONDS}
            for number in range(1, scenes + 1)
        ]
        self.installation.client.post(
            "scenes/bulk_create/", {"story_id": story, "mode": "replace", "scenes": values}
        )
        self.installation.client.preview(story)

    def _render(self, story: str) -> None:
        self.installation.client.render(story)

    def _replace(self, made: Made) -> None:
        for _ in range(len(self.installation.worker_groups)):
            self.installation.replace_worker_group(seconds=120)
            made.replaced += 1

    def _count(self, status: str) -> int:
        return int(
            self.installation.rows("SELECT count(*) FROM stories_story WHERE status = %s", status)[
                0
            ][0]
        )

    # --- the books

    def _judge(self, made: Made) -> None:
        wanted = made.stories * made.scenes
        jobs = dict(self.installation.rows("SELECT status, count(*) FROM jobs_job GROUP BY status"))
        calls = dict(
            self.installation.rows(
                "SELECT state, count(*) FROM providers_providercall WHERE kind IN "
                f"('image', 'clip') AND NOT {UNSENT} GROUP BY state"
            )
        )
        takes = dict(
            self.installation.rows("SELECT kind, count(*) FROM stories_take GROUP BY kind")
        )
        films = dict(
            self.installation.rows("SELECT kind, count(*) FROM stories_film GROUP BY kind")
        )
        made.jobs, made.calls, made.takes, made.films = (
            sum(jobs.values()),
            sum(calls.values()),
            sum(takes.values()),
            sum(films.values()),
        )
        # planning, preview and film of each story; picture, clip and two segments of each scene
        self._expect(made, "jobs", jobs, {"succeeded": 3 * made.stories + 4 * wanted})
        self._expect(made, "calls", calls, {"settled": 2 * wanted})
        self._expect(made, "takes", takes, {"image": wanted, "clip": wanted})
        self._expect(made, "films", films, {"preview": made.stories, "final": made.stories})
        for fake in self.fakes:
            self._expect(
                made, f"paid at {type(fake).__name__}", {"works": fake.paid}, {"works": wanted}
            )
        for name, (table, columns) in ONCE.items():
            doubles = DOUBLES.format(table=table, columns=columns, which=GROUPED.get(table, "true"))
            found = len(self.installation.rows(doubles))
            made.doubles += found
            self._expect(made, name, {"doubles": found}, {"doubles": 0})
            if found:
                rows = ROWS.format(table=table, columns=columns, doubles=doubles)
                made.wrong[-1] += f": {[row for (row,) in self.installation.rows(rows)]}"
        self._judge_store(made)

    def _judge_store(self, made: Made) -> None:
        """The sweep finds no file that nobody names, and the files that rows name are whole."""
        found = SWEEP_FOUND.search(message := self.installation.manage("sweep"))
        if found is None:
            made.wrong.append(f"the sweep said {message[:200]}")
            return
        made.files = int(found[1])
        self._expect(
            made,
            "files that no row names",
            {"young": int(found[2]), "orphans": int(found[3])},
            {"young": 0, "orphans": 0},
        )
        made.wrong += looked_at(
            self.installation,
            [story for (story,) in self.installation.rows("SELECT id::text FROM stories_story")],
        )[0]

    def _expect(self, made: Made, what: str, found: dict[str, int], wanted: dict[str, int]) -> None:
        if found != wanted:
            made.wrong.append(f"{what}: {found}, not {wanted}")
