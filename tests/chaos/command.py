"""`python -m tests.chaos`: breaks each service while stories run, and writes down what was promised
and what was seen.
"""

import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from tests.chaos import faults, table
from tests.chaos.disks import small_disks
from tests.chaos.installation import Installation
from tests.chaos.many_workers import Many
from tests.chaos.runner import STORIES, FaultTest, Seen

PAGE = "docs/operation/fault-tests.md"
MANY_PAGE = "docs/operation/many-workers.md"


class Command(BaseCommand):
    help = (
        "Fault tests on real servers that are started for it (needs "
        "requirements-dev.txt). Takes about a minute for each fault."
    )
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "only", nargs="*", help="Only faults whose name holds one of these words."
        )
        parser.add_argument("--list", action="store_true", help="Only say which faults there are.")
        parser.add_argument(
            "--stories",
            type=int,
            default=0,
            help="In the place of faults: so many stories at once, made by many workers.",
        )
        parser.add_argument(
            "--groups",
            type=int,
            default=4,
            help="How many groups of workers make them (default 4).",
        )
        parser.add_argument("--write", action="store_true", help=f"Write the table to {PAGE}.")

    def handle(self, *_args: Any, only: list[str], write: bool, **options: Any) -> None:
        wanted = [
            fault
            for fault in faults.FAULTS
            if not only or any(word.lower() in fault.name.lower() for word in only)
        ]
        if options["list"]:
            self.stdout.writelines(f"{fault.name}: {fault.promise}\n" for fault in wanted)
            return
        if options["stories"]:
            self._many(options["stories"], options["groups"], write=write)
            return
        results = self._run(wanted)
        if write:
            page = Path(settings.BASE_DIR) / PAGE
            written = table.written(results, stories=STORIES, seconds=faults.LONG, slow=faults.SLOW)
            page.write_text(
                written + table.by_hand(page.read_text(encoding="utf-8")), encoding="utf-8"
            )
        if broken := [seen.fault for seen in results if not seen.ok]:
            raise CommandError(f"Promises were not kept: {'; '.join(broken)}.")

    def _run(self, wanted: list[faults.Fault]) -> list[Seen]:
        try:
            from tests.fakes.stability import Stability
        except ImportError as error:
            raise CommandError(
                "Fault tests need the source tree and requirements-dev.txt."
            ) from error
        results = []
        with ExitStack() as stack:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="vp-faults-")))
            fake, disks = (
                stack.enter_context(Stability(seconds=1.0)),
                stack.enter_context(small_disks(folder)),
            )
            installation = stack.enter_context(
                Installation(folder / "studio", env={"STABILITY_AI_KEY": fake.key}, disks=disks)
            )
            installation.start(groups=2)
            fault_test = FaultTest(installation, fake)
            for fault in wanted:
                if fault.disk and fault.disk not in disks:
                    self.stdout.write(
                        f"{fault.name}: not tried, a small disk can be mounted by root only"
                    )
                    continue
                results.append(self._told(fault_test.run(fault)))
        return results

    def _many(self, stories: int, groups: int, *, write: bool) -> None:
        try:
            from tests.fakes import runway, stability
        except ImportError as error:
            raise CommandError(
                "Fault tests need the source tree and requirements-dev.txt."
            ) from error
        with ExitStack() as stack:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="vp-many-")))
            images, clips = (
                stack.enter_context(stability.Stability()),
                stack.enter_context(runway.Runway()),
            )
            keys = {"STABILITY_AI_KEY": images.key, "RUNWAY_ML_KEY": clips.key}
            installation = stack.enter_context(Installation(folder / "studio", env=keys))
            installation.start(groups=groups)
            made = Many(installation, images=images, clips=clips, say=self._say).run(
                stories=stories
            )
        self._say(str(made))
        if made.wrong:
            raise CommandError(f"Promises were not kept: {'; '.join(made.wrong)}.")
        if write:
            (Path(settings.BASE_DIR) / MANY_PAGE).write_text(table.many(made), encoding="utf-8")

    def _say(self, line: str) -> None:
        self.stdout.write(line)
        self.stdout.flush()

    def _told(self, seen: Seen) -> Seen:
        self.stdout.write(
            f"{'held' if seen.ok else 'NOT HELD'}  {seen.fault}: "
            f"{'; '.join([*seen.wrong, *seen.facts])}; "
            f"last film after {seen.seconds:.0f} s"
        )
        self.stdout.flush()
        return seen
