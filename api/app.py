"""Builds the application: the only place where the parts of the edge are wired together."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import UTC, datetime

from fastapi import FastAPI, Request
from fastapi.templating import Jinja2Templates
from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from starlette.middleware.gzip import GZipMiddleware

from accounts.login import sweep_logins
from accounts.role import role_names
from api import errors
from api.access import declared_permissions
from api.accounts.device import device_signer
from api.assets import asset_url
from api.chat.thread import SOURCE_LABEL
from api.gaps.telling import tell_askers
from api.gaps.work import collect_gaps
from api.guards import CountedSize, DeclaredSize, SecurityHeaders
from api.handover.tending import tend_handovers
from api.ledger.chart import figure
from api.ledger.keeper import LedgerKeeper, RefuseWhenBehind, street_of
from api.limiter import MessageLimit
from api.mentors.matching_work import tend_mentoring
from api.observe import Metrics, Observe
from api.parts import PARTS
from api.people.sms import sender_for
from api.people.tending import PeopleKeeper, settle_links
from api.policies import reading_pages
from api.policies.offices import phone_parts
from api.policies.validity import chinese_date, spoken_address
from api.privacy.work import keep_to_schedule
from api.settings import SIMULATOR, Settings
from api.snapshot import REFRESH_SECONDS, LiveSnapshot, Watch
from api.spreadsheets.work import ImportProgress
from api.staff_page import chinese_time
from api.version import VERSION
from api.visitor import load_secret, make_signer
from api.wechat.account import AccountBook
from api.wechat.account_file import FILE_NAME
from api.wechat.client import TencentApi
from api.wechat.desk import WeChatDesk
from api.wechat.kf_account import KfBook
from api.wechat.kf_client import WeComApi
from api.wechat.kf_desk import KfDesk, KfSetting
from api.wechat.surroundings import Surroundings
from audit.witness import open_witness
from matching.projects.facts import in_wan
from storage.database import Database

# Room for the 500 characters in any encoding, and for telling someone that they sent more.
MAX_BODY_BYTES = 1024 * 1024
SWEEP_SECONDS = 60.0
SETTLE_SECONDS = 2.0
RETENTION_SECONDS = 3600.0
VOUCH_SECONDS = 5.0
DESCRIPTION = (
    "创业政策问答：逐句有据，每次咨询记录在案。错误一律以 application/problem+json 返回，"
    "detail 用中文说明怎么办。无需账号；conversation_id 相当于对话的钥匙，请勿公开。"
)


def create_app(settings: Settings, database: Database, live: LiveSnapshot) -> FastAPI:
    """Build the application around an open, migrated database and loaded documents."""
    keeper = LedgerKeeper(
        database, open_witness(settings.data_dir, settings.witness_dir), street_of
    )
    app = FastAPI(
        title="启创 API",
        version=VERSION,
        description=DESCRIPTION,
        openapi_url=None,  # docs.py serves it, with a declared permission
        docs_url=None,
        redoc_url=None,
        lifespan=_lifespan(database, live, keeper),
    )
    app.state.settings = settings
    app.state.database = database
    app.state.live = live
    app.state.keeper = keeper
    app.state.metrics = Metrics()
    app.state.message_limit = MessageLimit(settings.rate_limit)
    app.state.signer = make_signer(load_secret(settings.data_dir))
    app.state.device_signer = device_signer(load_secret(settings.data_dir))
    app.state.templates = _templates(settings)
    app.state.import_progress = ImportProgress()
    around = Surroundings(
        book=AccountBook(
            settings.data_dir / FILE_NAME, on_trial=settings.wechat_api_url == SIMULATOR
        ),
        api=TencentApi(settings.wechat_api_url),
        secret=load_secret(settings.data_dir),
        site=settings.public_url.rstrip("/"),
        metrics=app.state.metrics,
        limit=app.state.message_limit,
        in_trouble=lambda: bool(keeper.trouble),
    )
    app.state.wechat = WeChatDesk(database, live, around)
    people = KfSetting(
        book=KfBook(settings.data_dir / FILE_NAME),
        api=WeComApi(settings.wecom_api_url),
        secret=around.secret,
        limit=around.limit,
        in_trouble=around.in_trouble,
    )
    app.state.kf = KfDesk(database, live, people)
    app.state.sms = sender_for(settings)
    app.state.people = PeopleKeeper(around.api, around.book, around.secret, app.state.sms)
    for part in PARTS:
        # Taken as they are: including a router would analyse every route a second time.
        app.router.routes.extend(part.router.routes)
    errors.install(app)
    # The last one added is the outermost.
    app.add_middleware(RefuseWhenBehind, keeper=keeper)
    app.add_middleware(CountedSize, max_body_size=MAX_BODY_BYTES)
    app.add_middleware(DeclaredSize, max_bytes=MAX_BODY_BYTES)
    app.add_middleware(GZipMiddleware, minimum_size=600, compresslevel=6)
    app.add_middleware(Observe, metrics=app.state.metrics)
    app.add_middleware(SecurityHeaders)
    declared_permissions(app.routes)  # a route that declares none stops the start
    return app


def _lifespan(
    database: Database, live: LiveSnapshot, keeper: LedgerKeeper
) -> Callable[[FastAPI], AbstractAsyncContextManager[None]]:
    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        watch = Watch(
            (REFRESH_SECONDS, live.refresh),
            (SWEEP_SECONDS, lambda: _sweep(database)),
            (SWEEP_SECONDS, keeper.tend),
            (SETTLE_SECONDS, lambda: settle_links(database)),
            (SWEEP_SECONDS, lambda: app.state.people.tend(database)),
            (SWEEP_SECONDS, lambda: tend_mentoring(database)),
            (SWEEP_SECONDS, lambda: tend_handovers(database)),
            (SWEEP_SECONDS, lambda: collect_gaps(database, live.current, datetime.now(UTC))),
            (SWEEP_SECONDS, lambda: tell_askers(database, datetime.now(UTC))),
            (VOUCH_SECONDS, keeper.vouch),
            (RETENTION_SECONDS, lambda: _retain(database, app)),
            *app.state.wechat.jobs(),
            *app.state.kf.jobs(),
        )
        watch.start()
        yield
        watch.stop()
        app.state.wechat.close()
        app.state.kf.close()

    return lifespan


def _retain(database: Database, app: FastAPI) -> None:
    if not app.state.keeper.trouble:
        keep_to_schedule(database, app.state.settings.data_dir, datetime.now(UTC))


def _sweep(database: Database) -> None:
    with database.writing() as db:
        sweep_logins(db, datetime.now(UTC))


def _templates(settings: Settings) -> Jinja2Templates:
    environment = Environment(
        loader=PackageLoader("api"),
        autoescape=select_autoescape(["html"]),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals.update(
        asset=asset_url,
        district=settings.district,
        themes=reading_pages.THEMES,
        source_label=SOURCE_LABEL,
    )
    environment.filters["chinese_date"] = chinese_date
    environment.filters["spoken"] = spoken_address
    environment.filters["chinese_time"] = chinese_time
    environment.filters["phone_parts"] = phone_parts
    environment.filters["wan"] = in_wan
    environment.filters["role_names"] = role_names
    environment.filters["figure"] = figure
    return Jinja2Templates(env=environment, context_processors=[_appearance])


def _appearance(request: Request) -> dict[str, str]:
    chosen = request.cookies.get(reading_pages.THEME_COOKIE, "")
    theme = chosen if chosen in reading_pages.THEMES else "standard"
    query = f"?{request.url.query}" if request.url.query else ""
    here = request.url.path + query if request.method == "GET" else "/"
    return {"theme": theme, "here": here}
