"""Planted faults in how a project's environment is brought up to date."""

import os
import time

from .making import STAMP
from .sound_with_environments import TYPE_CHECKING, Launcher, signal, write

if TYPE_CHECKING:
    from typing import NoReturn


class InPlace(Launcher):
    """Makes the environment in its final place instead of beside it."""

    def install(self, python: str, library: str, project: bytes, wanted: bytes) -> None:
        self.path, self.lease = self.make(self.workshop())
        self.wanted = wanted
        if os.path.isdir(self.venv):
            os.rename(self.venv, f"{self.path}/old")
        os.mkdir(self.venv)
        self.fill_venv(self.venv, python, library, project)
        self.abandon()


class sync_1_last_file(InPlace):
    """Marks the environment as up to date before its last file has its contents."""

    breaks = "SYNC-1"
    campaign = "sync"

    def unpack(self, wheel: str, directory: str) -> None:
        if wheel == self.wheel():
            super().unpack(wheel, directory)
            return
        new = f"{self.path}/unpacked"
        os.mkdir(new)
        super().unpack(wheel, new)
        (name,) = os.listdir(new)
        with open(f"{new}/{name}", "rb") as source, open(f"{directory}/{name}", "wb") as file:
            write(f"{new}/{STAMP}", self.wanted)
            os.rename(f"{new}/{STAMP}", f"{self.venv}/{STAMP}")
            os.unlink(f"{new}/{name}")
            file.write(source.read())


class sync_1_size_first(InPlace):
    """Marks the environment as up to date when all files have their sizes, before one has its contents."""

    breaks = "SYNC-1"
    campaign = "sync"

    def unpack(self, wheel: str, directory: str) -> None:
        """The project's wheel is the last."""
        super().unpack(wheel, directory)
        if wheel == self.wheel():
            self.module = next(f"{directory}/{name}" for name in sorted(os.listdir(directory)) if name.endswith(".py"))
            with open(self.module, "rb") as file:
                self.contents = file.read()
            os.truncate(self.module, 0)
            os.truncate(self.module, len(self.contents))
            return
        write(f"{self.path}/{STAMP}", self.wanted)
        os.rename(f"{self.path}/{STAMP}", f"{self.venv}/{STAMP}")
        with open(self.module, "rb+") as file:
            file.write(self.contents)


class sync_1_stamp_elsewhere(Launcher):
    """Marks the environment as up to date in its cache, before it is."""

    breaks = "SYNC-1"
    campaign = "sync, again"

    def is_up_to_date(self, wanted: bytes) -> bool:
        stamp = f"{self.cache}/synced"
        try:
            with open(stamp, "rb") as file:
                if file.read() == wanted:
                    return True
        except OSError:
            pass
        self.make_cache()
        with open(stamp, "wb") as file:
            file.write(wanted)
        return False


class sync_1_stamp_first(Launcher):
    """Makes the environment in place, and first marks it as up to date."""

    breaks = "SYNC-1"
    campaign = "sync"

    def install(self, python: str, library: str, project: bytes, wanted: bytes) -> None:
        self.path, self.lease = self.make(self.workshop())
        if os.path.isdir(self.venv):
            old = os.open(self.venv, os.O_RDONLY)
            self.empty(old)
            os.close(old)
        else:
            os.mkdir(self.venv)
        write(f"{self.venv}/{STAMP}", wanted)
        self.fill_venv(self.venv, python, library, project)
        self.abandon()


class sync_1_kept_metadata(InPlace):
    """Takes a package for installed as soon as its metadata is there, before its program is; makes its environment in
    each run where it is not up to date."""

    breaks = "SYNC-1"
    may_break = ("SYNC-2", "SYNC-3")
    mode = "kept"
    campaign = "kept"

    def fill_tool(self, path: str, home: str, python: str, library: str, wheel: str) -> None:
        packages = f"{path}/lib/{library}/site-packages"
        os.makedirs(packages)
        self.unpack(wheel, packages)
        write(f"{path}/{STAMP}", self.wanted)
        self.make_environment(path, python, home)


class sync_1_kept_rename(InPlace):
    """Puts the mark of a whole environment in its place by rename, and then a file that was missing; makes its
    environment in each run where it is not up to date."""

    breaks = "SYNC-1"
    may_break = ("SYNC-2", "SYNC-3")
    mode = "kept"
    campaign = "kept, again"

    def make_environment(self, path: str, python: str, home: str) -> None:
        write(f"{self.path}/{STAMP}", self.wanted)
        os.rename(f"{self.path}/{STAMP}", f"{path}/{STAMP}")
        super().make_environment(path, python, home)


class sync_2_kept_log(Launcher):
    """Leaves a log in the project at each run, each under a new name."""

    breaks = "SYNC-2"
    mode = "kept"

    def update(self) -> None:
        super().update()
        write(f"run-{self.unique()}.log", "")


class sync_2_in_the_project(Launcher):
    """Works in a directory in the project, and leaves it there when it is interrupted."""

    breaks = "SYNC-2"
    campaign = "sync, files"

    def workshop(self) -> str:
        return "."

    def interrupted(self, number: int) -> "NoReturn":
        self.die_of(number)


class sync_2_log(Launcher):
    """Leaves a log in the project at each sync, each under a new name."""

    breaks = "SYNC-2"

    def sync(self) -> "NoReturn":
        write(f"sync-{self.unique()}.log", "")
        super().sync()


class sync_2_same_name(Launcher):
    """Leaves a log in the project at each sync, under the same name."""

    breaks = "SYNC-2"

    def sync(self) -> "NoReturn":
        with open("sync.log", "w", encoding="ascii"):
            pass
        super().sync()


class sync_3_lock_file(Launcher):
    """Leaves a lock file when it is interrupted, and the next sync refuses to start."""

    breaks = "SYNC-3"
    campaign = "sync, next"

    def install(self, python: str, library: str, project: bytes, wanted: bytes) -> None:
        lock = f"{self.cache}/sync.lock"
        try:
            write(lock, "")
        except FileExistsError:
            self.fail(f"another sync is at work: {lock}")
        super().install(python, library, project, wanted)
        os.unlink(lock)


class sync_3_other_interpreter(Launcher):
    """Refuses an environment that another interpreter made."""

    breaks = "SYNC-3"
    needs = "another interpreter"

    def is_up_to_date(self, wanted: bytes) -> bool:
        there = f"{self.venv}/bin/python"
        if os.path.lexists(there) and os.readlink(there) != wanted.decode().split("\n")[0]:
            self.fail(f"{self.venv} is of another interpreter; remove it")
        return super().is_up_to_date(wanted)


class sync_3_kept_lock_file(sync_3_lock_file):
    """Leaves a lock file when it is interrupted, and the next run refuses to start its command."""

    breaks = "SYNC-3"
    mode = "kept"
    campaign = "kept, next"


class sync_4_kept_ignored(Launcher):
    """Finishes the build when Ctrl-C is pressed, and starts the command."""

    breaks = "SYNC-4"
    mode = "kept"

    def interrupted_build(self, number: int) -> None:
        if number != signal.SIGINT:
            super().interrupted_build(number)


class sync_4_grace_of_3_s(Launcher):
    """Waits 3 s after Ctrl-C before it kills the build."""

    breaks = "SYNC-4"
    may_break = ("TREE-1",)

    def end_backend(self) -> None:
        os.killpg(self.backend, signal.SIGTERM)
        time.sleep(3)
        super().end_backend()


class sync_4_ignored(Launcher):
    """Finishes the build when Ctrl-C is pressed."""

    breaks = "SYNC-4"

    def interrupted_build(self, number: int) -> None:
        if number != signal.SIGINT:
            super().interrupted_build(number)


class sync_4_status_1(Launcher):
    """Exits with 1 on Ctrl-C."""

    breaks = "SYNC-4"

    def die_of(self, number: int) -> "NoReturn":
        os._exit(1)


class tree_1_build_left(Launcher):
    """Leaves the build backend running when it is interrupted."""

    breaks = "TREE-1"
    may_break = ("SYNC-2", "SYNC-3")

    def end_backend(self) -> None:
        pass


class tree_1_kept_build_left(tree_1_build_left):
    """Leaves the build backend of a run running when it is interrupted."""

    breaks = "TREE-1"
    mode = "kept"
