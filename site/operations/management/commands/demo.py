"""`manage.py demo`: makes a film from a sample story, then serves the studio."""

import shutil
import time
import unicodedata
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import translation
from django.utils.translation import gettext as _

from core.localized_messages import DomainError
from operations import demo
from operations.bootstrap import prepare
from operations.process_supervisor import PAID_STOP_SECONDS, Children, Ended, ended_by_signals
from operations.sample_scripts import SAMPLE_SECONDS, Script, read_script, sample
from stories.enums import AspectRatio, Language
from stories.models import Story

from .serve import add_address, check_children, checked_address, url, web_command, work_command

BAR = 30  # characters
PLAIN_PERCENT = 10  # without a terminal, between two lines


def fitted(text: str, cells: int) -> str:
    """Cuts the text to a number of terminal cells. A Hangul character takes two."""
    for end, character in enumerate(text):
        cells -= 2 if unicodedata.east_asian_width(character) in "WF" else 1
        if cells < 0:
            return text[:end]
    return text


class Progress:
    """Shows the progress of one step: a bar on a terminal, otherwise a line now and then."""

    def __init__(self, command: BaseCommand, label: str) -> None:
        self.command, self.label = command, label
        self.on_terminal = bool(command.stdout.isatty())
        self.begun = time.monotonic()
        self.last = (-PLAIN_PERCENT, "")

    def __call__(self, seen: demo.Seen) -> None:
        note = str(seen.note)
        if self.on_terminal:
            full = BAR * seen.percent // 100
            line = f"  {self.label}  {'█' * full}{'░' * (BAR - full)} {seen.percent:3} %  {note}"
            self.command.stdout.write(
                "\r\x1b[K" + fitted(line, shutil.get_terminal_size().columns - 1), ending=""
            )
            self.command.stdout.flush()
        elif seen.percent >= self.last[0] + PLAIN_PERCENT:
            self.last = (seen.percent, note)
            self.command.stdout.write(f"  {self.label}: {seen.percent} % {note}".rstrip())
            self.command.stdout.flush()

    def done(self) -> None:
        if self.on_terminal:
            self.command.stdout.write("\r\x1b[K", ending="")
        self.command.stdout.write(f"  {self.label}: {time.monotonic() - self.begun:.1f} s")
        self.command.stdout.flush()


class Command(BaseCommand):
    help = (
        "Takes a sample story, or your own script, to the finished film, and serves the "
        "studio until Ctrl+C."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        add_address(parser)
        parser.add_argument(
            "--no-serve",
            action="store_true",
            help="End after the film; the last line is “film: <path>”.",
        )
        parser.add_argument(
            "--script",
            type=Path,
            help="A text file to make into a film; a first line “# Title” is its title.",
        )
        parser.add_argument(
            "--duration", default=str(SAMPLE_SECONDS), help="Length of the film in seconds."
        )
        parser.add_argument("--aspect", default=AspectRatio.WIDE.value, help="16:9, 9:16 or 1:1.")
        parser.add_argument(
            "--language",
            default="",
            help="ko or en: which sample, or what the script is in; the output is in it, too.",
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        self.begun = time.monotonic()
        if options["language"] in Language.values:
            translation.activate(options["language"])
        try:
            address = None if options["no_serve"] else checked_address(options)
            script, seconds, aspect = self.wanted(options)
            with ended_by_signals(), Children() as children:
                self.run(script, seconds=seconds, aspect=aspect, address=address, children=children)
        except DomainError as error:
            raise CommandError(str(error)) from error
        except Ended as ended:
            self.stdout.write("")
            raise SystemExit(ended.exit_code) from None

    def wanted(self, options: dict[str, Any]) -> tuple[Script, int, str]:
        """Returns the script, the length in seconds and the aspect ratio.

        Raises CommandError or ScriptError.
        """
        if not options["duration"].isdecimal():
            raise CommandError(
                _("DURATION must be a whole number of seconds, not “%(given)s”.")
                % {"given": options["duration"]}
            )
        if options["aspect"] not in AspectRatio.values:
            raise CommandError(
                _("ASPECT must be 16:9, 9:16 or 1:1, not “%(given)s”.")
                % {"given": options["aspect"]}
            )
        if options["language"] not in {"", *Language.values}:
            raise CommandError(
                _("LANGUAGE must be ko or en, not “%(given)s”.") % {"given": options["language"]}
            )
        language = options["language"]
        script = (
            read_script(options["script"], language=language)
            if options["script"]
            else sample(language or Language.KO)
        )
        return script, int(options["duration"]), options["aspect"]

    def run(
        self,
        script: Script,
        *,
        seconds: int,
        aspect: str,
        address: tuple[str, int] | None,
        children: Children,
    ) -> None:
        prepare()
        person, password = demo.demo_person()
        demo.load_samples(
            [sample(language) for language in Language.values], owner=person, seconds=SAMPLE_SECONDS
        )
        story = demo.take_up(script, owner=person, seconds=seconds, aspect=aspect)
        logs = Path(settings.VAR_DIR) / "log"
        logs.mkdir(exist_ok=True)
        children.start(
            "work", work_command(), log=logs / "work.log", stop_seconds=PAID_STOP_SECONDS
        )
        if address:
            children.start("web", web_command(*address), log=logs / "web.log")
            self.say(
                _("The studio is at %(url)s, log in as %(name)s with the password %(password)s")
                % self.login(address, password)
            )
        self.say(
            _("Making “%(title)s”, %(seconds)s s, %(aspect)s")
            % {"title": story.title, "seconds": seconds, "aspect": aspect}
        )
        self.make(story, person, children)
        film = demo.lay_out(story, script.slug)
        self.report(story, film)
        if address:
            self.say(
                _("The studio is at %(url)s, log in as %(name)s with the password %(password)s")
                % self.login(address, password)
            )
            self.say(_("Press Ctrl+C to stop."))
            check_children(children, self)

    def say(self, line: str) -> None:
        self.stdout.write(line)
        self.stdout.flush()

    def login(self, address: tuple[str, int], password: str) -> dict[str, str]:
        return {"url": url(*address), "name": demo.USERNAME, "password": password}

    def make(self, story: Story, person: Any, children: Children) -> None:
        for step in demo.steps_left(story):
            progress = Progress(self, _(step.label))
            try:
                demo.walk(story, step, actor=person, check_children=children.check, seen=progress)
            except BaseException:
                if progress.on_terminal:
                    self.stdout.write("")
                raise
            progress.done()

    def report(self, story: Story, film: Path) -> None:
        """Prints the result. The last line is `film: <path>` in every language, for scripts to
        read.
        """
        root = Path(settings.BASE_DIR)
        totals = {
            "cost": f"{demo.cost_of(story):.2f}",
            "seconds": f"{time.monotonic() - self.begun:.0f}",
        }
        self.say(_("Cost: %(cost)s USD. All in all: %(seconds)s s.") % totals)
        self.say(f"film: {film.relative_to(root) if film.is_relative_to(root) else film}")
