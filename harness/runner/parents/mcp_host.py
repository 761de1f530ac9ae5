"""A host of the Model Context Protocol as the launcher's parent: the client of the Python SDK, over stdio.

https://modelcontextprotocol.io/specification/2025-11-25/basic/lifecycle#shutdown
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from concurrent.futures import Future

from proctor.harness.runner.parents.parent import Job, Parent, RunnerLink

ANSWERS_WITHIN = 30.0
"""Seconds that a server gets to answer the first call. It imports a lot."""
ENDS_WITHIN = 30.0
"""Seconds within which the SDK is through with its ladder: it has limits of its own, of some seconds."""
SUM = (2, 3)


class McpHost(Parent):
    """One server, which is called once and then closed."""

    def __init__(self, job: Job, link: RunnerLink) -> None:
        super().__init__(job, link)
        self._answer: Future[str] = Future()
        self._may_end, self._ended = threading.Event(), threading.Event()

    def start(self) -> None:
        """Have a thread start the server: the SDK is asynchronous, and our link is not."""
        threading.Thread(target=self._host, daemon=True).start()

    @property
    def verbs(self) -> dict[str, Callable[[], str]]:
        """use: return what a call has given, and how many lines came that are no messages. end: end the server as the
        SDK does, and return when that is over."""
        return {"use": self._use, "end": self._end}

    def _use(self) -> str:
        try:
            return self._answer.result(ANSWERS_WITHIN)
        except TimeoutError:
            return "no answer"

    def _end(self) -> str:
        self._may_end.set()
        if not self._ended.wait(ENDS_WITHIN):
            raise TimeoutError(f"the SDK did not end the server within {ENDS_WITHIN} s")
        return ""

    def close(self) -> None:
        """End the server, if that was not done yet."""
        self._end()

    def _host(self) -> None:
        import anyio

        try:
            anyio.run(self._talk)
        except BaseException as error:  # noqa: BLE001  the SDK raises groups of what a server does wrong
            if not self._answer.done():
                self._answer.set_result(f"no answer: {type(error).__name__}")
        self._ended.set()

    async def _talk(self) -> None:
        import anyio
        from mcp import ClientSession, StdioServerParameters
        from mcp.client.stdio import stdio_client

        strange = 0

        async def take(message: object) -> None:
            nonlocal strange
            strange += isinstance(message, Exception)

        program, *arguments = self.job.argv
        server = StdioServerParameters(command=program, args=arguments, env=dict(os.environ), cwd=os.getcwd())
        with (self.job.folder / "stderr").open("w") as errors:
            async with (
                stdio_client(server, errlog=errors) as (reader, writer),
                ClientSession(reader, writer, message_handler=take) as session,
            ):
                with anyio.move_on_after(ANSWERS_WITHIN):
                    await session.initialize()
                    found = await session.call_tool("add", dict(zip("ab", SUM, strict=True)))
                    text = "; ".join(str(getattr(part, "text", part)) for part in found.content)
                    self._answer.set_result(f"{text}; {strange} other lines")
                await anyio.to_thread.run_sync(self._may_end.wait, abandon_on_cancel=True)
