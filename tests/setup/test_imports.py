"""No module imports itself through others, not even within a function."""

import tomllib
from graphlib import CycleError, TopologicalSorter

import grimp
from django.conf import settings

# Parts of the API's own framework, which know one another.
KNOWN = {"api.routes", "api.documentation", "api.endpoint"}


def test_no_import_cycles():
    with (settings.BASE_DIR / "pyproject.toml").open("rb") as file:
        packages = tomllib.load(file)["tool"]["importlinter"]["root_packages"]
    graph = grimp.build_graph(*packages, exclude_type_checking_imports=True, cache_dir=None)
    imports = {
        module: graph.find_modules_directly_imported_by(module) for module in graph.modules - KNOWN
    }

    try:
        TopologicalSorter(imports).prepare()
    except CycleError as error:
        cycle = error.args[1]
    else:
        cycle = []

    assert cycle == []
