"""The lines of the README, from log-in to film, against a live server and worker."""

import os
import re
import subprocess
from pathlib import Path

import httpx
import pytest
from django.conf import settings

from tests.operations.running import Installation, free_port, read_until, until

pytestmark = pytest.mark.fault_injection

README = Path(settings.BASE_DIR) / "README.md"
ACCOUNT = """
from django.contrib.auth.models import Group, User
person = User.objects.create_user("mina", password="a long enough word", is_staff=True)
person.groups.add(Group.objects.get(name="producer"))
"""


@pytest.fixture
def studio(tmp_path):
    """The address of a running studio with an account for mina, a producer."""
    installation = Installation(tmp_path / "var")
    port = free_port()
    try:
        process = installation.start("serve", "--port", str(port))
        read_until(process, "Press Ctrl+C to stop")
        assert installation.manage("shell", "-c", ACCOUNT).returncode == 0
        until(lambda: answers(port), what="an answer")
        yield f"http://127.0.0.1:{port}"
        process.terminate()
        process.communicate(timeout=120)
    finally:
        installation.end()


def answers(port):
    try:
        return (
            httpx.get(f"http://127.0.0.1:{port}/api/ai-video/openapi.json", timeout=5).status_code
            == 200
        )
    except httpx.TransportError:
        return False


@pytest.mark.slow
def test_walk_from_log_in_to_film(studio, tmp_path):
    (lines,) = re.findall(
        r"<!-- walk:begin -->\n```bash\n(.*?)```\n<!-- walk:end -->",
        README.read_text(encoding="utf-8"),
        flags=re.DOTALL,
    )
    env = {
        "PATH": os.environ["PATH"],
        "API": f"{studio}/api/ai-video",
        "STUDIO_USER": "mina",
        "STUDIO_PASSWORD": "a long enough word",
    }
    walk = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", lines],
        env=env,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
    )
    assert walk.returncode == 0, walk.stderr
    film = (tmp_path / "film.mp4").read_bytes()
    assert film[4:8] == b"ftyp"
    assert "The lighthouse waits" in (tmp_path / "film.srt").read_text(encoding="utf-8")
