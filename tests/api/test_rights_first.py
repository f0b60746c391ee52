"""Who may change nothing is refused before a long body is read,
in the words of any other refusal.
"""

import io

import pytest

from accounts import refresh_tokens
from stories.models import Scene, Take

LONG = {
    "scenes/bulk_create/": "application/json",
    "scripts/read/": "multipart/form-data; boundary=x",
    "scenes/{scene}/takes/": "multipart/form-data; boundary=x",
}


class Counted(io.BytesIO):
    """A body that knows how much of it was read."""

    taken = 0

    def read(self, size=-1):
        data = super().read(size)
        self.taken += len(data)
        return data


@pytest.mark.parametrize("path", LONG)
@pytest.mark.parametrize(("role", "status"), [("", 404), ("viewer", 403)])
def test_nothing_is_read_of_what_is_not_allowed(api, world, make_person, path, role, status):
    person = make_person("somebody", role=role) if role else make_person("somebody")
    body = Counted(b'{"scenes":[' + b"1," * 1_000_000 + b"1]}")
    before = Scene.objects.count(), Take.objects.count()
    answer = api.generic(
        "POST",
        f"/api/ai-video/{path.format(scene=world.scenes[0].pk)}",
        headers={"Authorization": f"Bearer {refresh_tokens.start(person).access.token}"},
        **{
            "wsgi.input": body,
            "CONTENT_LENGTH": str(len(body.getvalue())),
            "CONTENT_TYPE": LONG[path],
        },
    )
    assert (answer.status_code, answer["Content-Type"]) == (status, "application/problem+json")
    assert body.taken == 0
    assert (Scene.objects.count(), Take.objects.count()) == before
