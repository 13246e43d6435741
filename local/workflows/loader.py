"""Turn a source into a program, or say everything that is wrong with its structure."""

from collections.abc import Callable, Iterable, Mapping

import yaml

from local.workflows import checks, literals
from local.workflows.document import DocumentError, compose, position, scalar
from local.workflows.errors import LoadError, Position, Problem
from local.workflows.expressions import Const, Index, Node
from local.workflows.expressions import Field as FieldNode
from local.workflows.expressions import Name as NameNode
from local.workflows.functions import FUNCTIONS, Function
from local.workflows.program import (
    Assign,
    Block,
    Body,
    Branch,
    Call,
    Case,
    Except,
    For,
    Jump,
    Nested,
    Parallel,
    Program,
    Raise,
    Return,
    Routine,
    Step,
    Switch,
    Target,
    Try,
)
from local.workflows.reading import Reader

_ASSIGNS_MAX, _CASES_MAX, _BRANCHES_MAX, _PARAMETERS_MAX = 50, 50, 10, 10
_STEPS_MAX = 100_000
_BODIES = ("assign", "call", "switch", "for", "steps", "return", "raise", "try", "parallel")
_EXTRAS = {"call": {"args", "result"}, "try": {"retry", "except"}}
_TERMINAL = {"return", "raise"}
_Entries = dict[str, tuple[yaml.Node, yaml.Node]]


class _Reader(Reader):
    """Read routines, steps and what they do; *anew*: of a source that nobody accepted before."""

    def __init__(self, file: str, *, anew: bool) -> None:
        super().__init__(file)
        self._anew = anew

    def judged(self, node: yaml.Node, judge: Callable[[yaml.Node], Iterable[str]]) -> Node:
        """Read a value, and refuse what is written out and can only fail."""
        for wrong in judge(node) if self._anew else ():
            self.problem(position(node), wrong)
        return self.value(node)

    def key(self, node: yaml.Node) -> Node:
        """Read the key of a map."""
        self.written(node, "a key")
        return super().key(node)

    def written(self, node: yaml.Node, what: str) -> bool:
        """Refuse a name that UTF-8 cannot carry."""
        return not self._anew or super().written(node, what)

    def program(self, root: yaml.Node) -> Program:
        """Read a whole source."""
        routines: dict[str, Routine] = {}
        if isinstance(root, yaml.SequenceNode):
            block = self.block(root, own_scope=True)
            routines["main"] = Routine("main", position(root), {}, block)
        elif isinstance(root, yaml.MappingNode):
            for key, item in self.pairs(root):
                name = self.name(key, "the name of a subworkflow")
                routines[name] = self.routine(name, position(key), item)
            if "main" not in routines:
                self.problem(position(root), "there is no routine 'main'")
        else:
            self.problem(position(root), "a source is a list of steps or a map with 'main'")
        return Program(routines)

    def routine(self, name: str, where: Position, node: yaml.Node) -> Routine:
        """Read main or a subworkflow."""
        found = self.fields(node, {"params", "steps"}, f"the routine '{name}'")
        parameters: dict[str, Node | None] = {}
        if "params" in found and not _is_null(found["params"]):
            most = 1 if name == "main" else _PARAMETERS_MAX
            for item in self.items(found["params"], f"params of '{name}'", most, 0):
                key, default = self.parameter(item)
                if key in parameters:
                    self.problem(position(item), f"there are two parameters '{key}'")
                parameters[key] = default
        if "steps" not in found:
            self.problem(where, f"the routine '{name}' has no steps")
            return Routine(name, where, parameters, Block([], own_scope=True))
        return Routine(name, where, parameters, self.block(found["steps"], own_scope=True))

    def parameter(self, node: yaml.Node) -> tuple[str, Node | None]:
        """Read a parameter, which may have a default; in JSON that is one string, `name: "default"`."""
        where = node
        if isinstance(node, yaml.ScalarNode) and ":" in node.value:
            try:
                node, _ = compose(node.value)
            except DocumentError as error:
                self.problem(position(where), str(error))
        if not isinstance(node, yaml.MappingNode):
            return self.name(where, "a parameter"), None
        pair = self.single(node, "a parameter with a default")
        return (self.name(pair[0], "a parameter"), self.value(pair[1])) if pair else ("", None)

    def block(self, node: yaml.Node, *, own_scope: bool = False) -> Block:
        """Read a list of steps."""
        steps = []
        for item in self.items(node, "steps", _STEPS_MAX):
            pair = self.single(item, "a step")
            if pair:
                name = self.word(pair[0], "the name of a step")
                steps.append(self.step(name, position(pair[0]), pair[1]))
        return Block(steps, own_scope)

    def step(self, name: str, where: Position, node: yaml.Node) -> Step:
        """Read one step."""
        entries = self.entries(node)
        body = self.body(f"the step '{name}'", where, entries, {"next"})
        follow = self.follow(entries)
        if not entries and isinstance(node, yaml.MappingNode):
            self.problem(where, f"the step '{name}' does nothing")
        return Step(name, where, body, follow)

    def entries(self, node: yaml.Node) -> _Entries:
        """Return the entries of a map by key."""
        return {str(key.value): (key, item) for key, item in self.pairs(node)}

    def follow(self, entries: _Entries) -> Jump | None:
        """Read where it goes next."""
        if "next" not in entries:
            return None
        node = entries["next"][1]
        return Jump(self.word(node, "next"), position(node))

    def body(self, what: str, where: Position, entries: _Entries, more: set[str]) -> Body | None:
        """Read what a step, a case or a try does."""
        kinds = [kind for kind in _BODIES if kind in entries]
        if len(kinds) > 1 and not (kinds[0] == "for" and kinds[1:] == ["steps"]):
            self.problem(where, f"{what} has both '{kinds[0]}' and '{kinds[1]}'")
            more = {*more, *kinds}
        known = {*more, *kinds[:1], *(_EXTRAS.get(kinds[0], set()) if kinds else ())}
        for key, (node, _) in entries.items():
            if key not in known:
                self.problem(position(node), f"{what} cannot have the key '{key}'")
        if not kinds:
            return None
        if kinds[0] in _TERMINAL and "next" in entries:
            self.warn(position(entries["next"][0]), f"'next' is never reached after '{kinds[0]}'")
        found = {key: value for key, (_, value) in entries.items()}
        where = position(entries[kinds[0]][0])
        found_body = self.body_of(kinds[0], found, where)
        if found_body is not None:
            found_body.position = where
        return found_body

    def body_of(self, kind: str, found: dict[str, yaml.Node], where: Position) -> Body | None:  # noqa: PLR0911
        """Read a body whose kind is known."""
        node = found[kind]
        match kind:
            case "assign":
                return self.assign(node)
            case "call":
                return self.call(found)
            case "switch":
                items = self.items(node, "switch", _CASES_MAX)
                return Switch([self.case(item) for item in items])
            case "for":
                return self.loop(node, where, parallel=False)
            case "steps":
                return Nested(self.block(node))
            case "return":
                return Return(self.value(node))
            case "raise":
                return Raise(self.value(node))
            case "try":
                return self.attempt(found, where)
            case _:
                return self.parallel(node, where)

    def assign(self, node: yaml.Node) -> Assign:
        """Read assignments."""
        found = []
        for item in self.items(node, "assign", _ASSIGNS_MAX):
            pair = self.single(item, "an assignment")
            if pair:
                found.append((self.target(pair[0]), self.value(pair[1])))
        return Assign(found)

    def target(self, node: yaml.Node) -> Target:
        """Read the left side of an assignment."""
        where, text = position(node), self.word(node, "the target of an assignment")
        path: list[Node] = []
        at = self.parsed(node, text, 0) if text else Const()
        while isinstance(at, FieldNode | Index):
            if isinstance(at, FieldNode):
                path.insert(0, Const(constant=at.name))
            else:
                path.insert(0, at.operands[1])
            at = at.operands[0]
        if not isinstance(at, NameNode):
            if text and not any(p.position.line == where.line for p in self.problems):
                self.problem(where, f"cannot assign to '{text}'")
            return Target("", (), where)
        return Target(at.name, path, where)

    def call(self, found: dict[str, yaml.Node]) -> Call:
        """Read a call step."""
        named: dict[str, Node] = {}
        positional: list[Node] = []
        given = found.get("args")
        if isinstance(given, yaml.SequenceNode):
            positional = [self.value(item) for item in given.value]
        elif given is not None and not _is_null(given):
            named = {str(key.value): self.value(item) for key, item in self.pairs(given)}
        result = self.target(found["result"]) if "result" in found else None
        if result is not None and result.path:
            self.problem(result.position, "result must be the name of a variable")
        return Call(self.word(found["call"], "call"), named, result, positional)

    def case(self, node: yaml.Node) -> Case:
        """Read a condition of a switch."""
        entries, where = self.entries(node), position(node)
        body = self.body("a condition", where, entries, {"next", "condition"})
        follow = self.follow(entries)
        if "condition" not in entries:
            self.problem(where, "an entry of a switch needs a condition")
            return Case(Const(constant=True), body, follow, where)
        return Case(self.value(entries["condition"][1]), body, follow, where)

    def loop(self, node: yaml.Node, where: Position, *, parallel: bool) -> For:
        """Read a for."""
        found = self.fields(node, {"value", "index", "in", "range", "steps"}, "for")
        if ("in" in found) == ("range" in found):
            self.problem(where, "for needs exactly one of 'in' and 'range'")
        if "value" not in found or "steps" not in found:
            self.problem(where, "for needs 'value' and 'steps'")
            return For("", None, None, None, Block([], own_scope=True))
        if parallel and "index" in found and "range" in found:
            self.problem(position(found["index"]), "a parallel range has no index")
        value = self.name(found["value"], "the value of a loop")
        index = self.name(found["index"], "the index of a loop") if "index" in found else None
        if self._anew and value == index:
            self.problem(position(found["index"]), f"'{value}' is the value of the loop already")
        return For(
            value,
            index,
            self.judged(found["in"], literals.of_items) if "in" in found else None,
            self.judged(found["range"], literals.of_range) if "range" in found else None,
            self.block(found["steps"], own_scope=True),
        )

    def attempt(self, found: dict[str, yaml.Node], where: Position) -> Try | None:
        """Read a try, which has a body as a step has, or a list of steps."""
        node = found["try"]
        body: Body | None
        follow = None
        if isinstance(node, yaml.SequenceNode):
            body = Nested(self.block(node), position=where)
        else:
            entries = self.entries(node)
            body, follow = self.body("try", where, entries, {"next"}), self.follow(entries)
        if "retry" not in found and "except" not in found:
            self.problem(where, "try needs 'retry' or 'except'")
        handler = self.handler(found["except"]) if "except" in found else None
        if body is None:
            self.problem(where, "try needs a call or steps")
            return None
        retry = self.judged(found["retry"], literals.of_retry) if "retry" in found else None
        return Try(body, follow, retry, handler)

    def handler(self, node: yaml.Node) -> Except:
        """Read an except, whose steps may be missing, be none, or be what a step has."""
        entries = self.entries(node)
        if "steps" in entries and entries["steps"][1].value == []:
            del entries["steps"]
        body = self.body("except", position(node), entries, {"as", "next"})
        name = self.name(entries["as"][1], "as") if "as" in entries else None
        return Except(name, body, self.follow(entries))

    def parallel(self, node: yaml.Node, where: Position) -> Parallel:
        """Read a parallel step."""
        known = {"shared", "exception_policy", "concurrency_limit", "branches", "for"}
        found = self.fields(node, known, "parallel")
        shared = []
        if "shared" in found:
            items = self.items(found["shared"], "shared", _STEPS_MAX, 0)
            shared = [self.name(item, "a shared variable") for item in items]
        policy = found.get("exception_policy")
        if policy is not None and policy.value != "continueAll":
            self.problem(position(policy), "exception_policy can only be 'continueAll'")
        limit = None
        if "concurrency_limit" in found:
            limit = self.judged(found["concurrency_limit"], literals.of_limit)
        branches: list[Branch] = []
        if ("branches" in found) == ("for" in found):
            self.problem(where, "parallel needs exactly one of 'branches' and 'for'")
        elif "branches" in found:
            for item in self.items(found["branches"], "branches", _BRANCHES_MAX, 2):
                pair = self.single(item, "a branch")
                if pair:
                    parts = self.fields(pair[1], {"steps"}, "a branch")
                    if "steps" in parts:
                        block = self.block(parts["steps"], own_scope=True)
                        name = self.word(pair[0], "a branch's name")
                        if any(branch.name == name for branch in branches):
                            self.warn(position(pair[0]), f"there are two branches named '{name}'")
                        branches.append(Branch(name, block))
                    else:
                        self.problem(position(pair[0]), "a branch needs 'steps'")
        loop = self.loop(found["for"], where, parallel=True) if "for" in found else None
        return Parallel(shared, limit, branches, loop)


def load(
    source: str, file: str, functions: Mapping[str, Function] = FUNCTIONS, *, anew: bool = True
) -> Program:
    """
    Load and check a source; raise a LoadError with every problem found.

    One that was deployed before, by an earlier release perhaps, is not loaded *anew*: what it writes out wrongly
    fails where it is reached, as it did.
    """
    reader = _Reader(file, anew=anew)
    try:
        root, second = compose(source)
        program = reader.program(root)
    except DocumentError as error:
        raise LoadError([Problem(file, error.position, str(error))]) from None
    if second is not None:
        reader.warn(second, "only the first document of a source is read")
    problems, warnings = checks.check(program, file, functions)
    if reader.problems or problems:
        # What is wrong with the form of a line makes the checks say of it what is not so.
        lines = {problem.position.line for problem in reader.problems}
        more = [problem for problem in problems if problem.position.line not in lines]
        raise LoadError(sorted([*reader.problems, *more], key=_place))
    return Program(program.routines, sorted([*reader.warnings, *warnings], key=_place))


def _is_null(node: yaml.Node) -> bool:
    return isinstance(node, yaml.ScalarNode) and scalar(node) is None


def _place(problem: Problem) -> tuple[int, int]:
    return problem.position.line, problem.position.column
