"""Planted faults in how a launcher tells that an environment is whole: each trusts one thing that is there too soon."""

import glob
import os

from .making import write
from .sync import InPlace


class Trusts(InPlace):
    """Takes the environment for whole as soon as one thing of it is there, which it makes first."""

    def trusted(self) -> str:
        """Return the path of this thing in the environment."""
        raise NotImplementedError

    def is_made_first(self) -> bool:
        return True

    def is_up_to_date(self, wanted: bytes) -> bool:
        return bool(glob.glob(f"{self.venv}/{self.trusted()}"))

    def make_environment(self, path: str, python: str, home: str) -> None:
        if path == self.venv and self.is_made_first():
            os.makedirs(os.path.dirname(f"{path}/{self.trusted()}"), exist_ok=True)
            self.put(f"{path}/{self.trusted()}")
        super().make_environment(path, python, home)

    def put(self, path: str) -> None:
        write(path, "made")


class sync_1_trusts_metadata(Trusts):
    """Takes a package for installed when its metadata is there."""

    breaks = "SYNC-1"
    campaign = "sync"

    def trusted(self) -> str:
        return "proctor_tool-1.0.dist-info/METADATA"


class sync_1_trusts_list_of_files(Trusts):
    """Takes a package for installed when the list of its files is there."""

    breaks = "SYNC-1"
    campaign = "sync"

    def trusted(self) -> str:
        return "proctor_tool-1.0.dist-info/RECORD"


class sync_1_trusts_program(Trusts):
    """Takes the environment for whole when the program is there."""

    breaks = "SYNC-1"
    campaign = "sync"

    def trusted(self) -> str:
        return "bin/proctor-tool"

    def is_made_first(self) -> bool:
        return False


class sync_1_trusts_mark(Trusts):
    """Takes the environment for whole when its own mark is there."""

    breaks = "SYNC-1"
    campaign = "sync"

    def trusted(self) -> str:
        return "pyvenv.cfg"

    def is_made_first(self) -> bool:
        return False


class sync_1_trusts_interpreter(Trusts):
    """Takes the environment for whole when its interpreter is there."""

    breaks = "SYNC-1"
    campaign = "sync"

    def trusted(self) -> str:
        return "bin/python"

    def is_made_first(self) -> bool:
        return False


class sync_1_trusts_lock(Trusts):
    """Takes the environment for whole when somebody has locked it."""

    breaks = "SYNC-1"
    campaign = "sync"

    def trusted(self) -> str:
        return "environment.lock"


class sync_1_trusts_rename(Trusts):
    """Takes the environment for whole when its first part has its name."""

    breaks = "SYNC-1"
    campaign = "sync"

    def trusted(self) -> str:
        return "part"

    def put(self, path: str) -> None:
        write(f"{path}.new", "made")
        os.rename(f"{path}.new", path)


class sync_1_trusts_link(Trusts):
    """Takes the environment for whole when its first file is linked."""

    breaks = "SYNC-1"
    campaign = "sync"

    def trusted(self) -> str:
        return "part"

    def put(self, path: str) -> None:
        write(f"{self.path}/part", "made")
        os.link(f"{self.path}/part", path)


class sync_1_trusts_directory(Trusts):
    """Takes the environment for whole when its first directory is there."""

    breaks = "SYNC-1"
    campaign = "sync"

    def trusted(self) -> str:
        return "part"

    def put(self, path: str) -> None:
        os.mkdir(path)


class sync_1_trusts_first_file(Trusts):
    """Takes a package for installed when its first file is there."""

    breaks = "SYNC-1"
    campaign = "sync"

    def trusted(self) -> str:
        return "lib/*/site-packages/proctor_tool/__init__.py"

    def is_made_first(self) -> bool:
        return False


class sync_1_trusts_last_file(sync_1_trusts_first_file):
    """Takes all packages for installed when the last file of one is there."""

    breaks = "SYNC-1"
    campaign = "sync"

    def trusted(self) -> str:
        return "lib/*/site-packages/proctor_tool/contents"


class sync_1_trusts_removal(InPlace):
    """Takes the environment for whole when the mark that it is not has gone, which goes before the packages come."""

    breaks = "SYNC-1"
    campaign = "sync"

    def is_up_to_date(self, wanted: bytes) -> bool:
        return os.path.isdir(f"{self.venv}/bin") and not os.path.exists(f"{self.venv}/unfinished")

    def make_environment(self, path: str, python: str, home: str) -> None:
        if path == self.venv:
            write(f"{path}/unfinished", "")
        super().make_environment(path, python, home)
        if path == self.venv:
            os.unlink(f"{path}/unfinished")


class sync_1_trusts_file(Trusts):
    """Takes the environment for whole when its first file is there, though nothing has been written to it."""

    breaks = "SYNC-1"
    campaign = "sync"

    def trusted(self) -> str:
        return "part"


class sync_1_trusts_process(Trusts):
    """Takes the environment for whole when the build has begun, which is the last thing that it does."""

    breaks = "SYNC-1"
    campaign = "sync"

    def trusted(self) -> str:
        return "building"

    def is_made_first(self) -> bool:
        return False

    def build(self, python: str, project: bytes) -> str:
        self.put(f"{self.venv}/{self.trusted()}")
        return super().build(python, project)
