"""The service as tools for other assistants (Model Context Protocol)."""

from datetime import date
from typing import Annotated, Any

from mcp.server import MCPServer
from pydantic import Field

from api.chat.routes import check_text
from api.console import load_settings
from api.ledger.indicator_commands import row_as_json, standing
from api.policies import routes as policies
from api.policies.validity import today
from api.recommending import routes as recommending
from api.snapshot import LiveSnapshot
from api.startup import (
    bring_in_mentors,
    bring_in_pack,
    bring_in_projects,
    files_state,
    open_database,
    snapshot_builder,
)
from api.version import VERSION
from knowledge.encoder import load_encoder
from storage.database import Database

INSTRUCTIONS = (
    "区级创业服务台的工具：条款以原文为准，引用时请写明文件和编号；"
    "没有查到就说没有查到，不要推测金额、比例和期限。"
)


def serve_tools() -> None:
    """Serve the tools on standard input and output until it is closed."""
    settings = load_settings()
    database = open_database(settings.database_url)
    bring_in_pack(database)
    bring_in_projects(database)
    bring_in_mentors(database)
    folder = settings.data_dir
    build = snapshot_builder(load_encoder(folder), folder)
    live = LiveSnapshot(database, build, lambda: files_state(folder))
    tool_server(database, live).run()
    database.close()


def tool_server(database: Database, live: LiveSnapshot) -> MCPServer[Any]:
    """Return the server with its four tools; each looks for changed documents first."""
    server: MCPServer[Any] = MCPServer(
        "qichuang", version=VERSION, instructions=INSTRUCTIONS, log_level="WARNING"
    )

    @server.tool()
    def search_policy(
        query: Annotated[str, Field(min_length=1, max_length=500, description="要查的内容。")],
        k: Annotated[int, Field(ge=1, le=50)] = 5,
        as_of: Annotated[date | None, Field(description="按哪一天有效的文件；默认今天。")] = None,
    ) -> policies.SearchOut:
        """按意思查找有效的政策条款，最接近的在前，带原文、文件和编号。"""
        live.refresh()
        return policies.search(live.current, check_text(query), k, as_of)

    @server.tool()
    def get_clause(clause_id: int) -> policies.ClauseOut:
        """读一个条款的全文、上级标题、所属文件和现在是否有效。"""
        live.refresh()
        return policies.read_clause(clause_id, live.current)

    @server.tool()
    def match_projects(
        profile: recommending.ProfileIn, k: Annotated[int, Field(ge=1, le=20)] = 3
    ) -> recommending.ProjectsOut:
        """按一个人的情况推荐创业项目：理由、短板、第一年要备的钱、风险、有关条款和导师。"""
        live.refresh()
        wanted = recommending.RecommendIn(profile=profile, k=k)
        return recommending.recommend_projects(wanted, live.current, database)

    @server.tool()
    def indicator_progress(
        on: Annotated[date | None, Field(description="截至哪一天；默认今天。")] = None,
    ) -> list[dict[str, Any]]:
        """列出方案的全部指标：现值、目标、按时间应到的值、进度状态和依据条款。"""
        with database.reading() as db:
            return [row_as_json(row) for row in standing(db, on or today())]

    return server
