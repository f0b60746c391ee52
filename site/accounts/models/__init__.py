"""The models of accounts: refresh tokens, account versions, log-in attempts, second factors,
recovery codes, service accounts with API keys, and idempotency records."""

from .account_version import AccountVersion
from .api_key import ApiKey
from .idempotency_record import IdempotencyRecord
from .login_attempt import LogInAttempt
from .recovery_code import RecoveryCode
from .refresh_token import RefreshToken
from .second_factor import SecondFactor
from .service_account import ServiceAccount

__all__ = [
    "AccountVersion",
    "ApiKey",
    "IdempotencyRecord",
    "LogInAttempt",
    "RecoveryCode",
    "RefreshToken",
    "SecondFactor",
    "ServiceAccount",
]
