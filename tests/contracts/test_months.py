"""What a month costs follows what functions are given, what starts from cold, and how often something is deployed."""

import re
from dataclasses import replace

import pytest

from benchmarks.bill import PROVISION, usd
from benchmarks.counts import kept
from benchmarks.deploying import MANY, PACES, build_each, one_image
from benchmarks.months import NOBODY, PILOT, THOUSAND, cold_starts, month, runs_for, starting
from benchmarks.prices import PRICES
from infra.functions import BOOST, CPU, MEMORY, WARM

BEFORE = replace(PROVISION, vcpu=0.1666, gib=0.25, cold_cpu_s=0.43, boost=False)
"""What was given before starts were measured under a quota, and what the dearest function took then."""


@pytest.fixture(scope="module")
def found():
    return kept()


def test_more_of_a_processor_costs_more_and_starts_sooner(found):
    once = replace(PROVISION, boost=False)
    twice = replace(once, vcpu=2 * once.vcpu)
    assert twice.start_s == pytest.approx(once.start_s / 2)
    assert usd(month(found, PILOT, twice)) > usd(month(found, PILOT, once))


def test_a_boosted_start_is_as_short_as_on_a_whole_processor_and_costs_what_two_do(found):
    boosted = replace(PROVISION, boost=True)
    assert boosted.start_s == PROVISION.cold_cpu_s
    starts = cold_starts(found, PILOT)
    bill = starting(found, PILOT, boosted)
    assert bill["vcpu_s"] == pytest.approx(starts * 2 * PROVISION.cold_cpu_s)
    assert bill["gib_s"] == pytest.approx(starts * PROVISION.cold_cpu_s * PROVISION.gib)


def test_what_is_computed_with_is_what_is_deployed():
    memory = f"{PROVISION.gib * 1024:.0f}Mi"
    assert (PROVISION.vcpu, memory, PROVISION.boost) == (float(CPU), MEMORY, BOOST)
    assert PROVISION.warm == WARM


@pytest.mark.parametrize("use", [NOBODY, PILOT])
@pytest.mark.parametrize("free", [True, False])
def test_a_month_is_no_dearer_than_with_what_was_given_before(found, use, free):
    now, before = month(found, use), month(found, use, BEFORE)
    assert usd(now, free=free) <= usd(before, free=free)


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
    time = {**starting(found, PILOT), "secret_reads": 0}
    assert more == pytest.approx(9 * usd(time))


def test_every_price_has_its_source_and_its_day_or_says_that_it_is_assumed():
    for name, price in PRICES.items():
        assert price.source.startswith("https://"), name
        assert price.assumed or re.fullmatch(r"2026-\d\d-\d\d", price.read_on), name


def test_every_price_is_of_something_that_a_month_takes(found):
    taken = month(found, THOUSAND) + one_image(PACES[-1])
    assert {name for name in PRICES if not taken[name]} == set()
    assert not taken.keys() - PRICES.keys()


@pytest.mark.parametrize("pace", PACES)
def test_one_image_costs_a_small_part_of_a_build_for_each_function(pace):
    for functions in (161, MANY):
        one, each = one_image(pace, functions), build_each(pace, functions)
        assert each["build_min"] >= functions * one["build_min"] / 3
        assert usd(one) < usd(each) / 20
    assert one_image(pace, 161)["build_min"] == one_image(pace, MANY)["build_min"]


def test_the_faster_the_dearer():
    for bill in (one_image, build_each):
        costs = [usd(bill(pace), free=True) for pace in PACES]
        assert costs == sorted(costs)


def test_alerts_are_paid_by_their_conditions_whoever_comes(found):
    nobody = month(found, NOBODY)
    assert nobody["conditions"] * PRICES["conditions"].usd == 9
    assert nobody["condition_series"] == 6 * 86_400
