"""What a month costs follows what functions are given, and what starts from cold."""

from dataclasses import replace

import pytest

from benchmarks.bill import PROVISION, usd
from benchmarks.counts import kept
from benchmarks.months import PILOT, THOUSAND, cold_starts, month, runs_for, starting


@pytest.fixture(scope="module")
def found():
    return kept()


def test_more_of_a_processor_costs_more_and_starts_sooner(found):
    once = replace(PROVISION, boost=False)
    twice = replace(once, vcpu=2 * once.vcpu)
    assert twice.start_s == pytest.approx(once.start_s / 2)
    assert usd(month(found, PILOT, twice)) > usd(month(found, PILOT))


def test_a_boosted_start_is_as_short_as_on_a_whole_processor_and_costs_what_two_do(found):
    boosted = replace(PROVISION, boost=True)
    assert boosted.start_s == PROVISION.cold_cpu_s
    starts = cold_starts(found, PILOT)
    bill = starting(found, PILOT, boosted)
    assert bill["vcpu_s"] == pytest.approx(starts * 2 * PROVISION.cold_cpu_s)
    assert bill["gib_s"] == pytest.approx(starts * PROVISION.cold_cpu_s * PROVISION.gib)


def test_no_more_starts_from_cold_than_runs_and_the_busier_the_smaller_their_share(found):
    shares = []
    for use in (PILOT, THOUSAND):
        runs = sum(runs_for(found, use).values())
        assert 0 < cold_starts(found, use) < runs
        shares.append(cold_starts(found, use) / runs)
    assert shares[1] < shares[0]


def test_starts_are_a_part_of_the_month(found):
    costlier = replace(PROVISION, cold_cpu_s=10 * PROVISION.cold_cpu_s)
    more = usd(month(found, PILOT, costlier)) - usd(month(found, PILOT))
    assert more == pytest.approx(9 * usd(starting(found, PILOT)))
