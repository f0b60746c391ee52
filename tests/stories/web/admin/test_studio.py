"""The overview, the costs, the language of each person, and who gets in."""

import csv
import io
import re
import uuid
from datetime import timedelta
from decimal import Decimal

import pytest
from django.conf import settings
from django.contrib import admin
from django.contrib.auth.models import Group, Permission
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from django.utils.safestring import SafeString

from core.admin.display import quick_html
from jobs.enums import JobStatus, WaitFor
from jobs.models import Job
from operations.models import Preference
from providers.enums import CallState, Kind
from providers.models import ProviderCall
from providers.services.configs import organization_budget
from stories.enums import JobName, StoryStatus
from stories.models import Film
from tests.stories.factories import make_scene, make_story, make_take

HOME, COSTS, LANGUAGE = reverse("admin:index"), reverse("admin:costs"), reverse("admin:language")


def _call(story, person, cost, **values):
    defaults = {
        "provider_id": "stability_ai",
        "kind": Kind.IMAGE,
        "state": CallState.SETTLED,
        "key": uuid.uuid4().hex,
        "request_hash": "0" * 64,
    }
    money = {"unit_price": cost, "units": 1, "estimate": cost, "cost": cost}
    return ProviderCall.objects.create(
        subject=str(story.pk), actor=person, **{**defaults, **money, **values}
    )


@pytest.mark.django_db
def test_log_in_and_out(owner):
    client = Client()
    assert client.get(HOME)["Location"] == f"{reverse('admin:login')}?next={HOME}"
    wrong = client.post(reverse("admin:login"), {"username": "owner", "password": "wrong"})
    assert (wrong.status_code, "vp-error" in wrong.content.decode()) == (200, True)
    right = client.post(
        reverse("admin:login"), {"username": "owner", "password": "owner", "next": HOME}
    )
    assert (right.status_code, right["Location"]) == (302, HOME)
    assert client.get(HOME).status_code == 200


@pytest.mark.django_db
def test_wrong_password_is_told_in_words_of_ours(client):
    page = client.post(
        reverse("admin:login"),
        {"username": "nobody", "password": "x"},
        headers={"Accept-Language": "ko"},
    )
    assert "사용자 이름이나 비밀번호가 맞지 않습니다." in page.content.decode()


@pytest.mark.django_db
def test_people_without_a_role_do_not_get_in(stranger, as_):
    assert as_(stranger).get(HOME).status_code == 302


@pytest.mark.django_db
@pytest.mark.moderate
def test_overview_shows_what_needs_this_person(owner, colleague, manager, as_):
    planned = make_story(owner, title="With a plan", status=StoryStatus.PLANNED)
    waiting = make_story(owner, title="Out of money", status=StoryStatus.RENDERING)
    Job.objects.create(
        pk="story_1_1",
        name=JobName.STORY_RENDER,
        subject=str(waiting.pk),
        status=JobStatus.WAITING,
        wait_for=WaitFor.BUDGET,
        owner=owner,
    )
    unclear = _call(planned, owner, None, state=CallState.UNCLEAR, unit_price=1, estimate=1)
    links = lambda person: [todo.link for todo in as_(person).get(HOME).context["todos"]]  # noqa: E731  read thrice, here
    story_page = lambda story: reverse("admin:stories_story_board", args=[story.pk])  # noqa: E731  as above
    assert links(owner) == [
        reverse("admin:stories_story_board", args=[planned.pk]),
        story_page(waiting),
        story_page(planned),
    ]
    assert links(colleague) == []
    assert links(manager) == [
        reverse("admin:providers_providercall_change", args=[unclear.pk]),
        story_page(waiting),
    ]


@pytest.mark.django_db
def test_overview_numbers(owner, as_):
    story = make_story(owner)
    now = timezone.now()
    times = {
        "finished_at": now,
        "started_at": now,
        "worked": timedelta(seconds=8),
        "queue_wait": timedelta(seconds=2),
    }
    for n, status in enumerate([JobStatus.SUCCEEDED] * 3 + [JobStatus.FAILED]):
        Job.objects.create(
            pk=f"story_1_{n}",
            name=JobName.SCENE_PREVIEW,
            subject=str(story.pk),
            status=status,
            **times,
        )
    _call(story, owner, Decimal("2.50"))
    money = organization_budget()
    money.monthly_budget = 10
    money.save()
    html = as_(owner).get(HOME).content.decode()
    for message in (
        "75.0%",
        "3 succeeded, 1 failed in 7 days",
        "8.0 s",
        "2.0 s",
        "$2.50",
        "25% of the $10.00 budget",
    ):
        assert message in html


@pytest.mark.django_db
@pytest.mark.moderate
def test_overview_query_count_does_not_depend_on_rows(owner, as_, queries_of):
    counts = []
    for rows in (1, 3, 20):
        while owner.stories.count() < rows:
            story = make_story(owner, status=StoryStatus.PLANNED)
            _call(story, owner, Decimal("0.10"))
            Job.objects.create(
                pk=f"story_1_{rows}{owner.stories.count()}",
                name=JobName.STORY_PREVIEW,
                subject=str(story.pk),
                status=JobStatus.RUNNING,
                owner=owner,
            )
        counts.append(queries_of(as_(owner), HOME))
    assert counts[0] == counts[1] == counts[2]
    assert counts[0] <= 30


@pytest.mark.django_db
def test_running_now_stops_by_itself(owner, as_):
    story = make_story(owner)
    job = Job.objects.create(
        pk="story_1_1",
        name=JobName.STORY_PREVIEW,
        subject=str(story.pk),
        status=JobStatus.RUNNING,
        owner=owner,
    )
    client = as_(owner)
    assert client.get(reverse("admin:now")).status_code == 200
    job.status = JobStatus.SUCCEEDED
    job.save()
    assert client.get(reverse("admin:now")).status_code == 286


@pytest.mark.django_db
@pytest.mark.moderate
def test_costs_by_provider_story_person_and_rejected(owner, colleague, as_):
    one, two = make_story(owner, title="The sea"), make_story(colleague, title="The hill")
    _call(one, owner, Decimal("1.25"))
    _call(one, colleague, Decimal("0.75"), provider_id="runway_ml")
    _call(two, colleague, Decimal("3.00"))
    _call(two, colleague, Decimal("9.00"), reserved_at=timezone.now() - timedelta(days=40))
    make_take(
        make_scene(one), review_status="rejected", review_reason="too dark", cost=Decimal("0.40")
    )
    page = as_(owner).get(COSTS).context
    found = {
        by: [(row.name, row.totals.actual) for row in rows] for by, _heading, rows in page["tables"]
    }
    assert found["story"] == [("The hill", Decimal(3)), ("The sea", Decimal(2))]
    assert found["provider"] == [("Stability AI", Decimal("4.25")), ("Runway ML", Decimal("0.75"))]
    assert found["person"] == [("colleague", Decimal("3.75")), ("owner", Decimal("1.25"))]
    assert (page["total"].actual, page["rejected"]["cost"]) == (Decimal(5), Decimal("0.40"))
    assert page["chart"]["sets"][0]["values"][-1] == 0.75
    assert as_(owner).get(COSTS, {"days": "90"}).context["total"].actual == Decimal(14)


@pytest.mark.django_db
def test_costs_as_csv(owner, as_):
    story = make_story(owner)
    _call(story, owner, Decimal("1.25"), task_id="=HYPERLINK(1)")
    response = as_(owner).get(reverse("admin:costs_export"))
    assert response["Content-Type"] == "text/csv; charset=utf-8"
    text = b"".join(response.streaming_content).decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(text)))
    assert len(rows) == 1
    row = rows[0]
    assert (row["provider"], row["story"], row["person"], row["cost_usd"], row["task"]) == (
        "stability_ai",
        str(story.pk),
        "owner",
        "1.2500",
        "'=HYPERLINK(1)",
    )


@pytest.mark.django_db
def test_costs_are_not_for_everybody(viewer, as_):
    for url in (COSTS, reverse("admin:costs_export")):
        assert as_(viewer).get(url).status_code == 403


@pytest.mark.django_db
@pytest.mark.moderate
def test_language_follows_the_person(owner):
    client = Client()
    client.force_login(owner)
    assert client.get(LANGUAGE).status_code == 405
    client.post(LANGUAGE, {"language": "xx", "next": HOME})
    assert not Preference.objects.exists()
    assert client.post(LANGUAGE, {"language": "ko", "next": HOME})["Location"] == HOME
    assert Preference.objects.get().language == "ko"
    assert '<html lang="ko"' in client.get(HOME).content.decode()
    elsewhere = Client()
    elsewhere.post(reverse("admin:login"), {"username": "owner", "password": "owner", "next": HOME})
    assert '<html lang="ko"' in elsewhere.get(HOME).content.decode()


@pytest.mark.django_db
def test_language_goes_nowhere_else(owner):
    assert (
        Client().post(LANGUAGE, {"language": "ko", "next": "https://example.com/"})["Location"]
        == "/"
    )


@pytest.mark.django_db
def test_language_of_a_browser_before_log_in():
    response = Client().post(LANGUAGE, {"language": "ko", "next": reverse("admin:login")})
    assert response.cookies[settings.LANGUAGE_COOKIE_NAME].value == "ko"


@pytest.mark.django_db
@pytest.mark.moderate
def test_pages_keep_to_the_content_policy(owner, as_):
    story = make_story(owner)
    for url in (
        HOME,
        reverse("admin:stories_story_changelist"),
        reverse("admin:stories_story_board", args=[story.pk]),
    ):
        response = as_(owner).get(url)
        assert "script-src 'self' 'unsafe-eval'" in response["Content-Security-Policy"]
        inline = [
            part
            for part in response.content.decode().split("<script")[1:]
            if "src=" not in part.split(">")[0] and "application/json" not in part.split(">")[0]
        ]
        assert inline == []


@pytest.mark.django_db
@pytest.mark.moderate
def test_overview_shows_the_newest_film_of_each_story(owner, stranger, as_):
    story, other = make_story(owner, title="The sea"), make_story(owner, title="The hill")
    make_take(make_scene(story))
    sizes = {
        "file": "f.mp4",
        "width": 1280,
        "height": 720,
        "fps": 24,
        "frames": 240,
        "size_bytes": 1,
        "manifest_hash": "0" * 64,
    }
    Film.objects.create(story=story, kind="preview", number=1, **sizes)
    newest = Film.objects.create(story=story, kind="final", number=1, **sizes)
    only = Film.objects.create(story=other, kind="preview", number=1, **sizes)
    assert [film.pk for film in as_(owner).get(HOME).context["films"]] == [only.pk, newest.pk]
    stranger.is_staff = True
    stranger.save()
    assert as_(stranger).get(HOME).context["films"] == []


@pytest.mark.django_db
@pytest.mark.moderate
def test_list_of_calls_has_a_constant_number_of_queries(manager, as_, queries_of):
    story = make_story(manager)
    counts = []
    for rows in (1, 3, 20):
        while ProviderCall.objects.count() < rows:
            _call(story, manager, Decimal("0.10"))
        counts.append(queries_of(as_(manager), reverse("admin:providers_providercall_changelist")))
    assert counts[0] == counts[1] == counts[2]
    assert counts[0] <= 15


def test_quick_html_escapes_what_is_not_marked_safe():
    html = quick_html("<b>{}</b>{}{}", "<script>\"'&", SafeString("<i>x</i>"), 3)
    assert html == "<b>&lt;script&gt;&quot;&#x27;&amp;</b><i>x</i>3"


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("language", "rights"),
    [
        (
            "ko",
            (
                "스토리 | 스토리 | 추가할 수 있음",
                "스토리 | 스토리 | 스토리의 최종 영상을 렌더링할 수 있음",
            ),
        ),
        (
            "en",
            ("Stories | story | Can add", "Stories | story | Can render a story&#x27;s final film"),
        ),
    ],
)
def test_role_page_speaks_the_reader_s_language(admin_user, client, language, rights):
    role = Group.objects.create(name="Camera")
    client.force_login(admin_user)
    page = client.get(
        reverse("admin:auth_group_change", args=[role.pk]), headers={"Accept-Language": language}
    ).content.decode()
    options = [
        " ".join(label.split())
        for label in re.findall(
            r'<label[^>]*for="id_permissions_\d+"[^>]*>(?:\s|<[^>]+>)*([^<]+)', page
        )
    ]
    assert set(rights) <= set(options)
    inner = (
        *("account", "mfa", "socialaccount", "usersessions"),
        *("admin", "contenttypes", "django_q", "sessions"),
    )
    assert len(options) == Permission.objects.exclude(content_type__app_label__in=inner).count(), (
        "what no screen asks for is not offered"
    )
    assert [
        option
        for option in options
        if option.startswith(("Stories", "스토리")) and ("Can " in option) is (language == "ko")
    ] == []


@pytest.mark.django_db
def test_rights_of_a_role_are_saved(admin_user, client):
    role = Group.objects.create(name="Camera")
    wanted = Permission.objects.filter(codename__in=("render_final", "add_scene"))
    client.force_login(admin_user)
    answer = client.post(
        reverse("admin:auth_group_change", args=[role.pk]),
        {"name": "Camera", "permissions": [right.pk for right in wanted]},
    )
    assert (answer.status_code, set(role.permissions.all())) == (302, set(wanted))


@pytest.mark.moderate
def test_no_page_of_people_and_roles_says_group(admin_user, client):
    """Django's word for a role: in heads, filters, rights, the history and choices."""
    role = Group.objects.get(name="producer")
    client.force_login(admin_user)
    pages = [
        *(reverse(f"admin:auth_group_{page}") for page in ("changelist", "add")),
        *(reverse(f"admin:auth_user_{page}") for page in ("changelist", "add")),
        *(reverse(f"admin:auth_group_{page}", args=[role.pk]) for page in ("change", "delete")),
        reverse("admin:auth_group_history", args=[role.pk]),
        reverse("admin:auth_user_change", args=[admin_user.pk]),
        reverse("admin:app_list", args=["auth"]),
        reverse("admin:audit"),
        reverse("admin:providers_organizationbudget_changelist"),
    ]  # fmt: skip
    for page in pages:
        shown = client.get(page, headers={"Accept-Language": "ko"}, follow=True)
        assert shown.status_code == 200, page
        assert "그룹" not in shown.content.decode(), page


@pytest.mark.moderate
def test_filters_are_headed_by_their_column(admin_client):
    """In Korean Django's "By state" is the column with an undecided particle."""
    for model in admin.site._registry:
        name = f"{model._meta.app_label}_{model._meta.model_name}"
        page = admin_client.get(
            reverse(f"admin:{name}_changelist"), headers={"Accept-Language": "ko"}, follow=True
        )
        assert "(으)로" not in page.content.decode(), name


def test_people_are_filtered_by_role(admin_user, client, manager, viewer):
    client.force_login(admin_user)
    role = Group.objects.get(name="manager")
    page = reverse("admin:auth_user_changelist")
    shown = client.get(f"{page}?groups__id__exact={role.pk}").context["cl"].queryset
    assert set(shown) == {manager}
    assert client.get(f"{page}?groups__id__exact=²").status_code == 200
