"""What is done again and again: bound references become one person, who left is forgotten."""

from dataclasses import dataclass
from datetime import UTC, datetime

from api.people.sms import SmsSender
from api.wechat.account import AccountBook
from api.wechat.account_file import AccountsInvalid
from api.wechat.binding import note_settled, unsettled
from api.wechat.binding_code import forget_codes
from api.wechat.client import TencentApi
from api.wechat.leaving import find_gone, forget_if_gone
from api.wechat.union import ask_unions
from api.wechat.web_login import forget_logins
from guidance.people.attempt import forget_attempts
from guidance.people.merging import join_people
from guidance.people.phone import forget_phone_codes
from storage.database import Database


def settle_links(database: Database) -> int:
    """Make the two references of each new link one person, and forget who left; how many.

    Not done where the link is made: callbacks of WeChat must not wait for the ledger.
    """
    now = datetime.now(UTC)
    with database.reading() as db:
        links, gone = unsettled(db), find_gone(db)
    for link in links:
        with database.writing() as db:
            join_people(db, link.receiver, link.person, now, "code")
            note_settled(db, link.receiver, link.person, now)
    for user in gone:
        with database.writing() as db:
            forget_if_gone(db, user, now)
    return len(links)


@dataclass(frozen=True, slots=True)
class PeopleKeeper:
    """What tidying needs besides the database."""

    api: TencentApi
    book: AccountBook
    secret: str
    sms: SmsSender

    def tend(self, database: Database) -> None:
        """Delete what is too old to prove anything; ask for unionids where they tell something."""
        now = datetime.now(UTC)
        with database.writing() as db:
            forget_attempts(db, now)
            forget_phone_codes(db, now)
            forget_codes(db, now)
            forget_logins(db, now)
        self.sms.tidy(now)
        try:
            ask_unions(database, self.api, self.book, self.secret, now)
        except AccountsInvalid:
            return  # the file of accounts is told as wrong elsewhere
