"""One fault test: stories run and clients write, something is broken and repaired, then the books
are checked.
"""

import secrets
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import httpx

from .client import Client
from .faults import Fault
from .files import looked_at
from .installation import NAME, PASSWORD, Installation, until

STORIES = 3
AFTER_SECONDS = 200.0
LOOK_SECONDS = 0.7
LONG_SCRIPT = 20_000  # characters that cannot be pressed: the database needs room for each

PROVIDER = """
from decimal import Decimal
from providers.models import AIProviderConfig
config = AIProviderConfig.objects.get(provider="stability_ai")
config.is_active, config.base_url = True, {url!r}
config.rate_limit_per_minute = config.rate_limit_per_hour = None
config.settings = config.settings | {{"result_hosts": ["127.0.0.1"], "send_timeout": 5}}
config.save()
"""
DECISION = """
from django.contrib.auth.models import User
from providers.services.unclear_calls import write_off
from providers.models import ProviderCall
person, _made = User.objects.get_or_create(username="decides",
    defaults={"is_superuser": True, "is_staff": True})
for call in ProviderCall.objects.filter(state="unclear"):
    write_off(call, actor=person, reason="Its sender was killed in this fault_test.")
"""


@dataclass
class Seen:
    """What was seen in one fault_test; `wrong` is empty if every promise held."""

    fault: str
    promise: str
    wrong: list[str] = field(default_factory=list)
    facts: list[str] = field(default_factory=list)
    seconds: float = 0.0  # from the mending to the last film

    @property
    def ok(self) -> bool:
        return not self.wrong


@dataclass
class Watch:
    """What somebody who looks at the studio all the time sees."""

    alive: Counter[int] = field(default_factory=Counter)
    pages: Counter[int] = field(default_factory=Counter)
    blamed: set[str] = field(default_factory=set)
    later: int = 0  # answers that told the one who writes to come again


class FaultTest:
    """`FaultTest(installation, fake).run(fault)`: the installation runs, `fake` is a provider that
    charges for every picture.
    """

    def __init__(self, installation: Installation, fake: Any) -> None:
        self.installation, self.fake = installation, fake
        installation.manage("shell", "-v0", "-c", PROVIDER.format(url=fake.url))

    def run(self, fault: Fault) -> Seen:
        seen = Seen(fault.name, fault.promise)
        paid_before = self.fake.paid
        client = self.installation.client
        client.troubles.clear()
        client.crashes.clear()
        try:
            stories = [self._begun(f"{fault.name} {number}") for number in range(STORIES)]
            until(
                lambda: self.installation.rows("SELECT 1 FROM jobs_job WHERE status = 'running'"),
                seconds=30,
                what="that a job runs",
            )
            watch, written = self._broken(fault)
            repaired = time.monotonic()
            self.installation.until_healthy(90)
            with self._somebody_decides():
                for story in stories:
                    client.wait_for_film(story, "preview", seconds=AFTER_SECONDS)
                seen.seconds = time.monotonic() - repaired
                # A film is stored shortly before its job ends. `_judge_books` reports jobs that are
                # still open.
                with suppress(TimeoutError):
                    until(lambda: not self._open_jobs(stories), what="that no job is open")
            self._judge_books(seen, stories, paid=self.fake.paid - paid_before)
            self._judge_files(seen, stories)
            self._judge_requests(seen, written)
            self._judge_watch(seen, fault, watch)
        except Exception as error:  # noqa: BLE001  a fault_test that does not end is a result too
            seen.wrong.append(f"{type(error).__name__}: {error}"[:400])
            with suppress(Exception):
                self.installation.until_healthy(60)
        return seen

    @contextmanager
    def _somebody_decides(self) -> Iterator[None]:
        """A call of which nobody knows whether it was paid waits for a person; this one writes it
        off, and it is made anew.
        """
        over = threading.Event()

        def decide() -> None:
            while not over.wait(2):
                if self.installation.rows(
                    "SELECT 1 FROM providers_providercall WHERE state = 'unclear'"
                ):
                    self.installation.manage("shell", "-v0", "-c", DECISION)

        thread = threading.Thread(target=decide)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join(60)

    def _begun(self, title: str) -> str:
        client = self.installation.client
        story = client.write(title, image_provider="stability_ai")
        client.plan(story)
        client.reach(story, "planned", seconds=240)
        client.preview(story)
        return story

    def _broken(self, fault: Fault) -> tuple[Watch, dict[str, str]]:
        """Breaks and mends, while one looks and one writes; the stories that the writer was told
        are written, by title.
        """
        watch = Watch()
        written: dict[str, str] = {}
        with self._meanwhile(watch, written, fault.name), fault.break_(self.installation):
            time.sleep(fault.seconds)
            # Whatever hangs is told as such only after the time limit of the checks.
            with suppress(TimeoutError):
                until(lambda: fault.blames <= watch.blamed, seconds=60, what="that health says so")
        return watch, written

    @contextmanager
    def _meanwhile(self, watch: Watch, written: dict[str, str], title: str) -> Iterator[None]:
        over = threading.Event()
        threads = [
            threading.Thread(target=self._look, args=(watch, over)),
            threading.Thread(target=self._write, args=(watch, written, title, over)),
        ]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            over.set()
            for thread in threads:
                thread.join(150)

    def _look(self, watch: Watch, over: threading.Event) -> None:
        address = f"http://127.0.0.1:{self.installation.port}"
        with httpx.Client(base_url=address, timeout=3) as http:
            while not over.is_set():
                for path, found in (("/healthz", watch.alive), ("/admin/login/", watch.pages)):
                    try:
                        found[http.get(path).status_code] += 1
                    except httpx.TransportError:
                        found[0] += 1
                watch.blamed |= set(self.installation.not_well())
                over.wait(LOOK_SECONDS)

    def _write(
        self, watch: Watch, written: dict[str, str], title: str, over: threading.Event
    ) -> None:
        client = Client(f"http://127.0.0.1:{self.installation.port}", NAME, PASSWORD)
        try:
            number = 0
            while not over.is_set():
                name = f"{title}, written meanwhile {number}"
                with suppress(Exception):
                    written[name] = client.write(name, script=secrets.token_hex(LONG_SCRIPT // 2))
                number += 1
                over.wait(0.3)
            self.installation.client.crashes += client.crashes
            watch.later = sum(status != 0 for status in client.troubles)
        finally:
            client.close()

    # --- the books

    def _open_jobs(self, stories: list[str]) -> int:
        (found,) = self.installation.rows(
            "SELECT count(*) FROM jobs_job WHERE subject = ANY(%s) AND finished_at IS NULL", stories
        )
        return int(found[0])

    def _judge_books(self, seen: Seen, stories: list[str], *, paid: int) -> None:
        rows = self.installation.rows(
            "SELECT status, count(*) FROM jobs_job WHERE subject = ANY(%s) GROUP BY status", stories
        )
        if dict(rows) != {"succeeded": sum(dict(rows).values())}:
            seen.wrong.append(f"jobs: {dict(rows)}")
        calls = self.installation.rows(
            (
                "SELECT state, count(*) FROM providers_providercall WHERE subject = ANY(%s) "
                "AND kind = 'image' GROUP BY state"
            ),
            stories,
        )
        scenes = self.installation.rows(
            "SELECT count(*) FROM stories_scene WHERE story_id = ANY(%s::uuid[])", stories
        )[0][0]
        lost = dict(calls).get("written_off", 0)
        if not scenes <= paid <= scenes + lost:
            seen.wrong.append(f"{paid} pictures paid for {scenes} scenes")
        if dict(calls).get("settled") != scenes or set(dict(calls)) - {
            "settled",
            "refused",
            "written_off",
        }:
            seen.wrong.append(f"calls: {dict(calls)}")
        decided = (
            (
                f", {lost} of them written off by a person, because its sender was killed "
                f"before the answer came"
            )
            if lost
            else ""
        )
        seen.facts.append(
            f"{sum(dict(rows).values())} jobs done, {paid} pictures paid for {scenes} "
            f"scenes{decided}"
        )

    def _judge_files(self, seen: Seen, stories: list[str]) -> None:
        """Every file that a row names is there, and is what its name says."""
        wrong, takes, films = looked_at(self.installation, stories)
        seen.wrong += wrong
        seen.facts.append(f"{takes} takes and {films} films whole")

    def _judge_requests(self, seen: Seen, written: dict[str, str]) -> None:
        """What a client was told is written stands once; what it was not told
        stands at most once.
        """
        rows = dict(
            self.installation.rows(
                "SELECT title, count(*) FROM stories_story WHERE title LIKE %s GROUP BY title",
                f"{seen.fault}, written meanwhile %",
            )
        )
        if twice := [title for title, count in rows.items() if count > 1]:
            seen.wrong.append(f"written twice: {twice}")
        if lost := [title for title in written if title not in rows]:
            seen.wrong.append(f"told as written and lost: {lost}")
        seen.facts.append(f"stories written meanwhile: {len(written)}, each once")

    def _judge_watch(self, seen: Seen, fault: Fault, watch: Watch) -> None:
        crashes = self.installation.client.crashes
        if crashes:
            seen.wrong.append(
                f"{len(crashes)} answers were errors without words, such as {crashes[0]}"
            )
        if missing := fault.blames - watch.blamed:
            seen.wrong.append(f"health did not say {', '.join(sorted(missing))}")
        if fault.web_stays and watch.alive[0]:
            seen.wrong.append(f"/healthz did not answer {watch.alive[0]} times")
        if bad := {
            status: count for status, count in watch.pages.items() if status not in {0, 200, 503}
        }:
            seen.wrong.append(f"pages: {bad}")
        if fault.web_stays and watch.pages[0] and "database" not in fault.blames:
            seen.wrong.append(f"pages did not answer {watch.pages[0]} times")
        if watch.blamed:
            seen.facts.append(f"health named {', '.join(sorted(watch.blamed))}")
        if watch.later:
            seen.facts.append(f"who wrote was told {watch.later} times to come again")
        pages = ", ".join(
            f"{count} × {status or 'no answer'}" for status, count in sorted(watch.pages.items())
        )
        seen.facts.append(f"log-in page: {pages}")
