"""The screens of the providers' floor: configurations, the ledger of calls, bills, and the money of the house."""

from . import calls, configs, house

__all__ = ["calls", "configs", "house"]
