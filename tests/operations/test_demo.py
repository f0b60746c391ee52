"""The demo: from a script to a film through real processes, and everything that can stop it on the
way.
"""

import signal
import socket
import stat
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, OutputWrapper
from django.db import connection
from django.utils import translation

from core.localized_messages import LocalizedMessage
from jobs.enums import JobStatus, WaitFor
from jobs.models import Job
from jobs.outcomes import Done
from jobs.services.envelope import success
from media.ffmpeg import probe
from operations import demo
from operations.management.commands.demo import Progress, fitted
from operations.sample_scripts import SAMPLE_SECONDS, Script, sample
from stories.enums import JobName, StoryStatus
from stories.models import Story

from .running import Installation, end, read_until

SCRIPT = Script("The whale", "A whale sings at night. The lighthouse listens.", "en", "the-whale")


@pytest.fixture
def script(tmp_path: Path) -> Path:
    file = tmp_path / "the-whale.txt"
    file.write_text(f"# {SCRIPT.title}\n\n{SCRIPT.text}\n")
    return file


# --- as real processes


@pytest.mark.fault_injection
def test_script_becomes_a_film(installation: Installation, script: Path) -> None:
    done = installation.manage(
        "demo", "--no-serve", "--script", str(script), "--duration", "14", "--aspect", "1:1"
    )
    assert done.returncode == 0, done.stdout + done.stderr
    lines = done.stdout.splitlines()
    film = installation.folder / "films" / "the-whale-1x1.mp4"
    assert lines[0] == "Making “The whale”, 14 s, 1:1"
    assert [line.partition(":")[0].strip() for line in lines if line.endswith(" s")] == [
        "Planning",
        "Preview",
        "Final film",
    ]
    assert lines[-2].startswith("Cost: 0.00 USD. All in all: ")
    assert lines[-1] == f"film: {film}"
    found = probe(film)
    assert (found.width, found.height, found.fps, found.frames) == (720, 720, 24, 14 * 24)
    assert "A whale sings at night." in film.with_suffix(".srt").read_text()
    assert film.with_suffix(".vtt").read_text().startswith("WEBVTT")
    assert installation.processes() == {}
    checked = installation.manage("check_takes").stdout
    assert checked == "checked: 0, not readable: 0; doubtful: 0 of 4\n"


def inject_fault(installation: Installation, name: str) -> None:
    """Make the local provider's images fail as named, from the first one on."""
    change = (
        "from providers.models import AIProviderConfig; "
        'AIProviderConfig.objects.filter(provider="local").update('
        f'settings={{"faults": {{"image": "{name}"}}}})'
    )
    for command in (("migrate", "--verbosity", "0"), ("shell", "-c", change)):
        assert installation.manage(*command).returncode == 0


@pytest.mark.slow
@pytest.mark.fault_injection
def test_doubtful_takes_become_a_film(installation: Installation, script: Path) -> None:
    """The automatic check selects no black picture, so that a person or the demo has to."""
    inject_fault(installation, "black_picture")
    done = installation.manage("demo", "--no-serve", "--script", str(script), "--duration", "7")
    assert done.returncode == 0, done.stdout + done.stderr
    checked = installation.manage("check_takes").stdout
    assert checked == "checked: 0, not readable: 0; doubtful: 2 of 2\n"


@pytest.mark.slow
@pytest.mark.fault_injection
def test_failure_in_the_middle_is_said_in_the_jobs_own_sentence(
    installation: Installation, script: Path
) -> None:
    inject_fault(installation, "refuse_moderated")
    done = installation.manage("demo", "--no-serve", "--script", str(script), "--duration", "7")
    assert done.returncode == 1
    assert done.stderr.strip() == (
        "CommandError: The film could not be made: Scene 1 could not be made: Injected fault: the "
        "provider refused the content;"
        " change the words of the prompt. Change its prompt or retry it, or stop production."
    )
    assert not list(installation.folder.glob("films/*"))
    assert installation.processes() == {}


@pytest.mark.slow
@pytest.mark.fault_injection
def test_ctrl_c_in_the_middle_ends_everything_and_the_next_run_goes_on(
    installation: Installation, script: Path
) -> None:
    asked = ("demo", "--no-serve", "--script", str(script), "--duration", "28")
    first = installation.start(*asked)
    read_until(first, "Preview: ")
    assert len(installation.processes()) > 1
    code, _output = end(first, signal.SIGINT, group=True)
    assert code == 130
    assert installation.processes() == {}
    again = installation.manage(*asked)
    assert again.returncode == 0, again.stdout + again.stderr
    assert "Planning" not in again.stdout  # it had been planned
    assert probe(installation.folder / "films" / "the-whale.mp4").frames == 28 * 24


@pytest.mark.fault_injection
def test_port_in_use_stops_it_before_anything_is_done(installation: Installation) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = installation.manage("demo", "--port", str(port))
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        f"CommandError: The studio cannot listen on 127.0.0.1 port {port} (address already in use):"
        " end the program that does, or choose another, e.g. PORT=8080.\n"
    )
    assert (
        sorted(path.name for path in installation.folder.iterdir() if path.is_dir()) == []
    )  # neither static files nor logs


# --- what is asked for


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"duration": "one minute"},
            "DURATION must be a whole number of seconds, not “one minute”.",
        ),
        ({"aspect": "4:3"}, "ASPECT must be 16:9, 9:16 or 1:1, not “4:3”."),
        ({"language": "fr"}, "LANGUAGE must be ko or en, not “fr”."),
        (
            {"script": Path("/none.txt")},
            "The script /none.txt cannot be read: No such file or directory.",
        ),
        ({"port": "http"}, "PORT must be a whole number from 1 to 65535, not “http”."),
    ],
)
def test_nonsense_is_answered_with_a_sentence(options: dict[str, Any], message: str) -> None:
    with pytest.raises(CommandError) as caught:
        call_command("demo", **options)
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("language", "message"),
    [
        ("ko", "DURATION은 초 단위 정수여야 합니다. 입력값: ‘one minute’"),
        ("en", "DURATION must be a whole number of seconds, not “one minute”."),
    ],
)
def test_output_is_in_the_language_that_is_asked_for(language: str, message: str) -> None:
    other = "ko" if language == "en" else "en"
    with translation.override(other), pytest.raises(CommandError) as caught:
        call_command("demo", language=language, duration="one minute")
    assert str(caught.value) == message


@pytest.fixture
def person(db: None) -> Any:
    return demo.demo_person()[0]


def test_login_is_made_once_and_only_its_owner_can_read_it(db: None, settings: Any) -> None:
    person, password = demo.demo_person()
    again, same = demo.demo_person()
    assert (again, same) == (person, password)
    assert person.check_password(password)
    assert person.is_staff
    assert not person.is_superuser
    assert [group.name for group in person.groups.all()] == ["manager"]
    file = Path(settings.VAR_DIR) / "demo_login"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert password not in person.password


def test_changed_password_is_set_again(person: Any) -> None:
    person.set_password("forgotten")
    person.save()
    again, password = demo.demo_person()
    assert again.check_password(password)


def test_samples_are_loaded_once(person: Any) -> None:
    samples = [sample("ko"), sample("en")]
    for _ in range(2):
        demo.load_samples(samples, owner=person, seconds=SAMPLE_SECONDS)
    rows = Story.objects.order_by("language").values_list(
        "language", "title", "duration_seconds", "status"
    )
    assert list(rows) == [
        ("en", "The Lantern Comes Home", 63, "draft"),
        ("ko", "등대로 가는 편지", 63, "draft"),
    ]


def test_waiting_story_of_the_same_script_is_taken_up(person: Any) -> None:
    first = demo.take_up(SCRIPT, owner=person, seconds=14, aspect="16:9")
    assert demo.take_up(SCRIPT, owner=person, seconds=14, aspect="16:9") == first
    assert demo.take_up(SCRIPT, owner=person, seconds=14, aspect="9:16") != first


@pytest.mark.parametrize(
    "status",
    [StoryStatus.COMPLETED, StoryStatus.FAILED, StoryStatus.ARCHIVED, StoryStatus.PREVIEWING],
)
def test_story_that_nobody_works_on_is_left_alone(person: Any, status: str) -> None:
    first = demo.take_up(SCRIPT, owner=person, seconds=14, aspect="16:9")
    Story.objects.filter(pk=first.pk).update(status=status)
    assert demo.take_up(SCRIPT, owner=person, seconds=14, aspect="16:9") != first


def test_impossible_story_is_refused_with_the_reason(person: Any) -> None:
    with pytest.raises(demo.DemoError) as caught:
        demo.take_up(SCRIPT, owner=person, seconds=1, aspect="16:9")
    assert str(caught.value) == (
        "This script cannot be made into a film: Ensure this value is greater than or equal to 2."
    )
    assert Story.objects.count() == 0


# --- one step


@pytest.fixture
def story(person: Any) -> Story:
    return demo.take_up(SCRIPT, owner=person, seconds=14, aspect="16:9")


def change_job(**values: Any) -> Any:
    """What a worker would do meanwhile."""
    return lambda: Job.objects.filter(name=JobName.STORY_PLANNING).update(**values)


def walk(story: Story, person: Any, worker: Any) -> list[int]:
    seen: list[int] = []
    demo.walk(
        story,
        demo.STEPS[0],
        actor=person,
        check_children=worker,
        seen=lambda now: seen.append(now.percent),
    )
    return seen


def test_step_ends_with_its_job(story: Story, person: Any) -> None:
    result = success(Done(), generation_time=1.0)
    assert walk(story, person, change_job(status=JobStatus.SUCCEEDED, result=result)) == [100]
    assert Job.objects.filter(name=JobName.STORY_PLANNING).count() == 1


@pytest.mark.parametrize(
    "values",
    [
        {"status": JobStatus.FAILED},
        {"status": JobStatus.CANCELLED},
        {"status": JobStatus.UNCLEAR},
        {"status": JobStatus.WAITING, "wait_for": WaitFor.PERSON},
    ],
)
def test_job_that_will_not_end_well_ends_the_demo(
    story: Story, person: Any, values: dict[str, Any]
) -> None:
    with pytest.raises(demo.DemoError) as caught:
        walk(
            story,
            person,
            change_job(note_data=LocalizedMessage("The ink is dry.").as_json(), **values),
        )
    assert str(caught.value) == "The film could not be made: The ink is dry."


def test_nothing_moving_ends_the_demo(
    story: Story, person: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(demo, "STALL_SECONDS", 0.0)
    with pytest.raises(demo.DemoError, match="Nothing has moved for five minutes"):
        walk(story, person, lambda: None)


def test_looking_costs_few_queries(
    story: Story, person: Any, django_assert_max_num_queries: Any
) -> None:
    walk(story, person, change_job(status=JobStatus.SUCCEEDED))
    assert connection.vendor
    with django_assert_max_num_queries(3):
        walk(Story.objects.get(pk=story.pk), person, lambda: None)


# --- how it is shown


class Terminal(StringIO):
    def isatty(self) -> bool:
        return True


def shown(stream: StringIO) -> str:
    command = BaseCommand()
    command.stdout = OutputWrapper(stream)
    progress = Progress(command, "Preview")
    for percent in (0, 3, 50, 52, 100):
        progress(demo.Seen(percent, LocalizedMessage("%(done)s of 9", {"done": percent // 10})))
    progress.done()
    return stream.getvalue()


def test_plain_lines_without_a_terminal() -> None:
    assert shown(StringIO()).splitlines() == [
        "  Preview: 0 % 0 of 9",
        "  Preview: 50 % 5 of 9",
        "  Preview: 100 % 10 of 9",
        "  Preview: 0.0 s",
    ]


def test_bar_on_a_terminal_is_drawn_over_itself() -> None:
    parts = shown(Terminal()).split("\r\x1b[K")
    assert parts[3] == "  Preview  " + "█" * 15 + "░" * 15 + "  50 %  5 of 9"
    assert parts[-1] == "  Preview: 0.0 s\n"
    assert "\n" not in "".join(parts[:-1])


def test_line_fits_the_terminal_with_hangul_of_double_width() -> None:
    assert fitted("장면 9개", 5) == "장면 "
    assert fitted("장면 9개", 7) == "장면 9"
    assert fitted("장면 9개", 8) == "장면 9개"
    assert fitted("abc", 2) == "ab"
