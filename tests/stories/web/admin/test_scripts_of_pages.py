"""Admin pages load no script that they do not use."""

import re

import pytest

pytestmark = pytest.mark.django_db
SCRIPTS = re.compile(r'<script src="/static/(admin/js/[^"]+)"')


@pytest.mark.parametrize("page", ["stories/story/", "jobs/job/", "stories/project/add/"])
def test_nothing_makes_parts_of_addresses(page, admin_client):
    scripts = SCRIPTS.findall(admin_client.get(f"/admin/{page}").content.decode())
    assert "admin/js/core.js" in scripts
    assert [name for name in scripts if re.search("urlify|prepopulate|xregexp", name)] == []
