"""Before any window opens: the account's password is tested, or reset on the operator's word.

Nothing has been ordered yet, so a wrong password costs nobody anything.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

from django.db import transaction
from django.utils.crypto import get_random_string

from integrator.bindings import claims, intents
from integrator.bindings.claims import Claim, LeaseLostError
from integrator.bindings.work import attempts, password_attempts
from integrator.bindings.work.password_attempts import TooSoonError
from integrator.core import clock
from integrator.messages.message import named, say, verbatim
from integrator.models import Intent
from integrator.models.states import BindingState, Outcome
from integrator.panel_access import call_log, panel_connections
from integrator.runs import circuit_breaker
from integrator.windows import members
from panels.coremanager.errors import PanelError
from panels.ispmanager import IspManager, PasswordCheck

if TYPE_CHECKING:
    from integrator.models import Binding, Preview

RESET = "set_password"
PASSWORD = "password"  # noqa: S105 - the word for what a binding waits for
STEP = 3
"""A binding that cannot be prepared is shown as failed before its order."""
NEW_PASSWORD_LENGTH = 20


@dataclass(frozen=True, slots=True)
class SetPassword:
    """Gives an account a new password."""

    kind: ClassVar = RESET
    number: ClassVar = STEP

    isp: IspManager
    username: str
    password: str = field(repr=False)

    def describe(self) -> dict[str, Any]:
        """Of whom, without the password."""
        return {"username": self.username}

    def before(self) -> dict[str, Any]:
        """Nothing: whether it works tells."""
        return {}

    def apply(self, send_by: float) -> None:
        """Set it. Raises what ``panels`` raises."""
        self.isp.set_password(self.username, self.password, send_by=send_by)


def needed(preview: Preview, password: str) -> bool:
    """Whether something must be done for a binding before it may join a window.

    One without a password fails there: ordered first, it would be paid for and stop at step 7.
    """
    if not password:
        return not preview.without_passwords
    return preview.check_passwords or preview.reset_passwords


def work(claimed: Claim) -> None:
    """Prepare one claimed binding and hand it back, ready for a window or failed."""
    binding = claimed.binding
    call_log.at_step(STEP, binding.attempts + 1)
    preview = binding.run.preview
    try:
        isp = panel_connections.ispmanager(binding.account.panel)
        if preview.reset_passwords and not _reset(claimed, isp):
            return
        if not binding.password and not preview.without_passwords:
            attempts.fail(claimed, STEP, "no_password", verbatim(binding.account.username))
            return
        if preview.check_passwords and binding.password and not _check(claimed, isp):
            return
    except TooSoonError as soon:
        attempts.wait(claimed, PASSWORD, due_at=soon.at)
        return
    except PanelError as error:
        attempts.try_again(claimed, STEP, error)
        return
    with transaction.atomic():
        circuit_breaker.passed(binding, STEP)
        claims.hand_back(
            claimed, BindingState.WAITING, waiting_for=members.WINDOW, prepared=True, attempts=0
        )


def _try(isp: IspManager, binding: Binding) -> PasswordCheck:
    account = binding.account
    return password_attempts.one(account.panel, isp, account.username, binding.password)


def _check(claimed: Claim, isp: IspManager) -> bool:
    binding = claimed.binding
    result = _try(isp, binding)
    if result == PasswordCheck.RIGHT:
        return True
    if result == PasswordCheck.WRONG:
        attempts.fail(
            claimed,
            STEP,
            "wrong_password",
            say(
                "password.refused",
                server=binding.account.panel.name,
                username=binding.account.username,
            ),
        )
    else:
        attempts.fail(claimed, STEP, "password_blocked", named("login", result.reason or "blocked"))
    return False


def _reset(claimed: Claim, isp: IspManager) -> bool:
    """Give the account a new password, once; False: the binding was handed back.

    The new password is stored, encrypted, before it is sent: after a crash the same one is
    tested, and set again only if it does not work.
    """
    binding = claimed.binding
    made = intents.last(list(Intent.objects.filter(binding=binding).order_by("id")), RESET)
    if made is not None and made.outcome == Outcome.DONE:
        return True
    if made is not None and intents.unsettled(made):
        if _try(isp, binding) == PasswordCheck.RIGHT:
            intents.settle(made, Outcome.DONE, why=say("password.works"))
            return True
        if clock.now() < (until := intents.may_show_until(made)):
            attempts.wait(claimed, PASSWORD, due_at=until)
            return False
        intents.settle(made, Outcome.NOTHING, why=say("password.does_not_work"))
    # The same one again where an earlier one may still land: then it makes no difference.
    again = made is not None and made.outcome == Outcome.NOTHING and binding.password
    password = again or get_random_string(NEW_PASSWORD_LENGTH)
    reset = SetPassword(isp, binding.account.username, password)
    intent = intents.new(reset, binding.attempts + 1, binding=binding)
    with transaction.atomic():
        if not claims.fenced(claimed).exists():
            raise LeaseLostError
        claims.note(claimed, password=password)
        intent.save(force_insert=True)
    sent = intents.carry_out(intent, reset)
    with transaction.atomic():
        intents.settle_sent(sent)
        if sent.outcome == Outcome.UNKNOWN:
            attempts.wait(claimed, PASSWORD, due_at=clock.now())
        elif isinstance(sent.error, PanelError):
            attempts.try_again(claimed, STEP, sent.error)
    return sent.outcome == Outcome.DONE
