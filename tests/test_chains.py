"""Launchers in a chain: --target=OUTER,INNER."""

from __future__ import annotations

from pathlib import Path

import pytest

from proctor.harness.descriptions import load
from proctor.harness.errors import UsageError
from proctor.harness.execute import execute
from proctor.harness.history import Ended, WaitFailed
from proctor.harness.orders import Exit
from proctor.harness.scenario import Order, Scenario, WaitEnds
from tests.conftest import ROOT
from tests.planted import faults, run_suite
from tests.test_planted_faults import SOUND, write_target

REFERENCE = str(ROOT / "launcher")
(STOPS,) = [fault for fault in faults("world") if fault.mode == "chain"]


def judged(outer: object, inner: object, directory: Path) -> dict[str, object]:
    """Return the verdict on WORLD-11 of a chain, with its violations."""
    (rows,) = run_suite([Path(f"{outer},{inner}")], ("world_chains",), directory).values()
    found: dict[str, object] = rows["WORLD-11"]
    return found


def test_a_chain_is_one_launcher() -> None:
    chain = load(f"{REFERENCE}, env A=1 ,{REFERENCE}")
    assert chain.chain == ("reference", "env A=1", "reference")
    assert "chain" in chain.profiles
    history = execute(chain, Scenario((Order(Exit(7)), WaitEnds())))
    assert not history.facts(WaitFailed)
    assert [end.code for end in history.facts(Ended) if end.process == "launcher"] == [7]


def test_a_comma_alone_makes_no_chain() -> None:
    assert not load("/bin/echo a,b").chain
    with pytest.raises(UsageError, match="no program 'no-such-launcher,no-other'"):
        load("no-such-launcher,no-other")


def test_a_link_has_to_start_any_command(tmp_path: Path) -> None:
    path = tmp_path / "tool.toml"
    path.write_text('command = ["env"]\nprofiles = ["ephemeral"]\n')
    with pytest.raises(UsageError, match="tool cannot be a link of a chain"):
        load(f"{REFERENCE},{path}")


def test_two_links_may_not_need_different_files(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / f"{name}.toml").write_text(f'command = ["env"]\nfiles = {{ Procfile = "{name}" }}\n')
    with pytest.raises(UsageError, match="two links of the chain need the file Procfile"):
        load(f"{tmp_path}/a.toml,{tmp_path}/b.toml")


def test_a_description_is_no_chain(tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_text('command = ["env"]\nchain = ["b", "c"]\n')
    with pytest.raises(UsageError, match="--target=tini,npm-run"):
        load(str(tmp_path / "a.toml"))


@pytest.mark.timeout(300)
def test_a_sound_chain_passes(tmp_path: Path) -> None:
    assert judged(REFERENCE, write_target(SOUND, tmp_path), tmp_path)["verdict"] == "pass"


@pytest.mark.timeout(300)
def test_the_link_where_a_signal_stops_is_named(tmp_path: Path) -> None:
    found = judged(write_target(SOUND, tmp_path), write_target(STOPS, tmp_path), tmp_path)
    assert found["verdict"] == "fail"
    assert "stopped-at-link" in str(found["violations"])
    assert "came as far as python" in str(found["violations"])
