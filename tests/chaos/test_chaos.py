"""A small set of the fault tests, and that a broken promise would be reported.

`make fault-tests` runs the whole set.
"""

from collections.abc import Iterator
from contextlib import ExitStack
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as studio
from django.core.management import CommandError, call_command

from tests.chaos import faults
from tests.chaos import runner as module
from tests.chaos.command import Command
from tests.chaos.installation import Installation, until
from tests.chaos.many_workers import Made, Many
from tests.chaos.runner import FaultTest, Seen
from tests.chaos.table import by_hand, many, written
from tests.fakes.runway import Runway
from tests.fakes.stability import Stability

TRIED = ("PostgreSQL is killed", "Redis is emptied", "The store is killed", "The web is killed")

SPOILED = """
from django.core.files.base import ContentFile
from django.core.files.storage import storages
from stories.models import Take
take = Take.objects.first()
take.pk, take.call, take._state.adding = None, None, True
take.save(force_insert=True)
storages["media"].save("calls/ff/" + "f" * 64 + ".png", ContentFile(b"x"))
"""


@pytest.fixture(scope="module")
def fault_test(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FaultTest]:
    with (
        Stability(seconds=0.5) as fake,
        Installation(
            tmp_path_factory.mktemp("fault tests"), env={"STABILITY_AI_KEY": fake.key}
        ) as installation,
    ):
        installation.start(groups=2)
        yield FaultTest(installation, fake)


@pytest.mark.fault_injection
@pytest.mark.parametrize("name", TRIED)
def test_promise_is_kept(fault_test: FaultTest, name: str) -> None:
    (fault,) = [fault for fault in faults.FAULTS if fault.name == name]
    assert fault_test.run(fault).wrong == []


@pytest.mark.slow
@pytest.mark.fault_injection
def test_restart_waits_for_pictures_that_are_being_drawn(fault_test: FaultTest) -> None:
    """SIGTERM while Stability draws, longer than the grace of other jobs: every picture that was
    charged is a take.
    """
    installation, fake = fault_test.installation, fault_test.fake
    before, fake.seconds = fake.paid, 4.0
    for old in installation.worker_groups:
        old.terminate()
    for old in installation.worker_groups:
        old.wait(60)
    installation.worker_groups.clear()
    group = installation.start_worker_group("--grace", "0.5")
    until(lambda: installation.health("workers")[0] == 200, seconds=240, what="that a worker lives")
    story = installation.client.write("Restarted", image_provider="stability_ai")
    installation.client.plan(story)
    installation.client.reach(story, "planned")
    installation.client.preview(story)
    until(lambda: fake.paid > before, seconds=240, what="that a picture is drawn")
    group.terminate()
    assert group.wait(60) == 0
    charged = fake.paid - before
    # One that had not been sent yet is not sent any more, and costs nothing.
    calls = (
        "SELECT state, cost > 0, count(*) FROM providers_providercall WHERE subject = %s "
        "AND kind = 'image' GROUP BY 1, 2"
    )
    found = {(state, paid): count for state, paid, count in installation.rows(calls, story)}
    assert found.pop(("refused", False), 0) <= 1
    assert found == {("settled", True): charged}
    assert installation.rows(
        (
            "SELECT count(*) FROM stories_take t JOIN stories_scene s ON t.scene_id = s.id "
            "WHERE s.story_id = %s::uuid"
        ),
        story,
    ) == [(charged,)]
    fake.seconds = 0.5
    installation.worker_groups.clear()
    installation.start_worker_group(), installation.start_worker_group()
    installation.client.wait_for_film(story, "preview")
    assert fake.paid - before == 2


@pytest.mark.fault_injection
def test_books_that_are_wrong_are_told(
    fault_test: FaultTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The judge itself is judged: a story whose job was lost, whose picture was paid twice and
    whose file is damaged.
    """
    installation = fault_test.installation
    story = installation.client.write("Judged", image_provider="stability_ai")
    installation.client.plan(story)
    installation.client.reach(story, "planned")
    installation.client.preview(story)
    installation.client.wait_for_film(story, "preview")
    # The film is there a moment before the job that made it has ended.
    running = "SELECT id FROM jobs_job WHERE subject = %s AND status <> 'succeeded'"
    until(lambda: not installation.rows(running, story), what="that all jobs have ended")
    good = Seen("x", "y")
    fault_test._judge_books(good, [story], paid=2)
    fault_test._judge_files(good, [story])
    assert good.wrong == []
    bad = Seen("x", "y")
    fault_test._judge_books(bad, [story], paid=3)
    installation.manage(
        "shell",
        "-v0",
        "-c",
        (
            f"from jobs.models import Job; Job.objects.filter(subject='{story}', "
            f"name='scene_preview').update(status='failed')"
        ),
    )
    installation.manage(
        "shell",
        "-v0",
        "-c",
        "from stories.models import Take; Take.objects.update(sha256='0' * 64)",
    )
    fault_test._judge_books(bad, [story], paid=2)
    fault_test._judge_files(bad, [story])
    fault_test._judge_requests(bad, {"nobody wrote this": "id"})
    assert bad.wrong[0] == "3 pictures paid for 2 scenes"
    assert bad.wrong[1].startswith("jobs: ")
    assert [wrong for wrong in bad.wrong if wrong.startswith("half a file")]
    assert bad.wrong[-1] == "told as written and lost: ['nobody wrote this']"
    watch = module.Watch()
    watch.pages[500] = 1
    watch.alive[0] = 2
    installation.client.crashes.append("GET stories/: oops")
    fault_test._judge_watch(bad, faults.FAULTS[0], watch)
    installation.client.crashes.clear()
    assert [wrong.split(" ")[0] for wrong in bad.wrong[-4:]] == [
        "1",
        "health",
        "/healthz",
        "pages:",
    ]


@pytest.mark.slow
@pytest.mark.fault_injection
def test_four_groups_of_workers_make_everything_once_while_they_are_replaced(
    tmp_path: Path,
) -> None:
    with ExitStack() as stack:
        images, clips = stack.enter_context(Stability()), stack.enter_context(Runway())
        installation = stack.enter_context(
            Installation(
                tmp_path / "many",
                env={"STABILITY_AI_KEY": images.key, "RUNWAY_ML_KEY": clips.key, "WORKERS": "1"},
            )
        )
        installation.start(groups=4)
        trial = Many(installation, images=images, clips=clips, say=lambda _line: None)
        made = trial.run(stories=4, scenes=3, minutes=15)
        assert (made.wrong, made.doubles, made.replaced, made.jobs, made.takes, made.films) == (
            [],
            0,
            4,
            60,
            24,
            8,
        )

        # The judge itself is judged: a take too many, a picture paid twice, a file that nobody
        # names.
        images.charge("again", "core", "0.02", images.orders[0])
        installation.manage("shell", "-v0", "-c", SPOILED)
        trial._judge(made)
        names = [wrong.partition(":")[0] for wrong in made.wrong]
        assert names == [
            "takes",
            "paid at Stability",
            "takes of one kind for a scene",
            "files that no row names",
        ]
        assert made.doubles == 1


def test_page_on_many_workers_tells_what_was_made() -> None:
    made = Made(
        stories=200,
        scenes=9,
        groups=4,
        seconds=600,
        replaced=4,
        jobs=4200,
        calls=3600,
        takes=3600,
        films=400,
        files=5000,
    )
    page = many(made)
    assert "| Time | 10.0 min (1200 stories an hour) |\n" in page
    assert "| Doubles (takes, films, calls, jobs, steps of a story) | 0 |\n" in page


def test_table_names_each_fault_and_marks_what_was_not_held() -> None:
    results = [
        Seen("A", "p", [], ["6 jobs done"], 3.2),
        Seen("B", "q", ["lost | one"], [], 0.0),
        Seen("Redis hangs", "q"),
        Seen("Redis is full", "q", ["x"]),
    ]
    page = written(results, stories=3, seconds=8, slow="1 ms")
    assert (
        "| Redis | not tried | not tried | yes | not tried | **no** | not tried | not tried |\n"
        in page
    )
    assert "| Workers | not tried | not tried | not tried | – | not tried | – | – |\n" in page
    assert "| A | p | yes | 6 jobs done | 3 s |\n" in page
    assert "| B | q | **no** | **lost \\| one** | 0 s |\n" in page


def test_section_that_is_written_by_hand_stays() -> None:
    page = written([Seen("A", "p")], stories=3, seconds=8, slow="1 ms")
    assert by_hand(page) == ""
    assert (
        by_hand(f"{page}\n## Random kills\n\nTold by hand.\n")
        == "\n## Random kills\n\nTold by hand.\n"
    )


def test_page_of_the_documentation_tells_of_every_fault() -> None:
    page = (Path(studio.BASE_DIR) / "docs/operation/fault-tests.md").read_text()
    assert [fault.name for fault in faults.FAULTS if f"| {fault.name} |" not in page] == []
    assert "**no**" not in page
    assert "not tried" not in page


def test_command_lists_the_faults_and_refuses_to_run_without_servers(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    out = StringIO()
    call_command(Command(), "redis", list=True, stdout=out)
    names = [line.split(":")[0] for line in out.getvalue().splitlines()]
    assert names == [fault.name for fault in faults.FAULTS if fault.service == faults.REDIS]
    import sys

    modules: dict[str, Any] = {"tests.fakes.stability": None}
    monkeypatch.setitem(sys.modules, *next(iter(modules.items())))
    with pytest.raises(CommandError, match="requirements-dev"):
        call_command(Command(), stdout=StringIO())
