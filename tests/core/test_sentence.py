"""What is stored is put into words by whoever reads it, in that one's language and by that one's
clock.
"""

import json
from datetime import UTC, datetime, timedelta

from django.utils import timezone, translation

from core.localized_messages import DomainError, LocalizedMessage, sentence_of


def carried(sentence):
    """Through a row and back."""
    return LocalizedMessage.from_json(json.loads(json.dumps(sentence.as_json())))


def test_sentence_within_a_sentence_is_read_in_the_language_of_the_reader():
    with translation.override("ko"):
        inner = DomainError("The disk is full.")
        outer = carried(
            LocalizedMessage(
                "The picture could not be put at Replicate: %(words)s",
                {"words": sentence_of(inner)},
            )
        )
        assert "The disk is full." not in str(outer)
    with translation.override("en"):
        assert str(outer) == "The picture could not be put at Replicate: The disk is full."
    assert str(carried(outer)) == str(outer)


def test_moment_is_told_by_the_readers_clock():
    soon = datetime.now(UTC).replace(microsecond=0) + timedelta(minutes=5)
    sentence = carried(LocalizedMessage("goes on at %(time)s.", {"time": soon}))
    with translation.override("en"), timezone.override("Asia/Seoul"):
        assert str(sentence) == f"goes on at {timezone.localtime(soon):%H:%M:%S}."
        in_seoul = str(sentence)
    with translation.override("en"), timezone.override("America/New_York"):
        assert str(sentence) != in_seoul
        far = carried(LocalizedMessage("goes on at %(time)s.", {"time": soon + timedelta(days=3)}))
        assert f"{timezone.localtime(soon + timedelta(days=3)):%m/%d/%Y %H:%M:%S}" in str(far)


def test_values_of_json_come_back_as_they_were():
    values = {"n": 3, "name": "민아", "none": None, "share": 0.5}
    assert carried(LocalizedMessage("%(n)s %(name)s %(none)s %(share)s", values)).values == values
    assert sentence_of(ValueError("plain")) == "plain"
