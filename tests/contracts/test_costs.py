"""What was counted is kept a file an area, and the same again when nothing changed."""

import json

import pytest

from benchmarks import costs, counts


@pytest.fixture
def docs(tmp_path):
    """A folder that holds what is kept now."""
    counts.keep(counts.kept(), tmp_path)
    return tmp_path


def texts(docs):
    return {file.relative_to(docs): file.read_text() for file in sorted(docs.rglob("*.json"))}


def test_what_was_kept_is_read_as_it_was_counted(docs):
    kept = [
        file
        for file in texts(counts.DOCS)
        if file.name == "costs.json" or file.parent.name == "costs"
    ]
    assert texts(docs) == {file: (counts.DOCS / file).read_text() for file in kept}
    assert counts.kept(docs) == counts.kept()


def test_the_page_is_written_from_what_is_kept():
    assert costs.PAGE.read_text() == costs.page(counts.kept()), "run: make docs"


def test_every_function_has_one_line(docs):
    for file, text in texts(docs).items():
        ids = [id for part in json.loads(text).values() for id in part]
        assert all(
            sum(f'"{id}": ' in line for line in text.splitlines()) == ids.count(id) for id in ids
        ), file


def test_other_cpu_times_change_no_file(docs):
    before, slow = texts(docs), counts.kept()
    slow["cpu_ms"] = {id: 9 * ms for id, ms in slow["cpu_ms"].items()}
    counts.keep(slow, docs)
    assert texts(docs) == before
    counts.keep(slow, docs, cpu=True)
    assert counts.kept(docs)["cpu_ms"] == slow["cpu_ms"]


def test_a_new_function_adds_lines_to_its_area_alone(docs):
    before, more = texts(docs), counts.kept()
    more["functions"]["learning.new"] = dict.fromkeys(counts.COUNTED, 0) | {"reads": 2}
    more["cpu_ms"]["learning.new"] = 1.5
    counts.keep(more, docs)
    after = texts(docs)
    (changed,) = [file for file in after if after[file] != before[file]]
    assert changed.name == "learning.json"
    added = set(after[changed].splitlines()) - set(before[changed].splitlines())
    assert '  "learning.new": {"reads": 2},' in added | {line + "," for line in added}
    assert counts.kept(docs)["cpu_ms"]["learning.new"] == 1.5


def test_what_is_gone_leaves_no_line_and_no_file(docs):
    less = counts.kept()
    for part in ("functions", "cpu_ms"):
        less[part] = {id: one for id, one in less[part].items() if not id.startswith("knowledge.")}
    counts.keep(less, docs)
    assert not (docs / "costs/knowledge.json").exists()
