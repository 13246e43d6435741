"""A part of a processor, for what is measured."""

import subprocess
import sys
import time

import pytest

from benchmarks.quota import NoQuota, _limit, quota

COMPUTE = "import time\nwhile time.process_time() < 0.15: pass"


def test_where_there_is_no_controller_it_says_so(tmp_path):
    with pytest.raises(NoQuota, match="has no controller of the processor"), quota(0.5, tmp_path):
        pass


def test_the_only_hierarchy_must_hand_the_processor_on(tmp_path):
    (tmp_path / "cgroup.controllers").write_text("cpuset cpu io")
    (tmp_path / "cgroup.subtree_control").mkdir()
    with pytest.raises(NoQuota, match="is not ours"), quota(0.5, tmp_path):
        pass


def test_both_kinds_of_control_groups_are_told_the_same(tmp_path):
    (tmp_path / "cpu.max").touch()
    _limit(tmp_path, 25_000)
    assert (tmp_path / "cpu.max").read_text() == "25000 100000"
    (tmp_path / "cpu.max").unlink()
    _limit(tmp_path, 25_000)
    assert (tmp_path / "cpu.cfs_quota_us").read_text() == "25000"
    assert (tmp_path / "cpu.cfs_period_us").read_text() == "100000"


def test_a_process_waits_for_the_rest_of_each_tenth_of_a_second():
    try:
        with quota(0.2) as first:
            began = time.monotonic()
            subprocess.run([sys.executable, "-c", COMPUTE], preexec_fn=first, check=True)
            assert time.monotonic() - began > 0.5
    except NoQuota as why:
        pytest.skip(str(why))
