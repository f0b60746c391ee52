"""The screens of the providers' floor: configurations, the ledger of calls, bills, and the money of the house."""

from . import bills, calls, configs, house

__all__ = ["bills", "calls", "configs", "house"]
