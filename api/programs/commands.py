"""qichuang mcp: the service as tools for other assistants, on standard input and output."""

import importlib


def mcp() -> None:
    """把查条款、荐项目、看指标作为 MCP 工具，经标准输入输出提供给其他智能助手。"""
    # Loaded when asked for: the protocol's package takes long, and no other command needs it.
    importlib.import_module("api.programs.tools").serve_tools()
