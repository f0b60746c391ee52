"""The document of the API as Spectral, Redocly and openapi-typescript read it, and a TypeScript
client with the generated types that goes from log-in to the file of a final film.
"""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest
from django.conf import settings
from django.test import Client

from tests.operations.running import Installation, free_port, read_until, until

from .conftest import ROOT
from .test_walk import ACCOUNT, answers

pytestmark = pytest.mark.slow

BASE = Path(settings.BASE_DIR)
TOOLS = BASE / "node_modules/.bin"
PASSWORD = "a long enough word"
STRICT = ["--strict", "--noUncheckedIndexedAccess", "--exactOptionalPropertyTypes"]
MODULES = ["--target", "es2022", "--module", "esnext", "--moduleResolution", "bundler"]


@pytest.fixture(scope="module")
def packages():
    """What package-lock.json names, installed."""
    if shutil.which("npm") is None:
        pytest.skip("npm is not installed on this machine")
    done = subprocess.run(
        [BASE / "tools/npm-packages"], capture_output=True, text=True, check=False
    )
    if done.returncode:
        pytest.skip(f"npm cannot install its packages: {done.stderr[-200:]}")


@pytest.fixture
def document(db, packages, tmp_path):
    file = tmp_path / "openapi.json"
    file.write_bytes(Client().get(f"{ROOT}openapi.json?lang=en").content)
    return file


def run(tool, *arguments, cwd=BASE):
    """Runs a program of the packages without a word to its makers."""
    env = {"PATH": os.environ["PATH"], "HOME": str(cwd), "REDOCLY_TELEMETRY": "off"}
    env |= {"REDOCLY_SUPPRESS_UPDATE_NOTICE": "true", "NO_COLOR": "1"}
    line = [str(tool), *map(str, arguments)]
    return subprocess.run(
        line, cwd=cwd, env=env, capture_output=True, text=True, timeout=280, check=False
    )


def spectral(document):
    done = run(TOOLS / "spectral", "lint", "-r", BASE / ".spectral.yaml", "-f", "json", document)
    found = json.JSONDecoder().raw_decode(done.stdout)[0]
    return sorted({problem["code"] for problem in found})


def redocly(document):
    done = run(
        *(TOOLS / "redocly", "lint", "--config", BASE / "redocly.yaml", "--format", "json"),
        document,
    )
    return sorted({problem["ruleId"] for problem in json.loads(done.stdout)["problems"]})


@pytest.mark.parametrize("lint", [spectral, redocly])
def test_nothing_is_found_in_the_document(lint, document):
    assert lint(document) == []


@pytest.mark.parametrize(
    ("lint", "found"),
    [(spectral, ["operation-description"]), (redocly, ["operation-summary"])],
)
def test_a_missing_description_is_found(lint, found, document):
    made = json.loads(document.read_text())
    del made["paths"]["/me/"]["get"]["description"], made["paths"]["/me/"]["get"]["summary"]
    document.write_text(json.dumps(made))
    assert lint(document) == found


@pytest.fixture
def program(document, tmp_path):
    """whole_way.ts as JavaScript, compiled with the types of the document."""
    folder = tmp_path / "client"
    folder.mkdir()
    (folder / "node_modules").symlink_to(BASE / "node_modules")
    (folder / "package.json").write_text('{"type": "module"}')
    types = folder / "studio.ts"
    made = run(
        *(TOOLS / "openapi-typescript", document, "-o", types),
        *("--redocly", BASE / "redocly.yaml", "--default-non-nullable", "false"),
    )
    assert made.returncode == 0, made.stdout + made.stderr
    shutil.copy(Path(__file__).with_name("whole_way.ts"), folder)
    return folder / "whole_way.ts"


def compiled(program):
    options = [*STRICT, *MODULES, "--lib", "es2022,dom,dom.iterable", "--types", "node"]
    return run(TOOLS / "tsc", *options, "--pretty", "false", program.name, cwd=program.parent)


def test_a_wrong_field_is_not_compiled(program):
    text = program.read_text()
    assert text.count('title: "Harbour"') == 1
    program.write_text(text.replace('title: "Harbour"', 'titel: "Harbour"'))
    done = compiled(program)
    assert done.returncode != 0
    (error,) = done.stdout.strip().splitlines()[:1]
    assert "whole_way.ts" in error
    assert "'titel' does not exist in type" in error


@pytest.fixture
def studio(tmp_path):
    """The address of a running studio with workers and an account for mina, a producer."""
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


def test_from_log_in_to_the_file_of_the_final_film(program, studio, tmp_path):
    done = compiled(program)
    assert done.returncode == 0, done.stdout
    password = tmp_path / "password"
    password.write_text(PASSWORD)
    film = tmp_path / "film.mp4"
    script = program.with_suffix(".js")
    done = run("node", script, studio, film, password, cwd=program.parent)
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    assert answer.pop("scenes") >= 1
    assert answer == {
        "without_token": "not_authenticated",
        "preview": {"price": "0.0000", "job": "succeeded"},
        "final": {"price": "0.0000", "job": "succeeded"},
        "status": "completed",
        "kinds": ["final", "preview"],
        "size": film.stat().st_size,
        "again": ["transition_not_allowed", "completed"],
    }
    assert film.read_bytes()[4:8] == b"ftyp"
