"""The run: an installation of its own, people and kills until there were enough, then everything
has to come to its end.
"""

import argparse
import json
import logging
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import senders
from .finishing import booked, busy, finish, made_so_far, move_time, unfinished, why

if TYPE_CHECKING:
    from tests.services import Server

    from .people import Person
    from .providers import Odd

ROOT = Path(__file__).resolve().parents[2]
KEPT = ("PATH", "HOME", "LANG", "FFMPEG", "PYTHONDONTWRITEBYTECODE")
LEASE_SECONDS = 6
PEOPLE, GROUPS = 4, 2
# A busy machine encodes slowly: a story is stuck when nothing is made for so many seconds, or when
# all together take so many for each of them.
STANDSTILL, LONGEST_FINISH = 300.0, 400.0
PASSWORD = "only for chaos"
TELL_SECONDS = 10.0
FIRST_PAID = 4  # pieces of work, before the first kill
PAUSES = (0.3, 1.9)  # seconds between two faults


def environment(folder: Path, database_url: str) -> dict[str, str]:
    return {
        **{name: os.environ[name] for name in KEPT if name in os.environ},
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "site")]),
        "DATABASE_URL": database_url,
        "VAR_DIR": str(folder / "var"),
        "LANGUAGE_CODE": "en",
        "LOG_FILE": "-",
        "LOG_LEVEL": "WARNING",
        "LOOPBACK_PROVIDERS": "1",
        "SECRET_KEY": "only-for-chaos-" * 4,
        "VP_SECRET_KEYS": "only-for-chaos-" * 4,
        "JOB_LEASE_SECONDS": str(LEASE_SECONDS),
        "WORKERS": "2",
        senders.MARK: str(folder),
        "CHECK_TAKES": "0",  # the files of the fakes are smaller than a film
    }


@contextmanager
def database(kind: str, folder: Path) -> Iterator[str]:
    """The address of a new database."""
    if kind == "sqlite":
        yield f"sqlite:////{str(folder / 'studio.sqlite3').lstrip('/')}"
        return
    from tests.services import migrated_postgresql

    with migrated_postgresql() as server:
        yield server.url


@contextmanager
def web() -> Iterator[str]:
    """The studio's web in this process, for webhooks; its address."""
    from django.core.servers.basehttp import ThreadedWSGIServer, WSGIRequestHandler
    from django.core.wsgi import get_wsgi_application

    class Quiet(WSGIRequestHandler):
        def log_message(self, *_: Any) -> None:
            """Webhooks that are refused are part of the run."""

    server = ThreadedWSGIServer(("127.0.0.1", 0), Quiet)
    server.set_app(get_wsgi_application())
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()


class Run:
    """One run against an installation that is set up; `wrong` is empty if everything held."""

    def __init__(
        self,
        *,
        seed: int,
        kills: int,
        folder: Path,
        env: dict[str, str],
        minutes: float,
        servers: Sequence["Server"] = (),
    ) -> None:
        from .killing import Groups
        from .notebook import Notebook

        self.seed, self.kills, self.minutes, self.servers = seed, kills, minutes, servers
        self.groups = Groups(GROUPS, env=env, log=folder / "workers.log")
        self.notebook = Notebook()
        self.fakes: dict[str, Odd] = {}
        self.wrong: list[str] = []
        self.reported_at = 0.0
        self.facts: dict[str, Any] = {"seed": seed}
        self.name = env[senders.MARK]

    def go(self) -> None:
        from .providers import ODD

        with ExitStack() as stack:
            address = stack.enter_context(web())
            for kind in ODD:
                kind.random_seed = self.seed
                fake = stack.enter_context(kind())
                self.fakes[kind.provider] = fake
            self._configure(address)
            stack.callback(self.groups.end)
            people = self._people(address)
            self._meddle(people)
            self._settle(people[0])
            self._finish(people[0])
            self.judge()

    def _configure(self, address: str) -> None:
        from providers import keys
        from providers.models import AIProviderConfig
        from tests.providers.real import configure

        for provider, fake in self.fakes.items():
            settings: dict[str, Any] = {"poll_seconds": 0.2, "send_timeout": 6}
            if provider == "replicate":
                settings["webhook_url"] = f"{address}/hooks/replicate/"
            configure(provider, fake, settings=settings)
            config = AIProviderConfig.objects.get(provider=provider)
            keys.put_key(config, fake.key)
            config.save()

    def _people(self, address: str) -> list["Person"]:
        from django.contrib.auth.models import User

        from .people import Person
        from .programs import Client, Program

        user = User.objects.create_superuser("mina", password=PASSWORD)
        most = 6 + self.kills // 25
        people: list[Person] = []
        for number in range(PEOPLE):
            chance = random.Random(f"{self.seed} {number}")
            common: dict[str, Any] = {"chance": chance, "most": most}
            if number == PEOPLE - 1:  # the last one is a program
                client = Client(address, user.username, PASSWORD, chance=chance)
                people.append(Program(user, self.notebook, self.fakes, client=client, **common))
            else:
                people.append(Person(user, self.notebook, self.fakes, **common))
        return people

    def say(self, line: str) -> None:
        """What happens now, every few seconds, for the person who waits."""
        if time.monotonic() > self.reported_at + TELL_SECONDS:
            self.reported_at = time.monotonic()
            sys.stderr.write(f"{line}; {sum(fake.paid for fake in self.fakes.values())} paid\n")

    # --- under fire

    def _meddle(self, people: list["Person"]) -> None:
        from .killing import Killer

        over = threading.Event()
        for _ in range(4):
            people[0].attempt(people[0].begin)
        self.groups.fill()
        threads = [threading.Thread(target=person.live, args=(over,)) for person in people]
        threads.append(threading.Thread(target=self._clock, args=(over,)))
        for thread in threads:
            thread.start()
        began = time.monotonic()
        while (
            sum(fake.paid for fake in self.fakes.values()) < FIRST_PAID
            and time.monotonic() < began + 60
        ):
            time.sleep(0.2)
        killer = Killer(
            self.groups,
            chance=random.Random(f"{self.seed} kills"),
            busy=busy,
            servers=self.servers,
        )
        try:
            killer.run(
                self.kills,
                pauses=PAUSES,
                over=lambda: time.monotonic() > began + 60 * self.minutes,
                say=self.say,
            )
        finally:
            over.set()
            for thread in threads:
                thread.join(60)
        self.groups.kill_all()
        self.facts |= {
            "faults": dict(killer.done),
            "minutes under fire": round((time.monotonic() - began) / 60, 1),
        }

    def _clock(self, over: threading.Event) -> None:
        """Moves the time of what only waits, so that nobody here has to."""
        from django.db import DatabaseError, connection

        while not over.wait(1.0):
            try:
                move_time(self.name)
            except DatabaseError:
                connection.close()
        connection.close()

    # --- afterwards

    def _settle(self, person: "Person") -> None:
        """People only decide what is asked of them; everything that is out comes to its end by
        itself.
        """
        from providers import calls
        from providers.models import ProviderCall
        from stories.handlers.paid_results import record_leftover_results

        began = time.monotonic()
        person.attempt(person.resume)
        move_time(self.name, at_once=True)
        self.groups.fill()
        while left := unfinished():
            for call in ProviderCall.objects.filter(state="unclear"):
                person.attempt(partial(person.decide_on, call))
            person.attempt(person.resume)
            calls.reconcile()
            calls.collect()
            record_leftover_results()
            move_time(self.name, at_once=True)
            self.say(f"settling: {len(left)} left, such as {left[0]}")
            if time.monotonic() > began + 300:
                self.wrong.append(f"stuck after the last kill: {left}")
                return
            time.sleep(0.5)
        self.facts["seconds to settle"] = round(time.monotonic() - began)

    def _finish(self, person: "Person") -> None:
        """Every story can be brought to its film by a person, with providers that do what they
        should.
        """
        from providers.models import ProviderCall
        from stories.models import Story

        for fake in self.fakes.values():
            fake.good = True
        began = moved_at = time.monotonic()
        end = began + LONGEST_FINISH * Story.objects.count()
        progress: tuple[int, ...] = ()
        while left := list(Story.objects.exclude(status="completed").order_by("pk")):
            self.say(f"finishing: {len(left)} stories left, such as {why(left[0])}")
            for call in ProviderCall.objects.filter(state="unclear"):
                person.attempt(partial(person.decide_on, call))
            for story in left:
                finish(story, person)
            move_time(self.name, at_once=True)
            if progress != (progress := made_so_far()):
                moved_at = time.monotonic()
            if time.monotonic() > min(end, moved_at + STANDSTILL):
                self.wrong += [
                    f"stuck: story {story.pk} is {story.status}: {why(story)}" for story in left
                ]
                break
            time.sleep(0.7)
        for _ in range(60):
            if not unfinished():
                break
            move_time(self.name, at_once=True)
            time.sleep(0.5)
        self.facts |= {
            "stories": Story.objects.count(),
            "completed": Story.objects.filter(status="completed").count(),
        }
        self.facts["seconds to finish"] = round(time.monotonic() - began)

    def judge(self) -> None:
        from providers.models import ProviderCall

        from .books import judge

        charges, calls = self._charges(), booked()
        self.wrong += judge(charges, calls, self.notebook.orders)
        self.wrong += [f"stuck: {one}" for one in unfinished()]
        self.wrong += [f"crash: {one}" for one in self.notebook.crashes]
        self.facts |= {
            "pieces of work paid": sum(charge.usd > 0 for charge in charges),
            "bill": str(sum((charge.usd for charge in charges), Decimal(0))),
            "ledger": str(sum((call.cost or Decimal(0) for call in calls), Decimal(0))),
            "calls": len(calls),
            "answers that went wrong": sum(
                count for fake in self.fakes.values() for way, count in fake.ways.items() if way
            ),
            "decisions on unclear calls": ProviderCall.objects.filter(
                events__from_state="unclear", events__actor__isnull=False
            )
            .distinct()
            .count(),
            "orders": len(self.notebook.orders),
            "done": dict(sorted(self.notebook.done.items())),
        }

    def keep_books(self, file: Path) -> None:
        """Write what only this process knows: what was charged, ordered, decided and found wrong.

        With the database of the run it tells how a charge came to be wrong.
        """
        kept = {
            "wrong": self.wrong,
            "charges": [asdict(charge) for charge in self._charges()],
            "orders": [asdict(order) for order in self.notebook.orders],
            "decided": self.notebook.decided,
        }
        file.write_text(json.dumps(kept, indent=1, default=str), encoding="utf-8")

    def _charges(self) -> list[Any]:
        from providers.models import ProviderCall

        from .books import Charged
        from .people import known_work

        owner = {
            (call.provider_id, known_work(call, self.fakes[call.provider_id])): str(call.pk)
            for call in ProviderCall.objects.filter(provider__in=self._rows())
        }
        for call_id, found in self.notebook.decided.items():
            provider = ProviderCall.objects.values_list("provider_id", flat=True).get(pk=call_id)
            owner.setdefault((provider, found), call_id)
        return [
            Charged(provider, name, charge.usd, owner.get((provider, name), ""))
            for provider, fake in self.fakes.items()
            for name, charge in fake.charges.items()
        ]

    def _rows(self) -> Any:
        from providers.models import AIProviderConfig

        return AIProviderConfig.objects.filter(provider__in=self.fakes)


def _servers(stack: ExitStack, names: Sequence[str]) -> list["Server"]:
    from tests.services import SERVICES

    return [stack.enter_context(SERVICES[name]()) for name in names]


def _write(options: argparse.Namespace, run: Run) -> None:
    from . import kill_report

    command = f"make kills KILLS={options.kills} DATABASE={options.database} SEED={options.seed}"
    if options.services:
        command += f' SERVICES="{" ".join(options.services)}"'
    new = kill_report.row(options.database, run.facts, run.wrong, command=command)
    kill_report.write(ROOT, new)


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos.meddling", description=__doc__)
    parser.add_argument(
        "--kills", type=int, default=500, help="SIGKILLs; other faults come on top (default 500)"
    )
    parser.add_argument("--database", choices=["postgresql", "sqlite"], default="sqlite")
    parser.add_argument(
        "--seed",
        type=int,
        default=7,
        help="decides on every choice; only the moments differ between two runs",
    )
    parser.add_argument(
        "--minutes", type=float, default=60.0, help="at most so long under fire (default 60)"
    )
    parser.add_argument(
        "--services",
        nargs="*",
        choices=["redis", "s3"],
        default=[],
        help="real servers that are switched off for seconds as well",
    )
    parser.add_argument(
        "--write", action="store_true", help="write the outcome to docs/operation/random-kills.md"
    )
    parser.add_argument(
        "--keep", help="a new folder that stays, with logs, files, a SQLite database and the books"
    )
    options = parser.parse_args(arguments)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    folder = Path(options.keep or tempfile.mkdtemp(prefix="vp-chaos-"))
    (folder / "var" / "static").mkdir(parents=True, exist_ok=True)
    try:
        with database(options.database, folder) as url, ExitStack() as stack:
            servers = _servers(stack, options.services)
            env = environment(folder, url)
            for server in servers:
                env |= server.env
            os.environ.update(env)
            subprocess.run(
                [sys.executable, "manage.py", "migrate", "-v0"], env=env, cwd=ROOT, check=True
            )
            sys.path[:0] = [str(ROOT), str(ROOT / "site")]
            import django

            django.setup()
            logging.disable(logging.CRITICAL)
            run = Run(
                seed=options.seed,
                kills=options.kills,
                folder=folder,
                env=env,
                minutes=options.minutes,
                servers=servers,
            )
            run.go()
            if options.keep:
                run.keep_books(folder / "books.json")
        sys.stdout.write(
            json.dumps({"database": options.database, "wrong": run.wrong, **run.facts}, indent=2)
            + "\n"
        )
        if options.write:
            _write(options, run)
        return 1 if run.wrong else 0
    finally:
        if not options.keep:
            shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
