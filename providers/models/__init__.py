"""Models for provider configurations, their AI models, and the ledger of calls with its events."""

from .call_event import CallEvent
from .config import AIProviderConfig, reason_of
from .money_change import MoneyChange
from .organization_budget import Bill, OrganizationBudget, RoleLimit
from .provider_call import ProviderCall
from .provider_model import ProviderModel
from .question import ProviderQuestion
from .raw_answer import RawAnswer

__all__ = [
    "AIProviderConfig",
    "Bill",
    "CallEvent",
    "MoneyChange",
    "OrganizationBudget",
    "ProviderCall",
    "ProviderModel",
    "ProviderQuestion",
    "RawAnswer",
    "RoleLimit",
    "reason_of",
]
