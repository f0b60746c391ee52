from django.apps import AppConfig


class ConfigConfig(AppConfig):
    name = "config"

    def ready(self) -> None:
        # Imported here because they need the models.
        from ground.away import AwayError  # noqa: PLC0415
        from web.json import problems  # noqa: PLC0415

        from . import audit, checks, sentry  # noqa: F401, PLC0415  importing the checks registers them

        problems.register(AwayError, 503)
        audit.connect()
        sentry.start()
