"""Where progress is shown: the terminal behind stderr."""

from __future__ import annotations

from rich.console import Console


class ProgressConsole(Console):
    """A console that leaves the cursor visible. rich hides it for as long as it shows progress; a signal that ends the
    process, SIGKILL among them, or stops it, would leave the terminal without one."""

    def __init__(self) -> None:
        super().__init__(stderr=True)

    def show_cursor(self, show: bool = True) -> bool:  # noqa: ARG002  (rich's signature)
        """Leave the cursor as it is."""
        return False
