"""If-Match: a change is made to the version that the client has seen, or not at all."""

import threading

import pytest
from django.db import connection

from accounts import refresh_tokens
from notifications import webhooks
from stories.api.routes import api as routes
from stories.models import Scene, Story

from .conftest import ApiClient
from .test_permissions import OPERATIONS, a_model


def test_story_is_changed_only_in_the_version_that_was_seen(mine, world):
    address = f"stories/{world.story.pk}/"
    seen = mine.ask("GET", address)["ETag"]
    changed = mine.ask("PATCH", address, {"title": "Mine"}, headers={"If-Match": seen})
    assert (changed.status_code, changed["ETag"] != seen) == (200, True)
    assert mine.ask("GET", address)["ETag"] == changed["ETag"]
    stale = mine.ask("PATCH", address, {"title": "Theirs"}, headers={"If-Match": seen})
    assert (stale.status_code, stale.json()["code"]) == (412, "precondition_failed")
    assert Story.objects.get(pk=world.story.pk).title == "Mine"
    either = f'"other", {changed["ETag"]}'
    assert (
        mine.ask("PATCH", address, {"title": "X"}, headers={"If-Match": either}).status_code == 200
    )
    assert mine.ask("PATCH", address, {"title": "Y"}, headers={"If-Match": "*"}).status_code == 200


def test_scene_is_deleted_only_in_the_version_that_was_seen(mine, world):
    address = f"scenes/{world.scenes[0].pk}/"
    seen = mine.ask("GET", address)["ETag"]
    mine.ask("PATCH", address, {"title": "Another"})
    stale = mine.ask("DELETE", address, headers={"If-Match": seen})
    assert (stale.status_code, stale.json()["code"]) == (412, "precondition_failed")
    assert Scene.live.filter(pk=world.scenes[0].pk).exists()
    seen = mine.ask("GET", address)["ETag"]
    assert mine.ask("DELETE", address, headers={"If-Match": seen}).status_code == 204


def test_address_without_a_version_matches_none(mine, world):
    address = f"looks/{world.sheet.look_id}/"
    sent = {"description": "in a red coat"}
    assert mine.ask("PATCH", address, sent, headers={"If-Match": '"x"'}).status_code == 412
    assert mine.ask("PATCH", address, sent).status_code == 200


@pytest.mark.moderate
def test_what_may_not_be_seen_stays_404_and_what_may_not_be_changed_403(
    mine, world, viewer, stranger
):
    address = f"stories/{world.story.pk}/"
    seen = mine.ask("GET", address, person=viewer)["ETag"]
    headers = {"If-Match": seen}
    sent = {"title": "Theirs"}
    assert mine.ask("PATCH", address, sent, person=viewer, headers=headers).status_code == 403
    assert mine.ask("PATCH", address, sent, person=stranger, headers=headers).status_code == 404


@pytest.mark.parametrize(
    "operation",
    [
        route.operation
        for route in routes.routes
        if route.method == "PATCH" and "GET" in routes.controllers[route.path].api_endpoints
    ],
)
def test_every_change_of_what_can_be_read_compares_versions(api, world, admin_user, operation):
    path, body, _statuses = OPERATIONS[operation]
    webhook, _secret = webhooks.add(
        name="Billing", url="https://billing.test/hook", events=["film_ready"], actor=admin_user
    )
    path = path.format(
        story=world.story.pk,
        scene=world.scenes[0].pk,
        effect=world.effect.pk,
        member=world.sheet.look.member_id,
        comment=world.comment.pk,
        project=world.story.project_id,
        person=world.story.owner_id,
        model=a_model(),
        webhook=webhook.pk,
    )
    api.person = admin_user
    seen = api.ask("GET", path)["ETag"]
    refused = api.ask("PATCH", path, body, headers={"If-Match": '"other"'})
    assert (refused.status_code, refused.json()["code"]) == (412, "precondition_failed")
    assert api.ask("GET", path)["ETag"] == seen
    changed = api.ask("PATCH", path, body, headers={"If-Match": seen})
    assert (changed.status_code, changed["ETag"]) == (200, api.ask("GET", path)["ETag"])


@pytest.mark.row_locks(sqlite=True)
@pytest.mark.django_db(transaction=True)
@pytest.mark.moderate
def test_of_two_changes_of_one_version_one_is_made(world, owner):
    address = f"stories/{world.story.pk}/"
    tokens = [refresh_tokens.start(owner).access.token for _ in range(2)]
    seen = ApiClient().ask("GET", address, token=tokens[0])["ETag"]
    begin, answers = threading.Barrier(2), []

    def change(number):
        begin.wait()
        sent, headers = {"title": f"Version {number}"}, {"If-Match": seen}
        try:
            response = ApiClient().ask(
                "PATCH", address, sent, token=tokens[number], headers=headers
            )
            answers.append(response.status_code)
        finally:
            connection.close()

    threads = [threading.Thread(target=change, args=(number,)) for number in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == [200, 412]
