"""Small things for templates."""

import pytest

from operations.templatetags.studio import code_words


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("", ""),
        ("With `wait` the <answer> comes.", "With <code>wait</code> the &lt;answer&gt; comes."),
        ("`<b>`", "<code>&lt;b&gt;</code>"),
        ("{no} place", "{no} place"),
    ],
)
def test_code_words_are_code_and_nothing_else_is_markup(text, html):
    assert code_words(text) == html
