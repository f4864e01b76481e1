"""What an address or a form may bring: bounded, and with nothing that no database can keep."""

from enum import StrEnum
from typing import Annotated, TypeVar

from fastapi import Form, Path
from pydantic import BeforeValidator, Field

from storage.database import LARGEST_ID, storable

Storable = BeforeValidator(storable)
RecordId = Annotated[int, Path(ge=1, le=LARGEST_ID)]  # in the address
Text = Annotated[str, Storable]  # whoever asks for it adds the bound
Word = Annotated[str, Field(max_length=100), Storable]  # searched for
Words = Annotated[str, Form(max_length=200), Storable]

Member = TypeVar("Member", bound=StrEnum)


def member(kind: type[Member], text: str) -> Member | None:
    """Return the member with this value, None when there is none."""
    return next((one for one in kind if one.value == text), None)
