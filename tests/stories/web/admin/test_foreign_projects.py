"""The wall of a project on pages, files and lists: who is not among its people reads no word of it
and changes nothing, at any address.
"""

from typing import Any

import pytest
from django.contrib.admin.models import CHANGE, LogEntry
from django.test import Client
from django.urls import reverse

from core.localized_messages import LocalizedMessage
from jobs.models import Job
from notifications.enums import Event
from notifications.outbox import notify
from stories.models import (
    Approval,
    CastMember,
    Comment,
    Film,
    LineText,
    Project,
    ReviewLink,
    Scene,
    ScenePrompt,
    SheetTake,
    SoundTake,
    Story,
    StoryStateTransition,
    Take,
)
from tests.named_addresses import Things, make_things, named, routes_of_pages

pytestmark = [pytest.mark.slow, pytest.mark.django_db]
WORD = "Quokkaharbour"
PART = WORD[:6]  # what is searched for stands on the page again
PEOPLE = ("manager", "colleague", "viewer")
KEYS = ("/review/", "/admin/invited/", "/admin/new-password/")  # whoever has the link may
CHANGED_BY_ALL = ("/admin/second-factor/", "/admin/notifications/", "/admin/sessions/")
MODELS = (
    *(Story, Scene, ScenePrompt, Take, SoundTake, SheetTake, CastMember, Film, Comment),
    *(ReviewLink, Approval, StoryStateTransition, Job, Project),
)


@pytest.fixture
def things(admin_user: Any) -> Things:
    """A story behind a wall, with the word in every text of it."""
    made = make_things(admin_user)
    project = Project.objects.create(name=WORD, code=WORD.upper(), client=WORD, budget=10)
    Story.objects.update(project=project, title=WORD, script=WORD, style=WORD)
    made.ids["project_id"] = project.pk
    Scene.objects.update(title=WORD, narration=WORD)
    ScenePrompt.objects.update(text=WORD, text_en=WORD)
    LineText.objects.update(text=WORD, speaker=WORD)
    CastMember.objects.update(name=WORD, description=WORD)
    Comment.objects.update(text=WORD)
    ReviewLink.objects.update(name=WORD)
    Approval.objects.update(reason=WORD)
    LogEntry.objects.log_actions(
        admin_user.pk, [made.world.story], CHANGE, change_message=WORD, single_object=True
    )
    return made


def address_of(things: Things, route: str) -> list[str]:
    if route.startswith("/admin/stories/project/"):
        return [route.replace("<path:object_id>", str(things.ids["project_id"]))]
    return named(things, route)


def rows() -> list[Any]:
    return [list(model._base_manager.order_by("pk").values()) for model in MODELS]


@pytest.mark.parametrize("who", PEOPLE)
def test_no_page_tells_of_it_and_none_changes_it(
    client: Client, things: Things, request: pytest.FixtureRequest, who: str
) -> None:
    client.force_login(request.getfixturevalue(who))
    before, told, tried = rows(), [], 0
    for route in routes_of_pages():
        if route.startswith(KEYS):
            continue
        for address in address_of(things, route):
            for method in ("GET", "POST"):
                answer = client.generic(
                    method, address, content_type="application/x-www-form-urlencoded"
                )
                tried += 1
                content = b"" if answer.status_code == 302 else answer.getvalue()
                if WORD.encode() in content or WORD in answer.get("Location", ""):
                    told.append(f"{method} {address}")
    assert (told, tried > 500) == ([], True)
    assert rows() == before


@pytest.mark.parametrize("who", PEOPLE)
def test_lists_searches_and_exports_find_nothing_of_it(
    client: Client, things: Things, request: pytest.FixtureRequest, who: str
) -> None:
    person = request.getfixturevalue(who)
    message = LocalizedMessage("%(title)s", {"title": WORD})
    notify(Event.MENTION, message, people=[person.pk], story_id=things.world.story.pk)
    client.force_login(person)
    story, project = things.world.story, things.ids["project_id"]
    asked = {
        "admin:search": {"s": PART},
        "admin:notifications": {},
        "admin:stories_story_changelist": {"q": PART},
        "admin:stories_project_changelist": {"q": PART},
        "admin:stories_approval_changelist": {"q": PART},
        "admin:jobs_job_changelist": {"q": PART},
        "admin:providers_providercall_changelist": {"q": str(story.pk)},
        "admin:costs": {"project": WORD.upper()},
        "admin:costs_export": {"project": WORD.upper()},
        "admin:audit": {"q": PART},
        "admin:index": {},
        "admin:now": {},
        "admin:monitoring": {},
    }
    for name, query in asked.items():
        answer = client.get(reverse(name), query)
        shown = answer.content.decode()
        assert (name, WORD in shown, f"/{story.pk}/" in shown) == (name, False, False)
    for field in ("project", "project__id__exact", "owner", "story"):
        for place in ("stories_story", "jobs_job", "stories_approval"):
            answer = client.get(reverse(f"admin:{place}_changelist"), {field: project})
            assert WORD not in answer.content.decode()
    for field in ("project", "owner", "story"):
        names = {"app_label": "stories", "model_name": "story", "field_name": field, "term": PART}
        answer = client.get(reverse("admin:autocomplete"), names)
        assert WORD not in answer.content.decode()
