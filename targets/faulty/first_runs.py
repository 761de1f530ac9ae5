"""Planted faults in what the first run of a launcher makes for all later ones."""

import os

from .sound_with_environments import Launcher, signal


class MakesToolApart(Launcher):
    """Makes the tool in a directory of its cache at which neither the next run nor prune looks."""

    def make_tool(self, path: str, python: str, library: str, wheel: str) -> None:
        new = f"{self.cache}/parts/{self.unique()}"
        os.makedirs(new)
        self.fill_tool(new, path, python, library, wheel)
        os.rename(new, path)


class env_3_first_run_left(MakesToolApart):
    """Leaves half of the tool when a signal kills it during the first run; nothing ever removes that."""

    breaks = "ENV-3"
    may_break = ("ENV-4", "CACHE-3")
    campaign = "creation, cold, pruned"

    def make_tool(self, path: str, python: str, library: str, wheel: str) -> None:
        signal.pthread_sigmask(signal.SIG_SETMASK, [])
        super().make_tool(path, python, library, wheel)
        signal.pthread_sigmask(signal.SIG_BLOCK, self.taken)


class env_3_half_a_tool(Launcher):
    """Leaves half of the tool in the cache when a signal kills it during the first run; later runs take it for
    complete."""

    breaks = "ENV-3"
    may_break = ("CACHE-1", "CACHE-5")
    campaign = "creation, cold, pruned"

    def make_tool(self, path: str, python: str, library: str, wheel: str) -> None:
        signal.pthread_sigmask(signal.SIG_SETMASK, [])
        os.mkdir(path)
        self.fill_tool(path, path, python, library, wheel)
        signal.pthread_sigmask(signal.SIG_BLOCK, self.taken)


class env_4_first_run_left(MakesToolApart):
    """Leaves half of the tool when it is killed during the first run; nothing ever removes that."""

    breaks = "ENV-4"
    may_break = ("CACHE-3",)
    campaign = "creation, cold, killed, pruned"


class env_4_half_a_tool(Launcher):
    """Leaves half of the tool in the cache when it is killed during the first run; later runs take it for complete."""

    breaks = "ENV-4"
    may_break = ("CACHE-1", "CACHE-5")
    campaign = "creation, cold, killed, pruned"

    def make_tool(self, path: str, python: str, library: str, wheel: str) -> None:
        os.mkdir(path)
        self.fill_tool(path, path, python, library, wheel)
