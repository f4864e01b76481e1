"""The official accounts of this installation, as pages name them."""

from fastapi import Request

from api.wechat.account import AccountBook, AccountsInvalid


def account_names(request: Request) -> list[str]:
    """Return the names of the official accounts, none where the file cannot be used."""
    book: AccountBook = request.app.state.wechat.book
    try:
        return sorted(book.accounts())
    except AccountsInvalid:
        return []
