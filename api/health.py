"""For whoever operates the service: is it alive, is it ready, what has it done."""

import hmac

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse
from prometheus_client import generate_latest
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_1_0_0
from pydantic import BaseModel
from sqlalchemy import text

from api.access import Permission, allow
from api.deps import CurrentSettings, CurrentSnapshot, OpenDatabase
from api.refusals import NotForYou
from storage.connection import DatabaseUnavailable

router = APIRouter(tags=["运行"])

LOOPBACK = frozenset({"127.0.0.1", "::1"})


class Alive(BaseModel):
    """The process answers."""

    status: str = "ok"


class Ready(BaseModel):
    """Whether questions can be answered and recorded now."""

    status: str
    database: str
    documents: int
    clauses: int
    answer_processes: int
    versions: dict[str, str]


@router.get("/healthz", summary="进程是否活着", dependencies=allow(Permission.PUBLIC))
def read_health() -> Alive:
    """Say that the process is alive; checks nothing else."""
    return Alive()


@router.get(
    "/readyz",
    summary="能否回答和记录",
    response_model=Ready,
    responses={503: {"model": Ready, "description": "暂时不能"}},
    dependencies=allow(Permission.PUBLIC),
)
def read_readiness(request: Request, database: OpenDatabase, snapshot: CurrentSnapshot) -> Response:
    """Say whether the database answers and documents are loaded."""
    try:
        with database.reading() as db:
            db.execute(text("SELECT 1"))
        reachable = True
    except DatabaseUnavailable:
        reachable = False
    ready = reachable and bool(snapshot.corpus.clauses)
    body = Ready(
        status="ready" if ready else "not ready",
        database="ok" if reachable else "unavailable",
        documents=len(snapshot.corpus.documents),
        clauses=len(snapshot.corpus.clauses),
        answer_processes=request.app.state.live.answer_processes(),
        versions=dict(snapshot.versions),
    )
    return JSONResponse(body.model_dump(), status_code=200 if ready else 503)


async def only_operators(request: Request, settings: CurrentSettings) -> None:
    """Let in the holder of the token or, when none is set, this machine alone."""
    token = settings.metrics_token.get_secret_value()
    if token:
        given = request.headers.get("authorization", "").removeprefix("Bearer ")
        if hmac.compare_digest(given.encode(), token.encode()):
            return
        raise NotForYou
    # A proxy on this machine connects from here on behalf of anyone.
    forwarded = "x-forwarded-for" in request.headers or "forwarded" in request.headers
    if forwarded or request.client is None or request.client.host not in LOOPBACK:
        raise NotForYou


@router.get(
    "/metrics",
    summary="运行指标（Prometheus）",
    response_class=Response,
    responses={
        200: {"content": {"text/plain": {"schema": {"type": "string"}}}},
        403: {"description": "只供本机或持有令牌的运维人员读取"},
    },
    dependencies=allow(Permission.OPERATOR, only_operators),
)
def read_metrics(request: Request) -> Response:
    """Return the counters in Prometheus text format."""
    registry = request.app.state.metrics.registry
    return Response(generate_latest(registry), media_type=CONTENT_TYPE_PLAIN_1_0_0)
