"""The workbench: what its player and strip are told, what stands in its head, and its search."""

from datetime import timedelta
from decimal import Decimal
from http import HTTPStatus

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from jobs.enums import JobStatus
from jobs.models import Job
from providers.models import AIProviderConfig, MoneyChange, OrganizationBudget
from stories.enums import Camera, JobName, StoryStatus, TakeKind
from stories.models import Confirmation, Scene
from stories.selectors.summary import summarize
from stories.services import line_edits, sound
from stories.services.lines import Spoken
from stories.services.plan import plan_generation
from stories.web.story_head import StoryHead
from tests.markup import flat
from tests.stories.factories import make_scene, make_story, make_take
from tests.stories.speaking import speak_with

pytestmark = pytest.mark.django_db


def _timeline(client, story):
    response = client.get(reverse("admin:board_timeline", args=[story.pk]))
    assert response.status_code == 200
    return response.json()


def test_timeline_tells_what_exists_of_each_scene(owner, as_):
    story = make_story(owner, status=StoryStatus.PREVIEWING, duration_seconds=21)
    first = make_scene(story, title="Harbour", narration="A boat leaves.", duration_seconds=7)
    second = make_scene(story, title="Light", narration="", duration_seconds=5)
    picture = make_take(first)
    Scene.objects.filter(pk=first.pk).update(updated_at=timezone.now())
    found = _timeline(as_(owner), story)
    assert (found["seconds"], found["wished"], found["sounds"]) == (12, 21, [])
    assert [(one["id"], one["n"], one["title"], one["seconds"]) for one in found["scenes"]] == [
        (str(first.pk), 1, "Harbour", 7),
        (str(second.pk), 2, "Light", 5),
    ]
    one, two = found["scenes"]
    page = as_(owner).get(reverse("admin:stories_story_board", args=[story.pk])).content.decode()
    assert f'data-far="{one["mark"]}"' in page
    assert one["image"] == reverse(
        "stories:take_thumb", args=[picture.pk, picture.sha256[:12], 1280]
    )
    assert one["thumb"] == reverse(
        "stories:take_thumb", args=[picture.pk, picture.sha256[:12], 320]
    )
    assert (one["clip"], one["camera"], one["state"]) == (
        "",
        first.prompt.camera,
        "Picture to review",
    )
    assert [caption[2] for caption in one["captions"]] == ["A boat leaves."]
    assert one["captions"][0][0] == 0
    assert one["captions"][-1][1] <= 7
    assert (two["image"], two["thumb"], two["captions"]) == ("", "", [])
    assert first.prompt.camera in Camera.values


def test_timeline_plays_a_clip_unless_it_is_rejected(owner, as_):
    story = make_story(owner, status=StoryStatus.RENDERING)
    scene = make_scene(story)
    make_take(scene)
    clip = make_take(scene, TakeKind.CLIP)
    address = reverse("stories:take_file", args=[clip.pk])
    assert _timeline(as_(owner), story)["scenes"][0]["clip"] == address
    type(clip).objects.filter(pk=clip.pk).update(review_status="rejected")
    assert _timeline(as_(owner), story)["scenes"][0]["clip"] == ""


def test_timeline_is_only_for_those_who_may_see_the_story(owner, colleague, stranger, as_):
    story = make_story(owner)
    make_scene(story)
    assert [one["mayEdit"] for one in _timeline(as_(owner), story)["scenes"]] == [True]
    assert [one["mayEdit"] for one in _timeline(as_(colleague), story)["scenes"]] == [False]
    stranger.is_staff = True
    stranger.save()
    url = reverse("admin:board_timeline", args=[story.pk])
    assert as_(stranger).get(url).status_code == 404
    assert as_(owner).post(url).status_code == 405


def test_timeline_asks_as_often_for_one_scene_as_for_three(owner, as_):
    story, counts = make_story(owner, status=StoryStatus.PREVIEWING), []
    client = as_(owner)
    for number in (1, 3):
        while story.all_scenes.count() < number:
            make_take(make_scene(story, narration="A boat leaves."))
        with CaptureQueriesContext(connection) as seen:
            _timeline(client, story)
        counts.append(len(seen))
    assert counts[0] == counts[1] <= 20


def _head(story, user):
    return StoryHead(story, user, summarize(story))


def _step(story, user):
    step = _head(story, user).next_step
    return step and (step.name, step.label, step.price, bool(step.why_not))


def test_next_step_of_each_status(owner, viewer):
    AIProviderConfig.objects.filter(provider="local").update(
        cost_per_image=Decimal("0.02"), cost_per_second_video=Decimal("0.05")
    )
    empty = make_story(owner, script="")
    assert _step(empty, owner) == ("write", "Write the script", None, False)
    draft = make_story(owner, script="A boat leaves.")
    assert _step(draft, owner)[:2] == ("start_planning", "Start planning")
    planned = make_story(owner, status=StoryStatus.PLANNED)
    make_scene(planned)
    make_scene(planned)
    assert _step(planned, owner) == (
        "generate_preview",
        "Make the preview",
        Decimal("0.04"),
        False,
    )
    previewing = make_story(owner, status=StoryStatus.PREVIEWING)
    scene = make_scene(previewing, duration_seconds=7)
    assert _step(previewing, owner) == (
        "make-missing",
        "Make 1 picture",
        Decimal("0.02"),
        False,
    )
    make_take(scene)
    assert _step(previewing, owner)[:2] == ("render_final", "Render the film")
    done = make_story(owner, status=StoryStatus.COMPLETED)
    assert _step(done, owner) == ("review", "Share for review", None, False)
    assert _step(make_story(owner, status=StoryStatus.ARCHIVED), owner)[0] == "restore"
    assert _step(make_story(owner, status=StoryStatus.FAILED), owner)[0] == "retry"
    assert _step(planned, viewer) is None


def test_free_pictures_are_made_at_once(client, owner):
    story = make_story(owner, status=StoryStatus.PREVIEWING)
    make_scene(story)
    step = _head(story, owner).next_step
    assert (step.name, step.price, step.at_once) == ("make-missing", 0, True)
    client.force_login(owner)
    page = flat(client.get(reverse("admin:stories_story_board", args=[story.pk])))
    assert 'form="vp-at-once" name="confirm_total" value="0.0000"' in page
    assert f'formaction="{step.url}">Make 1 picture · $0.00</button>' in page
    answer = client.post(step.url, {"confirm_total": "0"})
    assert answer.status_code == HTTPStatus.FOUND
    assert Job.objects.get().name == JobName.STORY_PREVIEW


def test_free_preview_is_started_at_once(client, owner):
    story = make_story(owner, status=StoryStatus.PLANNED)
    make_scene(story)
    step = _head(story, owner).next_step
    assert (step.name, step.at_once) == ("generate_preview", True)
    client.force_login(owner)
    assert client.post(step.url, {"confirm_total": "0"}).status_code == HTTPStatus.FOUND
    story.refresh_from_db()
    assert story.status == StoryStatus.PREVIEWING


def test_dialog_asks_where_there_is_something_to_know(owner):
    story = make_story(owner, status=StoryStatus.PREVIEWING)
    make_scene(story)
    refused = make_scene(story)
    make_take(refused, review_status="rejected", review_reason="Too dark")
    step = _head(story, owner).next_step
    assert (step.name, step.at_once) == ("make-missing", False)
    refused.delete()
    assert _head(story, owner).next_step.at_once


def test_pictures_at_the_price_on_the_button_are_made_at_once(client, owner):
    AIProviderConfig.objects.filter(provider="local").update(cost_per_image=Decimal("0.50"))
    story = make_story(owner, status=StoryStatus.PREVIEWING)
    for _ in range(4):
        make_scene(story)
    step = _head(story, owner).next_step
    assert (step.price, step.at_once) == (Decimal("2.00"), True)
    client.force_login(owner)
    page = flat(client.get(reverse("admin:stories_story_board", args=[story.pk])))
    assert 'form="vp-at-once" name="confirm_total" value="2.0000"' in page
    assert f'formaction="{step.url}">Make 4 pictures · $2.00</button>' in page
    assert client.post(step.url, {"confirm_total": "2.0000"}).status_code == HTTPStatus.FOUND
    assert Job.objects.get().name == JobName.STORY_PREVIEW
    assert Confirmation.objects.get().total == Decimal("2.00")


@pytest.mark.parametrize(
    ("limits", "at_once"),
    [
        ({"one_press_limit": Decimal("0.04")}, True),
        ({"one_press_limit": Decimal("0.03")}, False),
        ({"one_press_limit": Decimal(0)}, False),
        ({"plan_limit": Decimal("0.04")}, True),
        ({"plan_limit": Decimal("0.03")}, False),
    ],
)
def test_dialog_asks_above_the_limits(owner, limits, at_once):
    AIProviderConfig.objects.filter(provider="local").update(cost_per_image=Decimal("0.02"))
    story = make_story(owner, status=StoryStatus.PREVIEWING)
    make_scene(story)
    make_scene(story)
    OrganizationBudget.objects.update_or_create(pk=1, defaults=limits)
    assert _head(story, owner).next_step.at_once is at_once


def test_dialog_asks_for_a_day_after_the_person_changed_a_price(owner):
    AIProviderConfig.objects.filter(provider="local").update(cost_per_image=Decimal("0.02"))
    story = make_story(owner, status=StoryStatus.PREVIEWING)
    make_scene(story)
    OrganizationBudget.objects.update_or_create(pk=1, defaults={"plan_limit": Decimal(5)})
    change = MoneyChange.objects.create(
        actor=owner, provider="local", before={"prices": {}, "settings": {}}, at=timezone.now()
    )
    assert not _head(story, owner).next_step.at_once
    MoneyChange.objects.filter(pk=change.pk).update(at=timezone.now() - timedelta(hours=25))
    assert _head(story, owner).next_step.at_once


def test_prices_of_the_head_are_those_of_the_dialogs_with_sound(client, owner, monkeypatch):
    speak_with(monkeypatch)
    story = make_story(owner, status=StoryStatus.PREVIEWING, duration_seconds=8)
    make_scene(story, narration="The boat leaves.", duration_seconds=4)
    make_scene(story, narration="It rains.", duration_seconds=4)
    local = AIProviderConfig.objects.get(provider="local")
    for kind in ("speech", "music"):
        local.models.create(
            kind=kind, name=f"paid-{kind}", is_default=True, price=Decimal("0.05"), unit="call"
        )
    AIProviderConfig.objects.filter(pk=local.pk).update(cost_per_image=Decimal("0.02"))
    sound.change_settings(story.pk, actor=owner)
    plan = plan_generation(story, TakeKind.IMAGE)
    head = _head(story, owner)
    assert plan.total == Decimal("0.19")  # two pictures, two lines, music
    assert (head.next_step.price, head.next_step.at_once) == (plan.total, True)
    assert head.left == plan.total
    client.force_login(owner)
    sent = {"confirm_total": str(head.next_step.price)}
    assert client.post(head.next_step.url, sent).status_code == HTTPStatus.FOUND
    assert Confirmation.objects.get().total == plan.total


def test_dialog_asks_if_a_line_is_too_long_before_it_is_paid(owner, monkeypatch):
    speak_with(monkeypatch)
    story = make_story(owner, status=StoryStatus.PREVIEWING, duration_seconds=4)
    scene = make_scene(story, narration="It rains.", duration_seconds=4)
    AIProviderConfig.objects.filter(provider="local").update(cost_per_image=Decimal("0.02"))
    sound.change_settings(story.pk, actor=owner)
    assert _head(story, owner).next_step.at_once
    line_edits.set_lines(scene.pk, actor=owner, lines=[Spoken("It rains and rains. " * 9, "")])
    assert not _head(story, owner).next_step.at_once


def test_price_that_came_meanwhile_is_shown_and_nothing_starts(client, owner):
    story = make_story(owner, status=StoryStatus.PREVIEWING)
    make_scene(story)
    step = _head(story, owner).next_step
    AIProviderConfig.objects.filter(provider="local").update(cost_per_image=Decimal("0.02"))
    client.force_login(owner)
    answer = client.post(step.url, {"confirm_total": "0"})
    assert answer.status_code == HTTPStatus.CONFLICT
    text = "This costs 0.0200 USD, which was not confirmed. Nothing was started."
    assert text in flat(answer)
    assert not Job.objects.exists()


def test_head_says_what_is_not_in_order(owner):
    story = make_story(owner, status=StoryStatus.PREVIEWING, duration_seconds=30)
    make_take(make_scene(story, duration_seconds=7), review_status="rejected")
    make_take(make_scene(story, duration_seconds=7))
    head = _head(story, owner)
    assert head.news == [("1 rejected", "rejected", "bad"), ("1 to review", "review", "ask")]
    assert (head.seconds, head.is_wished_length) == (14, False)


def test_running_work_has_a_count_a_time_and_a_way_to_stop(owner, viewer):
    story = make_story(owner, status=StoryStatus.PREVIEWING)
    make_take(make_scene(story))
    make_scene(story)
    job = Job.objects.create(
        pk="story_1_1",
        name=JobName.STORY_PREVIEW,
        subject=str(story.pk),
        status=JobStatus.RUNNING,
        progress=50,
        owner=owner,
        started_at=timezone.now() - timedelta(minutes=3),
    )
    running = _head(story, owner).running
    assert (running.count, running.left_text, running.stop_url) == (
        "1/2",
        "about 3 minutes",
        reverse("admin:jobs_job_do", args=[job.pk, "cancel"]),
    )
    assert _head(story, viewer).running.stop_url == ""
    Job.objects.filter(pk=job.pk).update(progress=2)
    assert _head(story, owner).running.left_text == ""


@pytest.mark.moderate
def test_search_finds_all_words_of_a_scene_without_scripts(owner, as_):
    story = make_story(owner, status=StoryStatus.PLANNED)
    made = [
        make_scene(story, title="Harbour", narration="A red boat leaves."),
        make_scene(story, title="Market", narration="Lamps", text="rain on red umbrellas"),
        make_scene(story, title="Lighthouse"),
    ]
    client, url = as_(owner), reverse("admin:stories_story_board", args=[story.pk])

    def found(query):
        html = client.get(url, query).content.decode()
        hidden = [
            f'id="scene-{scene.pk}"' in html
            and html.split(f'id="scene-{scene.pk}"')[1].split(">")[0].endswith(" hidden")
            for scene in made
        ]
        return [index + 1 for index, is_hidden in enumerate(hidden) if not is_hidden]

    assert found({}) == [1, 2, 3]
    assert found({"q": "red"}) == [1, 2]
    assert found({"q": "RED rain"}) == [2]
    assert found({"q": "3"}) == [3]
    assert found({"q": "lost"}) == []
    assert "No scene contains this text." in client.get(url, {"q": "lost"}).content.decode()


@pytest.mark.parametrize(("asked", "shown"), [("list", "list"), ("state", "state"), ("x", "")])
def test_the_way_scenes_are_shown_stands_in_the_address(owner, as_, asked, shown):
    story = make_story(owner)
    make_scene(story)
    url = reverse("admin:stories_story_board", args=[story.pk])
    html = as_(owner).get(url, {"view": asked}).content.decode()
    assert f'data-view="{shown}" data-many-url' in html
