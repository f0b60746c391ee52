"""The difference of two prompts: by words within sentences, readable,
and quick for whatever text.
"""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stories.services.word_diff import difference


def shown(old, new):
    return [(word.text, word.kind) for word in difference(old, new)]


@pytest.mark.parametrize(
    ("old", "new", "pieces"),
    [
        (
            "a red boat at dawn",
            "a blue boat at dawn",
            [("a ", "same"), ("red ", "gone"), ("blue ", "new"), ("boat at dawn", "same")],
        ),
        ("같은 글", "같은 글", [("같은 글", "same")]),
        ("같은  글", "같은 글", [("같은 글", "same")]),
        ("", "새 글", [("새 글", "new")]),
        ("옛 글", "", [("옛 글", "gone")]),
        # another text altogether is one replacement, not a weave of both
        (
            "서울시가 올여름 폭염에 그늘막을 세운다",
            "a riverside park at noon, people under trees",
            [
                ("서울시가 올여름 폭염에 그늘막을 세운다", "gone"),
                ("a riverside park at noon, people under trees", "new"),
            ],
        ),
        # one sentence of three is changed
        (
            "강가에 배가 있다. 하늘은 붉다. 새가 난다.",
            "강가에 배가 있다. 하늘은 푸르다. 새가 난다.",
            [
                ("강가에 배가 있다. 하늘은 ", "same"),
                ("붉다", "gone"),
                ("푸르다", "new"),
                (". 새가 난다.", "same"),
            ],
        ),
        # one sentence of three is another one
        (
            "The boat leaves. A gull cries overhead. Night falls.",
            "The boat leaves. Two children wave from shore. Night falls.",
            [
                ("The boat leaves. ", "same"),
                ("A gull cries overhead. ", "gone"),
                ("Two children wave from shore. ", "new"),
                ("Night falls.", "same"),
            ],
        ),
        ("A boat.", "A boat. A gull.", [("A boat. ", "same"), ("A gull.", "new")]),
        # an abbreviation ends no sentence
        (
            "Dr. Kim waits at the pier. It rains.",
            "Dr. Kim waves from a boat. It rains.",
            [
                ("Dr. Kim waits at the pier. ", "gone"),
                ("Dr. Kim waves from a boat. ", "new"),
                ("It rains.", "same"),
            ],
        ),
        # Korean sentences end without full stops as well
        (
            "소녀가 등대에 올라갔습니다 바다가 조용합니다",
            "소녀가 등대에 올라갔습니다 별이 쏟아집니다",
            [
                ("소녀가 등대에 올라갔습니다 ", "same"),
                ("바다가 조용합니다", "gone"),
                ("별이 쏟아집니다", "new"),
            ],
        ),
        # a comma between two changes joins nothing
        (
            "an old, grey boat sails away",
            "a new, blue boat sails away",
            [("an old, grey ", "gone"), ("a new, blue ", "new"), ("boat sails away", "same")],
        ),
    ],
)
def test_difference(old, new, pieces):
    assert shown(old, new) == pieces


@given(st.text(alphabet="ab 가나.,!\n", max_size=60), st.text(alphabet="ab 가나.,!\n", max_size=60))
def test_no_word_is_lost_or_added(old, new):
    pieces = difference(old, new)
    squeeze = lambda text: "".join(text.split())  # noqa: E731  read twice, below
    assert squeeze("".join(word.text for word in pieces if word.kind != "gone")) == squeeze(new)
    if squeeze(old) != squeeze(new):
        assert (
            squeeze("".join(word.text for word in pieces if word.kind == "gone")) <= squeeze(old)
            or old
        )


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("a " * 400, "a b " * 200),
        ("a " * 2000, "b a " * 1000),
        ("가. " * 1300, "나. 가. " * 650),
        ("." * 4000, "!." * 2000),
        ("x" * 4000, "y" * 4000),
        ("ab" * 2000, "a b" * 1333),
    ],
)
def test_a_prompt_of_any_build_takes_milliseconds(old, new):
    begun = time.process_time()
    difference(old, new)
    assert (
        time.process_time() - begun < 0.5
    )  # 98 s before; a few milliseconds where nothing else runs
