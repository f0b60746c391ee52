"""Pages of provider calls: what each was for and what was asked, in words."""

import pytest
from django.urls import reverse
from django.utils import timezone

from providers.models import ProviderCall
from stories.models import Project
from stories.models.project import ProjectRole
from stories.services import lines
from tests.stories.factories import make_scene, make_story

pytestmark = pytest.mark.django_db
LIST = "admin:providers_providercall_changelist"
REQUEST = {
    "kind": "clip",
    "prompt": "A boat <leaves>",
    "negative": "people",
    "duration_ms": 4500,
    "seed": 7,
    "cast": [{"role": "character", "name": "Haru"}, {"role": "place", "name": "Harbour"}],
}


def make_call(story=None, item="", **values):
    common = {
        "provider_id": "local",
        "kind": "clip",
        "model": "sketch-1",
        "key": str(ProviderCall.objects.count()),
        "request_hash": "",
        "unit_price": 1,
        "units": 1,
        "estimate": 1,
        "state": "settled",
        "reserved_at": timezone.now(),
        "subject": str(story.pk) if story else "",
        "item": str(item),
    }
    return ProviderCall.objects.create(**(common | values))


@pytest.fixture
def story(owner):
    return make_story(owner, title="The lighthouse")


def test_list_names_story_and_scene(story, manager, as_):
    first, second = make_scene(story), make_scene(story)
    make_call(story, second.pk)
    make_call(story, lines.of(first)[0].pk, kind="speech")
    make_call(story)
    make_call()
    page = as_(manager).get(reverse(LIST)).content.decode()
    for words in (
        "<b>The lighthouse, scene 2</b><small>Local studio · Clip · sketch-1</small>",
        "<b>The lighthouse, scene 1</b><small>Local studio · Speech · sketch-1</small>",
        "<b>The lighthouse</b><small>Local studio · Clip · sketch-1</small>",
        "<b>Local studio · Clip</b><small>sketch-1</small>",
    ):
        assert words in page


def test_list_asks_as_often_for_many_calls(story, manager, as_, queries_of):
    counts = []
    for _ in range(2):
        for _call in range(3):
            make_call(story, make_scene(story).pk)
        counts.append(queries_of(as_(manager), reverse(LIST)))
    assert counts[0] == counts[1]


def test_page_says_what_was_asked_for(story, manager, as_):
    scene = make_scene(story)
    call = make_call(story, scene.pk, request=REQUEST)
    answer = as_(manager).get(reverse("admin:providers_providercall_change", args=[call.pk]))
    assert answer.context["asked"] == [
        ("Prompt", "A boat <leaves>"),
        ("What to avoid", "people"),
        ("Cast", "Haru, Harbour"),
        ("Length", "4.5 s"),
        ("Seed", "7"),
    ]
    page = answer.content.decode()
    address = reverse("admin:board_scene", args=[story.pk, scene.pk])
    assert f'<a class="vp-link" href="{address}">The lighthouse, scene 1</a>' in page
    assert "<dd>A boat &lt;leaves&gt;</dd>" in page


@pytest.mark.parametrize("request_", [{"cast": [1]}, {"duration_ms": "long"}, {"prompt": []}, {}])
def test_request_of_an_earlier_version_is_shown_as_it_was_sent(story, manager, as_, request_):
    call = make_call(story, request=request_)
    answer = as_(manager).get(reverse("admin:providers_providercall_change", args=[call.pk]))
    assert (answer.status_code, answer.context["asked"]) == (200, [])


def test_call_of_a_foreign_project_is_not_found(story, manager, as_):
    """Its page and its decision as well as its row in the list."""
    story.project = Project.objects.create(name="A client", code="CLIENT", is_open=False)
    story.save(update_fields=["project"])
    call = make_call(story, state="unclear")
    pages = [
        reverse(f"admin:{name}", args=[call.pk])
        for name in ("providers_providercall_change", "providers_call_resolve")
    ]
    client = as_(manager)
    assert [client.get(page).status_code for page in pages] == [404, 404]
    assert client.post(pages[1], {"decision": "write_off", "reason": "x"}).status_code == 404
    call.refresh_from_db()
    assert call.state == "unclear"
    assert "The lighthouse" not in client.get(reverse(LIST)).content.decode()
    story.project.members.create(user=manager, role=ProjectRole.MEMBER)
    assert [client.get(page).status_code for page in pages] == [200, 200]


@pytest.fixture
def unclear(story):
    return [make_call(story, make_scene(story).pk, state="unclear") for _ in range(4)]


def _several(story):
    return reverse("admin:providers_calls_resolve", args=[story.pk])


def test_dialog_of_several_names_each_call_and_what_is_known(story, unclear, manager, as_):
    first = unclear[0]
    ProviderCall.objects.filter(pk=first.pk).update(task_id="task-17")
    make_call(story, state="settled")
    html = as_(manager).get(_several(story)).text
    assert html.count("<fieldset") == 4
    for number in range(1, 5):
        assert f"The lighthouse, scene {number} · Local studio" in html
    assert f'name="task-{first.pk}" value="task-17"' in html
    assert html.count("the amount is released") == 4
    page = as_(manager).get(reverse("admin:providers_providercall_change", args=[first.pk])).text
    assert _several(story) in page
    assert (
        _several(story)
        in as_(manager).get(reverse("admin:stories_story_money", args=[story.pk])).text
    )


def test_several_calls_are_decided_at_once_each_in_its_own_way(story, unclear, manager, as_):
    attached, free, lost, left = unclear
    answer = as_(manager).post(
        _several(story),
        {
            f"decision-{attached.pk}": "attach",
            f"task-{attached.pk}": "t-1",
            f"decision-{free.pk}": "not_charged",
            f"decision-{lost.pk}": "write_off",
            f"decision-{left.pk}": "",
            "reason": "seen in their list",
        },
    )
    assert answer.status_code == 302
    rows = ProviderCall.objects.in_bulk()
    assert [(rows[call.pk].state, rows[call.pk].cost) for call in unclear] == [
        ("accepted", None),
        ("refused", 0),
        ("written_off", 1),
        ("unclear", None),
    ]
    for call in (attached, free, lost):
        event = call.events.get()
        assert (event.reason, event.actor) == ("seen in their list", manager)


def test_a_refused_decision_leaves_the_others(story, unclear, manager, as_):
    first, second, third, _left = unclear
    make_call(task_id="taken")
    answer = as_(manager).post(
        _several(story),
        {
            f"decision-{first.pk}": "not_charged",
            f"decision-{second.pk}": "attach",
            f"task-{second.pk}": "taken",
            f"decision-{third.pk}": "write_off",
            "reason": "seen",
        },
    )
    assert answer.status_code == 409
    assert "Decided: 2. Not decided: The lighthouse, scene 2: " in answer.text
    assert "The task taken belongs to another call." in answer.text
    assert f'name="task-{second.pk}" value="taken"' in answer.text, "what was typed stays"
    states = ProviderCall.objects.in_bulk()
    assert [states[call.pk].state for call in unclear] == [
        "refused",
        "unclear",
        "written_off",
        "unclear",
    ]


@pytest.mark.parametrize(
    "data", [{"reason": ""}, {"reason": "no decision"}, {"reason": "r", "decision": "not_charged"}]
)
def test_several_need_a_reason_and_a_decision(story, unclear, manager, as_, data):
    given = {f"decision-{unclear[0].pk}": "not_charged"} if not data["reason"] else {}
    assert as_(manager).post(_several(story), data | given).status_code == 409
    assert set(ProviderCall.objects.values_list("state", flat=True)) == {"unclear"}


def test_several_are_decided_only_by_who_may(story, unclear, owner, as_):
    answer = as_(owner).post(
        _several(story), {f"decision-{unclear[0].pk}": "not_charged", "reason": "mine"}
    )
    assert answer.status_code == 403
    assert set(ProviderCall.objects.values_list("state", flat=True)) == {"unclear"}


def test_dialog_of_several_without_unclear_calls_is_not_found(story, manager, as_):
    make_call(story)
    assert as_(manager).get(_several(story)).status_code == 404
