"""Fields for the confirmed price and for late answers; tasks that two calls share stay with the
first of them.
"""

from django.db import migrations, models

MESSAGE = "The task %(task)s belongs to the call %(call)s, which had it first."


def share_out(apps, schema_editor):
    """The constraint of the next migration needs each task at one call; the other calls keep a note
    of it.
    """
    call, event = apps.get_model("providers", "ProviderCall"), apps.get_model("providers", "CallEvent")
    tasks = call.objects.exclude(task_id="").values("provider_id", "task_id")
    for task in tasks.annotate(calls=models.Count("pk")).filter(calls__gt=1).order_by():
        rows = call.objects.filter(provider_id=task["provider_id"], task_id=task["task_id"])
        first, *others = rows.order_by(models.F("accepted_at").asc(nulls_last=True), "reserved_at", "pk")
        for other in others:
            note = {"template": MESSAGE, "values": {"task": other.task_id, "call": str(first.pk)}}
            state = "unclear" if other.state == "accepted" else other.state
            event.objects.create(call=other, name="shared task", from_state=other.state, to_state=state, note_data=note)
            evidence = {**other.evidence, "shared_task": other.task_id, "first_call": str(first.pk)}
            call.objects.filter(pk=other.pk).update(task_id="", state=state, evidence=evidence, note_data=note)


class Migration(migrations.Migration):
    dependencies = [("providers", "0003_models_and_prices")]
    operations = [
        migrations.RunPython(share_out, migrations.RunPython.noop),
    ]
