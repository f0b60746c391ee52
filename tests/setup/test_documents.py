"""The documents say what the code does."""

import ast
import re
import tomllib
from pathlib import Path

import pytest
from django.conf import settings

from operations.story_state_diagram import drawn, states

ROOT = Path(settings.BASE_DIR)
READMES = ("README.md", "README.ko.md")
SETTINGS_PAGES = ("docs/operation/settings.md", "docs/operation/settings.ko.md")
DOCUMENTS = tuple(
    str(file.relative_to(ROOT)) for file in sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
)
BY_OTHERS = {"HOST", "PORT"}  # read elsewhere than in the settings
NOT_IN_THE_TREE = {
    "site/__init__.py",
    "deploy/secrets",
}  # must not be there, and made where it is used
INTERNAL = {"EXTRA_APPS"}  # for tests


def project() -> dict:
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def variables() -> set[str]:
    """The names that the settings read from the environment."""
    texts = [file.read_text(encoding="utf-8") for file in (ROOT / "site/config").glob("*.py")]
    return {
        name
        for text in texts
        for name in re.findall(r"\benv\.[a-z]+\(\s*[\"']([A-Z0-9_]+)[\"']", text)
    } - INTERNAL


def test_site_is_an_import_root_and_no_package() -> None:
    assert not (ROOT / "site" / "__init__.py").exists()


def test_newest_change_is_this_version() -> None:
    versions = re.findall(
        r"^## (\S+)", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE
    )
    assert versions[0] == project()["version"]


def test_diagram_of_states_is_as_the_code_is() -> None:
    document = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    assert document == drawn(document), "run: make diagram"
    assert len(states().splitlines()) == 2 + 13


def settings_rows(name: str) -> dict[str, str]:
    """Each variable of the tables, and its default as the table says it."""
    text = (ROOT / name).read_text(encoding="utf-8")
    rows = re.findall(r"^\| `([A-Z0-9_]+)` \| ([^|]*)\|", text, re.MULTILINE)
    assert len(rows) == len(dict(rows))
    return {variable: default.strip().strip("`") for variable, default in rows}


@pytest.mark.parametrize("name", SETTINGS_PAGES)
def test_settings_page_names_every_variable(name: str) -> None:
    assert set(settings_rows(name)) - BY_OTHERS == variables()


@pytest.mark.parametrize(("name", "page"), [*zip(READMES, SETTINGS_PAGES, strict=True)])
def test_settings_in_the_readme_are_those_of_the_page(name: str, page: str) -> None:
    rows = settings_rows(name)
    assert len(rows) == 11
    assert rows.items() <= settings_rows(page).items()


def defaults() -> dict[str, str]:
    """What the settings take where nothing is set, for those that are a number, a word or off."""
    found: dict[str, str] = {}
    for file in (ROOT / "site/config").glob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if not (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and ast.unparse(node.func.value) == "env"
            ):
                continue
            given = [
                *node.args[1:2],
                *(word.value for word in node.keywords if word.arg == "default"),
            ]
            value = (
                given[0].elts[0]
                if given and isinstance(given[0], ast.Tuple)
                else given[0]
                if given
                else None
            )
            if isinstance(value, ast.Constant) and value.value:
                found[ast.literal_eval(node.args[0])] = str(value.value)
    return found


@pytest.mark.parametrize("name", SETTINGS_PAGES)
def test_settings_page_says_the_default_of_each_variable(name: str) -> None:
    table = settings_rows(name)
    wanted = {variable: value for variable, value in defaults().items() if value != "True"}
    assert len(wanted) > 15
    assert {variable: table[variable] for variable in wanted} == wanted


@pytest.mark.parametrize("name", READMES)
def test_every_command_of_the_makefile_is_explained(name: str) -> None:
    helped = re.findall(
        r'^\t@echo "make (\w+)', (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE
    )
    text = (ROOT / name).read_text(encoding="utf-8")
    assert [command for command in helped if f"`make {command}" not in text] == []


def test_both_readmes_have_the_same_commands_and_the_same_parts() -> None:
    def parts(name: str) -> tuple[list[str], list[int], int]:
        """The code without its comments, how deep each heading is, and the number of table rows;
        what was measured stands in one of them.
        """
        text = re.sub(
            r"<!-- bench:begin.*?bench:end -->",
            "",
            (ROOT / name).read_text(encoding="utf-8"),
            flags=re.DOTALL,
        )
        fenced = re.compile(r"^```.*?\n(.*?)^```", re.MULTILINE | re.DOTALL)
        code = [re.sub(r"\s*#.*", "", block) for block in fenced.findall(text)]
        prose = fenced.sub("", text)
        return (
            code,
            [len(marks) for marks in re.findall(r"^(#+) ", prose, re.MULTILINE)],
            len(re.findall(r"^\|", prose, re.MULTILINE)),
        )

    ours, theirs = parts("README.md"), parts("README.ko.md")
    assert len(ours[0]) >= 2
    assert ours == theirs


@pytest.mark.parametrize("name", DOCUMENTS)
def test_links_and_names_lead_to_files_that_exist(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")
    links = re.findall(r"\]\((?!https?:)([^)#]+)", text)
    assert [link for link in links if not (ROOT / name).parent.joinpath(link).exists()] == []
    named = re.findall(
        r"`((?:docs|deploy|jobs|providers|site|stories|templates|tests|tools)/[\w./-]+)`", text
    )
    assert [
        path for path in named if path not in NOT_IN_THE_TREE and not (ROOT / path).exists()
    ] == []


@pytest.mark.parametrize("name", DOCUMENTS)
def test_make_targets_that_a_document_names_exist(name: str) -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z-]+)(?: [a-z-]+)*:(?!=)", makefile, re.MULTILINE)) | {
        "dev-env"
    }
    text = (ROOT / name).read_text(encoding="utf-8")
    named = re.findall(r"(?:`|^)make ([a-z][a-z-]*)", text, re.MULTILINE)
    assert [target for target in named if target not in targets] == []


def test_every_decision_record_is_in_the_index() -> None:
    folder = ROOT / "docs/adr"
    index = (folder / "README.md").read_text(encoding="utf-8")
    records = sorted(file.name for file in folder.glob("[0-9]*.md"))
    assert re.findall(r"\(([0-9][\w.-]+)\)", index) == records
    for number, name in enumerate(records, start=1):
        assert (folder / name).read_text(encoding="utf-8").startswith(f"# {number}. "), name


def test_every_package_has_a_reason() -> None:
    pattern = re.compile(r"^\| (`.*?`) \|", re.MULTILINE)
    table = " ".join(
        pattern.findall((ROOT / "docs/development/dependencies.md").read_text(encoding="utf-8"))
    )
    described = set(re.findall(r"`([\w-]+)`", table))
    optional = project()["optional-dependencies"]
    wanted = [*project()["dependencies"], *(line for lines in optional.values() for line in lines)]
    names = {re.split(r"[\[<>=;~! ]", line, maxsplit=1)[0].lower() for line in wanted}
    assert sorted(names ^ described) == []


def named_in(part: str) -> list[tuple[str, list[str]]]:
    """The Python files of a part of a document, each with the names behind it."""
    rows = re.findall(r"`([\w/]+\.py)`((?: `\w+`|, `\w+`)*)", part)
    return [(file, re.findall(r"`(\w+)`", names)) for file, names in rows]


def not_defined(file: str, names: list[str]) -> list[str]:
    text = (ROOT / file).read_text(encoding="utf-8")
    defined = re.findall(r"^(?:(?:def|class) )?(\w+)(?=[(:\[]| = )", text, re.MULTILINE)
    return sorted(set(names) - set(defined))


def test_architecture_says_where_to_look() -> None:
    text = (
        (ROOT / "ARCHITECTURE.md")
        .read_text(encoding="utf-8")
        .partition("## Where to look")[2]
        .partition("\n## ")[0]
    )
    rows = named_in(text)
    assert len(rows) > 20
    assert [(file, wrong) for file, names in rows if (wrong := not_defined(file, names))] == []


def test_chains_name_what_there_is_and_are_short() -> None:
    text = (ROOT / "docs/development/architecture.md").read_text(encoding="utf-8")
    chains = text.partition("## Three chains")[2].split("\n### ")[1:]
    rows = [named_in(chain) for chain in chains]
    assert [len(chain) for chain in rows] == [12, 10, 11]
    wrong = [
        (file, missing)
        for chain in rows
        for file, names in chain
        if (missing := not_defined(file, names))
    ]
    assert wrong == []


@pytest.mark.parametrize(
    ("lock", "extra"),
    [
        ("requirements.txt", ""),
        ("requirements-dev.txt", "dev"),
        ("requirements-bench.txt", "bench"),
    ],
)
def test_lock_names_every_package_with_hashes_and_no_address(lock: str, extra: str) -> None:
    text = (ROOT / lock).read_text(encoding="utf-8")
    wanted = [
        *project()["dependencies"],
        *(project()["optional-dependencies"][extra] if extra else []),
    ]
    names = {re.split(r"[\[<>=;~! ]", line, maxsplit=1)[0].lower() for line in wanted}
    locked = dict(re.findall(r"^([a-z0-9._-]+)(?:\[[^]]*\])?==([^ ]+)", text, re.MULTILINE))
    assert names - set(locked) == set()
    assert "://" not in text
    assert text.count("--hash=sha256:") >= len(locked)


def test_dev_lock_holds_the_same_versions() -> None:
    pattern = re.compile(r"^([a-z0-9._-]+)==([^ ]+)", re.MULTILINE)
    run, dev = (
        dict(pattern.findall((ROOT / name).read_text(encoding="utf-8")))
        for name in ("requirements.txt", "requirements-dev.txt")
    )
    assert {name: dev.get(name) for name in run} == run
