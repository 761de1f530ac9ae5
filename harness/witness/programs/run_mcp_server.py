"""A server of the Model Context Protocol on stdin and stdout, made with the Python SDK.

Arguments: "heeds-eof" (it ends at the end of its stdin), "heeds-term" (it goes on then, and ends by SIGTERM after a
clean-up), "deaf" (neither). Milestones: "end-of-file", "cleaned-up".
"""

from __future__ import annotations

import signal
from types import FrameType

import reporting
from mcp.server.mcpserver import MCPServer

server = MCPServer("proctor")


def add(a: int, b: int) -> int:
    """Add two numbers."""
    return a + b


server.tool()(add)


def main(directory: str, words: list[str]) -> None:
    """Serve until the end of stdin, and then as the argument says."""
    del directory
    heeds = words[0] if words else "heeds-eof"
    if heeds == "deaf":
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    elif heeds == "heeds-term":
        signal.signal(signal.SIGTERM, _clean_up)
    reporting.watch(signal.SIGTERM)
    server.run("stdio")
    reporting.reached("end-of-file")
    while heeds != "heeds-eof":
        signal.pause()


def _clean_up(number: int, frame: FrameType | None) -> None:
    reporting.reached("cleaned-up")
    raise SystemExit(0)
