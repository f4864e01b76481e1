"""qichuang serve: the port first, then the documents, then the server."""

import gc
import logging
import signal
import socket
import sys
from typing import Annotated

import typer
import uvicorn
from fastapi import FastAPI

from api.app import create_app
from api.chat.answer_pool import answering
from api.chat.language_model import language_model, with_model
from api.console import AddressTaken, load_settings
from api.progress import say
from api.settings import Settings
from api.startup import (
    bring_in_mentors,
    bring_in_pack,
    bring_in_projects,
    open_database,
    snapshot_builder,
)
from knowledge.encoder import load_encoder


def serve(
    host: Annotated[str | None, typer.Option(help="监听地址，默认见设置。")] = None,
    port: Annotated[int | None, typer.Option(help="监听端口，默认见设置。")] = None,
) -> None:
    """启动网页和接口服务。"""
    # The server hands a SIGTERM on when it is done; what follows it has to run as well.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    settings = load_settings(host=host, port=port)
    logging.basicConfig(
        level=logging.INFO, format="%(asctime)s %(message)s", datefmt="%m-%d %H:%M:%S"
    )
    for name in ("alembic", "storage.connection"):
        logging.getLogger(name).setLevel(logging.WARNING)
    listening = _bind(settings.host, settings.port)
    database = open_database(settings.database_url)
    bring_in_pack(database)
    bring_in_projects(database)
    bring_in_mentors(database)
    build = snapshot_builder(load_encoder(settings.data_dir), settings.data_dir)
    build = with_model(build, language_model(settings))
    with answering(settings, database, build) as live:
        corpus = live.current.corpus
        say(f"已载入 {len(corpus.documents)} 份文件、{len(corpus.clauses)} 个条款。")
        server = uvicorn.Server(_server_config(settings, create_app(settings, database, live)))
        listening.listen()  # from now on whoever connects waits instead of being refused
        gc.freeze()  # what answers are made from stays; looking through it would hold one up
        say(f"服务已启动：{_address(listening)}  按 Ctrl+C 停止")
        server.run(sockets=[listening])
    database.close()


def _server_config(settings: Settings, application: FastAPI) -> uvicorn.Config:
    proxies = [proxy.strip() for proxy in settings.trusted_proxies.split(",") if proxy.strip()]
    return uvicorn.Config(
        application,
        access_log=False,  # ours names no paths and no questions
        log_level="warning",
        proxy_headers=bool(proxies),
        forwarded_allow_ips=proxies,
        server_header=False,
    )


def _bind(host: str, port: int) -> socket.socket:
    """Take the port before loading anything; raises AddressTaken."""
    listening = None
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listening = socket.socket(family, kind, protocol)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(address)
    except OSError as error:
        if listening is not None:
            listening.close()
        raise AddressTaken(
            f"不能在 {host}:{port} 上监听（{error.strerror}）。如端口已被占用，请用 --port 换。"
        ) from error
    return listening


def _address(listening: socket.socket) -> str:
    host, port = listening.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
