"""The search for boundaries, on verdicts that are written down."""

from __future__ import annotations

import random

import pytest

from proctor.conformance.versions.bisection import Boundary, Kind, boundaries, next_to_play, search

KINDS: dict[str, Kind] = {"F": "fault", "O": "other", ".": "none", "?": "unstable", "-": "inconclusive"}


class Played:
    """Versions 0, 1, 2 ... with a verdict each, a letter for each; notes which were asked for."""

    def __init__(self, letters: str, step: int = 0) -> None:
        self.versions = [str(number) for number in range(len(letters))]
        self.asked: list[str] = []
        self.known: dict[str, Kind] = {}
        self._letters = letters
        self.found = search(self.versions, self.verdict, self.known, step)

    def verdict(self, version: str) -> Kind:
        assert version not in self.asked, "asked twice"
        self.asked.append(version)
        return KINDS[self._letters[int(version)]]

    @property
    def told(self) -> list[tuple[str, str]]:
        return [(boundary.before, boundary.after) for boundary in self.found]


@pytest.mark.parametrize("faulty", [*range(1, 20)])
def test_one_boundary_is_found_in_few_steps(faulty: int) -> None:
    came = Played("." * faulty + "F" * (20 - faulty))
    assert came.found == [Boundary(str(faulty - 1), str(faulty), "none", "fault")]
    assert len(came.asked) <= 7
    went = Played("F" * faulty + "." * (20 - faulty))
    assert went.found == [Boundary(str(faulty - 1), str(faulty), "fault", "none")]


def test_the_ends_come_first() -> None:
    assert Played("...FF").asked[:2] == ["0", "4"]
    assert next_to_play(["1", "2", "3"], {}) == "1"
    assert next_to_play(["1", "2", "3"], {"1": "none"}) == "3"
    assert next_to_play(["1", "2", "3"], {"1": "none", "3": "fault"}) == "2"


def test_where_the_ends_are_alike_some_in_between_are_played() -> None:
    sound = Played("." * 100)
    assert (sound.found, len(sound.asked)) == ([], 9)
    assert sound.asked[2] == "49"
    assert Played("..").found == Played(".....").found == []


def test_what_came_and_went_in_between_is_found_where_the_sample_meets_it() -> None:
    assert Played("." * 40 + "F" * 30 + "." * 30).told == [("39", "40"), ("69", "70")]


def test_what_no_sample_meets_is_found_with_every_version_played() -> None:
    letters = "." * 4 + "F" + "." * 17 + "FF" + "." * 5
    assert Played(letters).found == []
    assert Played(letters, 1).told == [("3", "4"), ("4", "5"), ("21", "22"), ("23", "24")]
    assert len(Played(letters, 1).asked) == len(letters)


def test_every_so_many_th_and_then_in_between() -> None:
    stepped = Played("." * 12 + "F" * 10 + "." * 18, 5)
    assert stepped.told == [("11", "12"), ("21", "22")]
    assert len(stepped.asked) < 20


def test_the_search_goes_around_what_is_untold() -> None:
    beside = Played("...-FF.F"[:6])
    assert beside.found == [Boundary("2", "4", "none", "fault", between=("3",))]
    assert Played("--..FF--").told == [("3", "4")]
    assert Played("..----FF").found == [Boundary("1", "6", "none", "fault", between=("2", "3", "4", "5"))]


def test_where_what_is_clear_begins_and_ends_is_found_by_halves() -> None:
    early = Played("-" * 47 + "F" * 160)
    assert (early.found, early.known["46"], early.known["47"]) == ([], "inconclusive", "fault")
    assert len(early.asked) < 20
    late = Played("." * 20 + "F" * 20 + "?" * 100)
    assert (late.told, late.known["39"], late.known["40"]) == ([("19", "20")], "fault", "unstable")
    assert len(late.asked) < 20
    assert Played("-" * 30 + ".F" + "-" * 30).told == [("30", "31")]
    assert Played("-.FFFFFF").told == [("1", "2")]


def test_what_is_unstable_counts_neither_way() -> None:
    assert Played("..?FF").found == [Boundary("1", "3", "none", "fault", between=("2",))]
    assert Played("?..FF?").told == [("2", "3")]
    assert Played("..?..").found == []


def test_another_objection_is_another_verdict() -> None:
    assert Played("FFFOOOO").found == [Boundary("2", "3", "fault", "other")]
    assert Played("FFOO...").told == [("1", "2"), ("3", "4")]


def test_nothing_can_be_told() -> None:
    assert len(Played("-" * 200).asked) == 9
    nothing = Played("-?-")
    assert (nothing.found, sorted(nothing.asked)) == ([], ["0", "1", "2"])


def test_what_is_known_so_far_is_a_boundary_with_gaps() -> None:
    versions = [str(number) for number in range(9)]
    known: dict[str, Kind] = {"0": "none", "8": "fault", "4": "inconclusive"}
    assert boundaries(versions, known) == [
        Boundary("0", "8", "none", "fault", between=("4",), unplayed=("1", "2", "3", "5", "6", "7"))
    ]


def test_an_interruption_leaves_what_is_known() -> None:
    known: dict[str, Kind] = {}

    def verdict(version: str) -> Kind:
        if len(known) == 3:
            raise KeyboardInterrupt
        return "fault" if int(version) > 6 else "none"

    with pytest.raises(KeyboardInterrupt):
        search([str(number) for number in range(20)], verdict, known)
    assert known == {"0": "none", "19": "fault", "9": "fault"}


def test_whatever_the_verdicts_each_boundary_is_between_neighbours() -> None:
    draw = random.Random(1)
    for _ in range(300):
        played = Played(
            "".join(draw.choices("FO.?-", (5, 1, 5, 1, 2), k=draw.randint(1, 40))), draw.choice((0, 0, 1, 4))
        )
        assert all(not boundary.unplayed and boundary.was != boundary.now for boundary in played.found)
        clear = [kind for kind in played.known.values() if kind not in ("unstable", "inconclusive")]
        assert bool(played.found) == (len(set(clear)) > 1)
