"""Texts that were stored decomposed (NFD), as macOS sends Korean, are composed, as everything
written since is.

Takes stay what they were made from: where the hash of a take's inputs was that of the decomposed
text, it becomes that of the composed one, so that none counts as changed and is paid for again.
"""

import hashlib
import json
import unicodedata
from itertools import product

from django.conf import settings
from django.db import IntegrityError, migrations, models, transaction

APPS = ("stories", "providers", "auth")
AS_TYPED = frozenset({"password"})


def composed(text):
    return unicodedata.normalize("NFC", text)


def decomposed_rows(model):
    """(primary key, the fields to be changed with their composed values) of each row that has
    decomposed text.
    """
    names = [
        field.attname
        for field in model._meta.concrete_fields
        if isinstance(field, models.CharField | models.TextField)
        and not field.primary_key
        and field.name not in AS_TYPED
        and not field.is_relation
    ]
    if not names:
        return []
    return [
        (key, changed)
        for key, *values in model._base_manager.values_list("pk", *names).iterator(chunk_size=200)
        if (changed := {
            name: composed(value)
            for name, value in zip(names, values, strict=True)
            if isinstance(value, str) and not value.isascii() and not unicodedata.is_normalized("NFC", value)
        })
    ]


def hashed(values):
    text = json.dumps(values, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def inputs(take, pictures):
    """What the hash of the take may be over.

    A provider that takes no such field was not told it.
    """
    prompt, story = take.prompt, take.scene.story
    base = {
        "kind": take.kind,
        "text": prompt.text,
        "text_en": prompt.text_en,
        "style": prompt.style or story.style,
        "aspect": story.aspect_ratio,
    }
    negatives = {prompt.negative, ""}
    if take.kind == "image":
        for negative, reference in product(negatives, {prompt.reference_image, ""}):
            yield {**base, "negative": negative, "reference": reference}
    else:
        for negative, image in product(negatives, pictures):
            yield {**base, "negative": negative, "camera": prompt.camera, "image": image}


def compose_hashes(apps):
    Take = apps.get_model("stories", "Take")
    takes = Take._base_manager.exclude(input_hash="").select_related("prompt", "scene__story")
    for take in takes.iterator(chunk_size=200):
        written = (take.prompt.text, take.prompt.text_en, take.prompt.negative, take.prompt.style, take.scene.story.style)
        if all(composed(text) == text for text in written):
            continue
        pictures = {"", *Take._base_manager.filter(scene=take.scene, kind="image").values_list("sha256", flat=True)}
        for values in inputs(take, pictures):
            if hashed(values) == take.input_hash:
                now = hashed({name: composed(value) for name, value in values.items()})
                Take._base_manager.filter(pk=take.pk).update(input_hash=now)
                break


def compose(apps, schema_editor):
    compose_hashes(apps)
    for label in APPS:
        for model in apps.get_app_config(label).get_models():
            for key, changed in decomposed_rows(model):
                try:
                    with transaction.atomic():
                        model._base_manager.filter(pk=key).update(**changed)
                except IntegrityError:
                    # The composed form is taken already, as a log-in name may be: both stay as they
                    # are.
                    continue


class Migration(migrations.Migration):

    dependencies = [
        ('stories', '0007_text_confirmations'),
        ('providers', '0010_pause_note'),
        ('auth', '0012_alter_user_first_name_max_length'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [migrations.RunPython(compose, migrations.RunPython.noop)]
