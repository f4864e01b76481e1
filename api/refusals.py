"""What the edge itself refuses; the texts say what to do."""


class TooManyMessages(RuntimeError):
    """A client sends faster than the limit allows; `retry_after_s` says how long to wait."""

    def __init__(self, retry_after_s: int) -> None:
        super().__init__(f"您发送得太快了，请在 {retry_after_s} 秒后再试。已发出的问题不受影响。")
        self.retry_after_s = retry_after_s


class UnusableMessage(ValueError):
    """A typed message cannot be taken; the text says what to do."""


class ForeignForm(PermissionError):
    """A form was sent from another site's page."""


class NotForYou(PermissionError):
    """The caller may not use this address."""


class PageNotFound(LookupError):
    """An address names something that does not exist."""


class SignInNeeded(PermissionError):
    """Nobody is signed in; a browser is sent to the login page."""


class RoleMissing(PermissionError):
    """The account that is signed in has no role that may do this."""


class FormStale(PermissionError):
    """A form without the token of the session, as one from before the sign-in."""


class DutyFirst(PermissionError):
    """Something has to be done first on the page `path`; a browser is sent there."""

    def __init__(self, path: str) -> None:
        super().__init__(path)
        self.path = path
