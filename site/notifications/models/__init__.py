"""The models of notifications."""

from .delivery import Delivery
from .notification import Notification
from .occurrence import Occurrence
from .preference import NotificationPreference
from .webhook import WebhookDelivery, WebhookEndpoint

__all__ = [
    "Delivery",
    "Notification",
    "NotificationPreference",
    "Occurrence",
    "WebhookDelivery",
    "WebhookEndpoint",
]
