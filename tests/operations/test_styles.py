"""The style sheet of the pages is small, and has every class of Unfold's that is used anywhere."""

import re
from pathlib import Path

import brotli
import pytest
import tinycss2
from django.contrib.staticfiles import finders

from tools import subset_styles

STATIC = subset_styles.ROOT / "static"


SIZES = {subset_styles.TARGET: 16_000, subset_styles.FRAME: 9_000}  # at most, as they are sent


@pytest.mark.parametrize("file", SIZES, ids=lambda file: file.name)
def test_pages_load_little(file):
    assert len(brotli.compress(file.read_bytes())) <= SIZES[file]


def test_it_is_found_instead_of_unfolds_own():
    assert Path(finders.find(subset_styles.NAME)) == subset_styles.TARGET


def each(css, within=""):
    """Each rule for each of its selectors, with what it stands in."""
    for rule in subset_styles.parsed(css):
        if subset_styles.is_group(rule):
            inside = f"{within} @{rule.at_keyword} {tinycss2.serialize(rule.prelude).strip()}"
            yield from each(rule.content, inside)
        elif rule.type == "qualified-rule":
            for selector in subset_styles.alternatives(rule.prelude):
                body = tinycss2.serialize(rule.content)
                yield f"{within} {tinycss2.serialize(selector).strip()} {{{body}}}"
        else:
            yield f"{within} {rule.serialize()}"


@pytest.mark.parametrize("file", SIZES, ids=lambda file: file.name)
@pytest.mark.moderate
def test_every_rule_that_is_used_is_there(file):
    """Otherwise run `python tools/subset_styles.py`: a class is used for the first time, or Unfold
    was updated.
    """
    wanted = set(each(subset_styles.made(file)))
    assert len(wanted) > 700
    assert sorted(wanted - set(each(file.read_text(encoding="utf-8")))) == []


OWN = sorted(
    file for folder in ("board", "studio", "workbench") for file in (STATIC / folder).glob("*.css")
)
# From what has something to elements that only their names tell.
TO_NAMES = re.compile(r":has\((?:[^()]|\([^()]*\))*\)\S*[\s>+~]+(?:[\s>+~]|[^\s>+~.#\[])+$")


@pytest.mark.parametrize("file", [*OWN, *SIZES], ids=lambda file: file.name)
def test_no_rule_makes_browsers_compute_all_styles_anew(file):
    """Wherever an element comes or goes, all of these names around it get their styles anew."""
    rules = list(each(file.read_text(encoding="utf-8")))
    assert len(rules) > 10
    found = [rule for rule in rules if TO_NAMES.search(rule.rpartition(" {")[0])]
    assert [rule for rule in found if "@media (scripting: none)" not in rule] == []


@pytest.mark.parametrize(
    ("css", "left"),
    [
        (".a{x:1}.b{x:2}", ".a{x:1}"),
        (".a,.b{x:1}", ".a{x:1}"),
        (".a .b{x:1}", ""),
        (".a:not(.b){x:1}", ".a:not(.b){x:1}"),
        (".a:is(.c,.d) p{x:1}", ""),
        ("p,.b{x:1}", "p{x:1}"),
        ("@media print{.b{x:1}}", ""),
        ("@media print{.a{x:1}.b{x:2}}", "@media print{.a{x:1}}"),
        ("@layer one{.b{x:1}}", "@layer one{}"),
        ("@layer one,two;.a{x:1}", "@layer one,two;.a{x:1}"),
        ("@property --x{syntax:'}'}", '@property --x{syntax:"}"}'),
        (r".lg\:a{x:1}.\32 xl\:a{x:2}.m-0\.5{x:3}", r".lg\:a{x:1}.\32 xl\:a{x:2}"),
        ('.a{content:"{}"}/* .b{ */.b{x:1}', '.a{content:"{}"}'),
        (".a:is(:where(.a):has(:is(i)) *){x:1}", ":where(.a):has(:is(i)) .a{x:1}"),
        (".a{x:1;@media print{x:2}}", ".a{x:1;@media print{x:2}}"),
    ],
)
def test_rules_without_their_class_are_left_out(css, left):
    assert subset_styles.subset(css, {"a", "lg:a", "2xl:a"}) == left
