"""Nothing on the admin's pages says what is not true: tests of a connection, archived stories,
forms that are sent twice.
"""

import re

import pytest
from django.contrib.auth.models import Group
from django.contrib.messages import get_messages
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import timezone

from providers.models import AIProviderConfig
from providers.services import configs
from stories.models import Story
from tests.fakes.stability import Stability
from tests.providers.real import configure
from tests.stories.factories import make_story

HOME, LIST, ADD = (
    reverse("admin:index"),
    reverse("admin:stories_story_changelist"),
    reverse("admin:stories_story_add"),
)
FORM = {
    "title": "The sea",
    "script": "A boat leaves.",
    "duration_seconds": "14",
    "aspect_ratio": "16:9",
    "language": "en",
    "style": "",
}


@pytest.fixture
def local(db):
    return AIProviderConfig.objects.get(provider="local")


def _test(client, config):
    return client.post(reverse("admin:providers_do", args=[config.pk, "check"]))


@pytest.mark.moderate
def test_a_failed_connection_test_is_red_and_stays_so(db, manager, as_, settings):
    settings.LOOPBACK_PROVIDERS = True
    with Stability() as fake:
        configure("stability_ai", fake)
        config = AIProviderConfig.objects.get(provider="stability_ai")
        AIProviderConfig.objects.filter(pk=config.pk).update(balance=50, balance_at=timezone.now())
        client = as_(manager)
        settings.PROVIDER_KEYS = {"stability_ai": "sk-another"}
        answer = _test(client, config)
        assert [message.level_tag for message in get_messages(answer.wsgi_request)] == ["error"]
        address = reverse("admin:providers_aiproviderconfig_change", args=[config.pk])
        red = 'vp-badge vp-bad"><i></i>Connection test failed'
        page = client.get(address).content.decode()
        assert red in page
        assert "$50.00" not in page, "a balance from before says nothing now"
        assert (
            red
            in client.get(reverse("admin:providers_aiproviderconfig_changelist")).content.decode()
        )
        failed = f"{config.name}: the connection test failed"
        assert [todo.title for todo in client.get(HOME).context["todos"]] == [failed]
        settings.PROVIDER_KEYS = {"stability_ai": fake.key}
        answer = _test(client, config)
        assert [message.level_tag for message in get_messages(answer.wsgi_request)] == ["success"]
        assert client.get(HOME).context["todos"] == []
        assert red not in client.get(address).content.decode()


def test_a_test_says_nothing_about_another_configuration(local):
    configs.note_test(local, works=False)
    configs.forget_test(local)
    local.refresh_from_db()
    assert (local.test_works, local.tested_at) == (None, None)


@pytest.mark.django_db
@pytest.mark.moderate
def test_archived_stories_leave_the_daily_list(owner, as_):
    make_story(owner, title="Old one", status="archived")
    make_story(owner, title="New one")
    shown = lambda query: re.findall(  # noqa: E731  read often, here
        r"<b>(\w+ one)</b>", as_(owner).get(f"{LIST}{query}").content.decode()
    )
    assert shown("") == shown("?view=mine") == ["New one"]
    assert shown("?q=one") == ["New one"]
    assert shown("?view=archived") == ["Old one"]
    assert shown("?status__exact=archived") == ["Old one"]


@pytest.mark.django_db
@pytest.mark.parametrize("language", ["ko", "en"])
def test_a_new_story_is_in_the_language_of_the_person(owner, as_, language):
    page = as_(owner).get(ADD, headers={"accept-language": language}).content.decode()
    assert f'<option value="{language}" selected>' in page


@pytest.mark.django_db
def test_back_and_create_again_leads_to_the_same_story(owner, as_):
    client = as_(owner)
    first = client.post(ADD, FORM)
    again = client.post(ADD, FORM)
    assert Story.objects.count() == 1
    assert (again.status_code, again["Location"]) == (302, first["Location"])
    page = client.get(again["Location"]).content.decode()
    assert "This story already exists and is shown here." in page
    client.post(ADD, FORM | {"title": "Another sea"})
    assert Story.objects.count() == 2


@pytest.mark.django_db
def test_the_same_form_of_another_session_is_a_story_of_its_own(owner, as_):
    for _ in range(2):
        as_(owner).post(ADD, FORM)
    assert Story.objects.count() == 2


@pytest.mark.django_db
def test_a_file_without_words_keeps_what_was_typed(owner, as_):
    answer = as_(owner).post(
        ADD, FORM | {"script_file": SimpleUploadedFile("empty.txt", b"   \n  ")}
    )
    assert Story.objects.count() == 0
    assert answer.status_code == 200
    assert "A boat leaves." in answer.content.decode()


@pytest.mark.django_db
def test_rights_of_a_role_are_boxes(admin_client):
    page = admin_client.get(
        reverse("admin:auth_group_change", args=[Group.objects.create(name="Camera").pk])
    ).content.decode()
    assert '<select name="permissions"' not in page
    assert (
        len(
            re.findall(
                r'<input[^>]*type="checkbox"[^>]*name="permissions"'
                r'|<input[^>]*name="permissions"[^>]*type="checkbox"',
                page,
            )
        )
        > 20
    )


@pytest.mark.django_db
def test_account_menu_is_reached_by_keyboard_and_log_out_without_scripts(owner, as_):
    page = as_(owner).get(HOME).content.decode()
    button = re.search(r"<button[^>]*aria-controls=\"vp-account\"[^>]*>", page)[0]
    assert 'aria-label="Account of owner"' in button
    assert 'x-bind:aria-expanded="openUserLinks"' in button
    plain = page.split("<noscript>")[1].split("</noscript>")[0]
    assert f'action="{reverse("admin:logout")}"' in plain
    assert "csrfmiddlewaretoken" in plain
    assert "input changed" in page, "the search hears text that was pasted, too"


def test_keyboard_goes_past_the_navigation_first(admin_client):
    page = admin_client.get("/admin/").content.decode()
    body = page[page.index("<body") :]
    assert (
        re.search(r"<(?:a|button|input|select)\b[^>]*>", body)[0]
        == '<a class="vp-skip" href="#content">'
    )
    assert body.count('id="content"') == 1


def test_page_for_a_new_person_says_what_comes_next(admin_client):
    for language, words in {"en": "Nobody can log in without staff", "ko": "스태프"}.items():
        page = admin_client.get(
            "/admin/auth/user/add/", headers={"Accept-Language": language}
        ).content.decode()
        assert words in page
        assert "After you" not in page
