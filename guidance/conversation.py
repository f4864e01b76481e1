"""Conversations: threads of turns on one screen."""

import secrets
from datetime import datetime

from sqlalchemy import Connection, bindparam, insert, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from guidance.message import Channel, InboundMessage
from storage.database import Base


class ConversationNotFound(LookupError):
    """No conversation has the given id."""


class Conversation(Base):
    """A thread of turns on one screen. Who knows its id may read and continue it."""

    __tablename__ = "conversations"

    id: Mapped[str] = mapped_column(primary_key=True)  # 128 random bits, URL-safe
    person: Mapped[str] = mapped_column(index=True)
    channel: Mapped[Channel]
    opened_at: Mapped[datetime]


# Built once: putting a statement together takes longer than running it.
_ADD = insert(Conversation)
_FIND = select(Conversation.id).where(Conversation.id == bindparam("conversation_id"))


def find_conversation(db: Session, conversation_id: str) -> Conversation | None:
    """Return the conversation with this id, if there is one."""
    return db.get(Conversation, conversation_id)


def join_conversation(connection: Connection, message: InboundMessage) -> str:
    """Return the id of the conversation that a message continues, or begin one.

    Raises ConversationNotFound for an unknown id.
    """
    if message.conversation_id is None:
        conversation_id = secrets.token_urlsafe(16)
        opened = {
            "id": conversation_id,
            "person": message.person,
            "channel": message.channel,
            "opened_at": message.received_at,
        }
        connection.execute(_ADD, opened)
        return conversation_id
    wanted = {"conversation_id": message.conversation_id}
    if connection.execute(_FIND, wanted).first() is None:
        raise ConversationNotFound("没有找到这段对话，请重新开始提问。")
    return message.conversation_id
