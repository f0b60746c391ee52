from django.apps import AppConfig


class ConfigConfig(AppConfig):
    name = "config"

    def ready(self) -> None:
        # Imported here because they need the models.
        from api import problems  # noqa: PLC0415
        from core.unavailable import ServiceUnavailableError  # noqa: PLC0415

        # Importing the checks registers them
        from . import audit_log, checks, sentry  # noqa: F401, PLC0415

        problems.register(ServiceUnavailableError, 503)
        audit_log.connect()
        sentry.start()
