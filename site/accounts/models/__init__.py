"""The models of accounts: refresh tokens, account versions, log-in attempts, service accounts with
API keys, idempotency records, invitations, and the audit log.
"""

from .account_version import AccountVersion
from .api_key import ApiKey
from .audit_entry import AuditAction, AuditEntry
from .idempotency_record import IdempotencyRecord
from .invitation import Invitation
from .login_attempt import LogInAttempt
from .refresh_token import RefreshToken
from .service_account import ServiceAccount

__all__ = [
    "AccountVersion",
    "ApiKey",
    "AuditAction",
    "AuditEntry",
    "IdempotencyRecord",
    "Invitation",
    "LogInAttempt",
    "RefreshToken",
    "ServiceAccount",
]
