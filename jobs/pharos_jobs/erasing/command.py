"""The command ``erase``: whom to forget from standard input, the receipt to standard output.

The user's id is in no argument and no variable, which the cluster would keep.
"""

import os
import sys

from sqlalchemy.exc import SQLAlchemyError

from pharos_api.erasing import ErasureInput
from pharos_api.jobio import ExitCode
from pharos_api.names import ENV_DATABASE_URL, ENV_USER_HASH_KEY
from pharos_jobs import logs
from pharos_jobs.context import utc_now
from pharos_jobs.erasing.erasing import erase
from pharos_jobs.errors import StepFault
from pharos_store.connecting import open_engine


def run_erase() -> int:
    """Run it; the process's exit code."""
    logs.configure(sys.stderr)
    told = ErasureInput.model_validate_json(sys.stdin.read())
    url, key = (os.environ.get(name, "") for name in (ENV_DATABASE_URL, ENV_USER_HASH_KEY))
    if not url:
        return _refused(f"{ENV_DATABASE_URL} is not set; name the database.", ExitCode.BAD_INPUT)
    engine = open_engine(url)
    try:
        receipt = erase(told, key, engine, utc_now())
    except StepFault as fault:
        return _refused(fault.message, fault.exit_code)
    except SQLAlchemyError as error:
        cause = str(getattr(error, "orig", None) or type(error).__name__).splitlines()[0]
        return _refused(f"The database failed: {cause}. Run it again.", ExitCode.RETRYABLE)
    except OSError as error:
        return _refused(f"The artifact store failed: {error}. Run it again.", ExitCode.RETRYABLE)
    finally:
        engine.dispose()
    sys.stdout.write(receipt.model_dump_json(by_alias=True) + "\n")
    return int(ExitCode.OK)


def _refused(sentence: str, code: ExitCode) -> int:
    sys.stderr.write(f"error: {sentence}\n")
    return int(code)
