"""What routes ask for: the database, what is answered from, the visitor.

They are coroutines because they wait for nothing: a plain function would cost a thread.
"""

from typing import Annotated

from fastapi import Depends, Request

from api.settings import Settings
from api.snapshot import Snapshot
from api.visitor import Visitor, recognize
from storage.database import Database


async def get_database(request: Request) -> Database:
    """Return the open database; a route opens its transactions itself, as short as it can."""
    database: Database = request.app.state.database
    return database


async def get_snapshot(request: Request) -> Snapshot:
    """Return the current snapshot, to be used for the whole request."""
    snapshot: Snapshot = request.app.state.live.current
    return snapshot


async def get_settings(request: Request) -> Settings:
    """Return the settings the application was built with."""
    settings: Settings = request.app.state.settings
    return settings


OpenDatabase = Annotated[Database, Depends(get_database)]
CurrentSnapshot = Annotated[Snapshot, Depends(get_snapshot)]
CurrentSettings = Annotated[Settings, Depends(get_settings)]
CurrentVisitor = Annotated[Visitor, Depends(recognize)]
