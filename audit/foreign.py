"""What somebody asked for is there, but it is another's: a refusal that goes on record."""


class OfAnother(PermissionError):
    """The object `subject` is another's; the caller is told only that it is missing.

    It is the cause of the error that says so: `raise NotFound(...) from OfAnother(subject)`.
    """

    def __init__(self, subject: str) -> None:
        super().__init__(subject)
        self.subject = subject


def subject_denied(error: BaseException | None) -> str:
    """Return whose being another's lies behind an error, "" when nothing is there at all."""
    while error is not None:
        if isinstance(error, OfAnother):
            return error.subject
        error = error.__cause__
    return ""
