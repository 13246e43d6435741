"""No code is named anywhere in the platform that nobody can look up."""

import ast
import re
from pathlib import Path

from functions.genesis.list_checks import CodeFilter, list_checks
from shared.actors import Role
from shared.agents.rules.pipeline import EVALUATOR
from shared.genesis.rules.codes import CODES
from shared.genesis.rules.lifecycle import JUDGES
from tests.parsed import every, parsed

ROOT = Path(__file__).parents[2]
CODE = re.compile(r"\b(?:SK|JR|IN|CERT|ARCH|ETH|MAN|L0|L1-[A-Z]+|W-[A-Z]+)-\d+\b")


def named():
    for file in (ROOT / "shared").rglob("*.py"):
        if file.name == "codes.py":
            continue
        nodes = every(parsed(file.read_text()))
        documented = {id(doc) for doc in map(docstring, nodes) if doc is not None}
        for node in nodes:
            text = node.value if isinstance(node, ast.Constant) else None
            if isinstance(text, str) and id(node) not in documented:
                yield from CODE.findall(text)


def docstring(node):
    body = getattr(node, "body", None)
    first = body[0] if isinstance(body, list) and body else None
    return first.value if isinstance(first, ast.Expr) else None


def test_every_code_is_listed_and_every_listed_one_is_in_use():
    assert set(named()) == {code.code for code in CODES}


def test_codes_are_listed_by_what_they_are_about(call_as):
    everything = list_checks(call_as(Role.VIEWER), CodeFilter()).items
    assert everything == CODES
    assert len({code.code for code in everything}) == len(everything)
    agents = list_checks(call_as(Role.VIEWER), CodeFilter(about="agent")).items
    assert {code.code.split("-")[0] for code in agents} == {"CERT", "ARCH", "ETH"}


def test_judgements_belong_to_whom_the_rules_name():
    told = {code.code: code.judged_by for code in CODES}
    assert {code: told[code] for code in JUDGES} == {
        code: role for code, (_, role) in JUDGES.items()
    }
    assert {told[code] for code in told if code.startswith("ETH-")} == {EVALUATOR[5]}
    assert told["CERT-6"] is EVALUATOR[3]
    assert told["ARCH-2"] is EVALUATOR[4]
