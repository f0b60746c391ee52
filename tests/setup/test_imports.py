"""No module imports itself through others: not within a function, and not for its types alone."""

import tomllib

import grimp
import pytest
from django.conf import settings

# Each model has a foreign key to the other, which Django takes by name. `Scene.take` returns one,
# and its type has no other name.
FOR_DJANGO = [["stories.models.scene", "stories.models.take"]]


def circles(imports: dict[str, set[str]]) -> list[list[str]]:
    """The groups of modules that reach one another (Tarjan's strongly connected components)."""
    order: dict[str, int] = {}
    lowest: dict[str, int] = {}
    stack: list[str] = []
    found = []

    def visit(module: str) -> None:
        order[module] = lowest[module] = len(order)
        stack.append(module)
        for other in imports[module]:
            if other not in order:
                visit(other)
                lowest[module] = min(lowest[module], lowest[other])
            elif other in stack:
                lowest[module] = min(lowest[module], order[other])
        if lowest[module] == order[module]:
            place = stack.index(module)
            if len(stack) > place + 1:
                found.append(sorted(stack[place:]))
            del stack[place:]

    for module in sorted(imports):
        if module not in order:
            visit(module)
    return sorted(found)


def test_circles_are_found():
    imports = {"a": {"b"}, "b": {"c"}, "c": {"b"}, "d": {"a"}}

    assert circles(imports) == [["b", "c"]]


@pytest.mark.parametrize(("without_types", "known"), [(True, []), (False, FOR_DJANGO)])
@pytest.mark.moderate
def test_no_import_circles(without_types, known):
    with (settings.BASE_DIR / "pyproject.toml").open("rb") as file:
        packages = tomllib.load(file)["tool"]["importlinter"]["root_packages"]
    graph = grimp.build_graph(
        *packages, exclude_type_checking_imports=without_types, cache_dir=None
    )
    imports = {module: graph.find_modules_directly_imported_by(module) for module in graph.modules}

    assert circles(imports) == known
