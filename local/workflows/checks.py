"""
Check at load what the service checks at deployment, and bind every name to what it means.

Variables are checked against what is assigned anywhere in the enclosing scopes, not along the
flow: reading a variable whose assignment was not reached is an error of the execution.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping

from local.workflows.errors import Position, Problem
from local.workflows.expressions import Call as CallNode
from local.workflows.expressions import Const, Field, Name, Node
from local.workflows.functions import REQUIRED, Function
from local.workflows.functions.connectors import BESIDES, Connector, find
from local.workflows.functions.effects import CONSTANTS
from local.workflows.lint import lint_call, lint_connector, lint_expression
from local.workflows.program import (
    BREAK,
    CONTINUE,
    END,
    Assign,
    Block,
    Body,
    Call,
    Except,
    For,
    Jump,
    Nested,
    Parallel,
    Program,
    Raise,
    Return,
    Routine,
    Switch,
    Try,
)
from local.workflows.syntax import dotted
from local.workflows.values import Reference
from local.workflows.visible import Visible, blocks, created


class _Checker:
    def __init__(self, program: Program, file: str, functions: Mapping[str, Function]) -> None:
        self.program = program
        self.file = file
        self.functions = functions
        self.problems: list[Problem] = []
        self.warnings: list[Problem] = []

    def problem(self, where: Position, message: str) -> None:
        self.problems.append(Problem(self.file, where, message))

    def warn(self, found: Iterable[tuple[Position, str]]) -> None:
        self.warnings += [Problem(self.file, where, message) for where, message in found]

    # --- routines, blocks and steps -----------------------------------------------------------

    def routine(self, routine: Routine) -> None:
        for default in routine.parameters.values():
            if default is not None:
                self.node(default, Visible(set()))
        names = set(routine.parameters) | set(created(routine.block))
        routine.block.names = frozenset(names)
        seen: set[str] = set()
        self.unique(routine.block, seen)
        self.block(routine.block, Visible(names))

    def unique(self, block: Block, seen: set[str]) -> None:
        """Refuse two steps of one name in a routine."""
        for step in block.steps:
            if step.name in seen:
                self.problem(step.position, f"there are two steps named '{step.name}'")
            if step.name in {END, BREAK, CONTINUE}:
                self.problem(step.position, f"a step cannot be named '{step.name}'")
            seen.add(step.name)
            for inner in blocks(step.body):
                self.unique(inner, seen)

    def block(self, block: Block, scope: Visible) -> None:
        """Check steps that stand directly in *scope*."""
        outer = scope.steps
        scope.steps = outer | set(block.index)
        for step in block.steps:
            self.body(step.body, scope)
            self.jump(step.next, scope)
        scope.steps = outer

    def opened(self, block: Block | Except, scope: Visible, local: set[str]) -> Visible:
        """Make the scope of a loop, a handler or a branch."""
        names = local | {name for name in created(block) if not scope.sees(name)}
        block.names = frozenset(names)
        return Visible(names, scope, None, set(scope.steps), scope.in_loop)

    def jump(self, jump: Jump | None, scope: Visible) -> None:
        if jump is None or jump.target in scope.steps:
            return
        target, where = jump.target, jump.position
        if target == END:
            if scope.in_parallel:
                self.problem(where, "'next: end' cannot leave a parallel branch")
        elif target in {BREAK, CONTINUE}:
            if not scope.in_loop:
                self.problem(where, f"'next: {target}' is outside of a loop")
        else:
            self.problem(
                where, f"'next' names the unknown step '{target}'{_meant(target, scope.steps)}"
            )

    def body(self, body: Body | None, scope: Visible) -> None:  # noqa: C901, PLR0912 - one case for each kind
        """Check one body."""
        match body:
            case Assign():
                for target, value in body.assignments:
                    self.node(value, scope)
                    for key in target.path:
                        self.node(key, scope)
                    self.write(target.name, scope, target.position)
            case Call():
                self.call(body, scope)
            case Switch():
                for case in body.cases:
                    self.node(case.condition, scope)
                    self.body(case.body, scope)
                    self.jump(case.next, scope)
            case For():
                self.loop(body, scope, body.position)
            case Nested():
                self.block(body.block, scope)
            case Return():
                if scope.in_parallel:
                    self.problem(body.position, "'return' cannot leave a parallel branch")
                self.node(body.value, scope)
            case Raise():
                self.node(body.error, scope)
            case Try():
                self.attempt(body, scope)
            case Parallel():
                self.parallel(body, scope)
            case None:
                pass

    def loop(
        self, loop: For, scope: Visible, where: Position, border: Visible | None = None
    ) -> None:
        for source in (loop.items, loop.range):
            if source is not None:
                self.node(source, scope)
        local = {loop.value} | ({loop.index} if loop.index else set())
        inner = self.opened(loop.block, border or scope, local)
        for name in local:
            if scope.loops_over(name):
                self.problem(where, f"'{name}' is already the variable of an enclosing loop")
        inner.in_loop, inner.loop_names = border is None, frozenset(local)
        self.block(loop.block, inner)

    def attempt(self, body: Try, scope: Visible) -> None:
        self.body(body.body, scope)
        self.jump(body.next, scope)
        if body.retry is not None:
            self.node(body.retry, scope)
        if body.handler is not None:
            local = {body.handler.name} if body.handler.name else set()
            inner = self.opened(body.handler, scope, local)
            self.body(body.handler.body, inner)
            self.jump(body.handler.next, inner)

    def parallel(self, body: Parallel, scope: Visible) -> None:
        where = body.position
        if body.limit is not None:
            self.node(body.limit, scope)
        for name in body.shared:
            if not scope.sees(name):
                self.problem(where, f"the shared variable '{name}' does not exist outside")
            elif not scope.writable(name):
                self.problem(where, f"'{name}' is not shared by the enclosing parallel step")
        border = Visible(set(), scope, frozenset(body.shared))
        if body.loop is not None:
            self.loop(body.loop, scope, where, border)
        for branch in body.branches:
            self.block(branch.block, self.opened(branch.block, border, set()))

    def write(self, name: str, scope: Visible, where: Position) -> None:
        if not scope.writable(name):
            self.problem(
                where, f"the variable '{name}' is written in a parallel branch but is not shared"
            )

    # --- calls and expressions ----------------------------------------------------------------

    def call(self, call: Call, scope: Visible) -> None:
        for value in (*call.arguments.values(), *call.positional):
            self.node(value, scope)
        if call.result is not None:
            self.write(call.result.name, scope, call.result.position)
        where = call.position
        routine = self.program.routines.get(call.name)
        if routine is not None:
            if call.name == "main":
                self.problem(where, "'main' cannot be called")
            required = {k for k, v in routine.parameters.items() if v is None}
            self.arguments(call, list(routine.parameters), required, None)
            return
        function = self.function(call.name, where)
        if function is not None:
            call.function = function
            needed = {k for k, v in function.parameters.items() if v is REQUIRED}
            self.arguments(call, list(function.parameters), needed, function)
            self.warn(lint_call(call))

    def arguments(
        self, call: Call, known: list[str], needed: set[str], function: Function | None
    ) -> None:
        """Check the arguments of a call, and name those that are listed."""
        name, where, listed = call.name, call.position, len(call.positional)
        open_ended = isinstance(function, Connector)
        if listed > len(known):
            self.problem(where, f"'{name}' takes {len(known)} arguments; it is given {listed}")
        if listed:
            call.arguments = dict(zip(known, call.positional, strict=False))
        given = set(call.arguments)
        for extra in sorted(given - set(known)):
            wrong = f"'{name}' has no argument '{extra}'{_meant(extra, known)}"
            if not open_ended:
                self.problem(where, wrong)
            elif known and extra not in BESIDES:
                self.warn([(where, f"warning: {wrong}; this machine does not send it")])
        for missing in sorted(needed - given):
            wrong = f"'{name}' needs the argument '{missing}'"
            if open_ended:
                self.warn([(where, f"warning: {wrong}; without it the call fails")])
            else:
                self.problem(where, wrong)

    def function(self, name: str, where: Position) -> Function | None:
        function = self.functions.get(name) or find(name)
        if function is None:
            names = {*self.functions, *self.program.routines} - {"main"}
            self.problem(
                where,
                f"cannot call '{name}': it is neither a subworkflow nor a function of the standard "
                f"library{_meant(name, names)}",
            )
        elif isinstance(function, Connector):
            self.warn(lint_connector(function, where))
        return function

    def node(self, node: Node, scope: Visible) -> None:
        """Bind the names of an expression, and note whether evaluating it may wait."""
        self.bind(node, scope)
        self.warn(lint_expression(node))

    def bind(self, node: Node, scope: Visible) -> None:
        match node:
            case Const():
                return
            case Name():
                self.symbol(node, scope)
                return
            case Field() if self.library(node, scope):
                return
            case _:
                for operand in node.operands:
                    self.bind(operand, scope)
        if isinstance(node, CallNode):
            self.call_node(node)
        if isinstance(node, CallNode):
            function = node.function
            node.suspends = function is None or bool(function.waits) or function.long is not None
        node.suspends = node.suspends or any(operand.suspends for operand in node.operands)

    def symbol(self, node: Name, scope: Visible) -> None:
        if scope.sees(node.name):
            return
        if node.name in self.program.routines:
            node.constant = Reference(node.name)
            return
        self.problem(
            node.position,
            f"symbol '{node.name}' is neither a variable nor a sub-workflow name"
            f"{_meant(node.name, scope.seen())}",
        )

    def library(self, node: Field, scope: Visible) -> bool:
        """Bind a dotted name of the standard library, unless a variable hides it."""
        name = dotted(node)
        if not name or scope.sees(name.partition(".")[0]):
            return False
        if name in CONSTANTS:
            node.constant = CONSTANTS[name]
        elif name in self.functions:
            node.constant = Reference(name)
        else:
            return False
        return True

    def call_node(self, node: CallNode) -> None:
        name, where, count = node.name, node.position, len(node.operands)
        routine = self.program.routines.get(name)
        if routine is not None:
            required = sum(1 for default in routine.parameters.values() if default is None)
            if name == "main":
                self.problem(where, "'main' cannot be called")
            self.count(name, where, count, required, len(routine.parameters))
            return
        function = self.function(name, where)
        if function is None:
            return
        if function.call_only:
            self.problem(where, f"'{name}' can only be called by a call step")
        node.function = function
        required = sum(1 for value in function.parameters.values() if value is REQUIRED)
        if not isinstance(function, Connector):
            self.count(name, where, count, required, len(function.parameters))

    def count(self, name: str, where: Position, count: int, least: int, most: int) -> None:
        if not least <= count <= most:
            self.problem(where, f"'{name}' takes {least} to {most} arguments; it is given {count}")


def _meant(word: str, known: Iterable[str]) -> str:
    """Ask whether a known word was meant, if one is near."""
    near = difflib.get_close_matches(word, known, 1, 0.82)
    return f"; did you mean '{near[0]}'?" if near else ""


def check(
    program: Program, file: str, functions: Mapping[str, Function]
) -> tuple[list[Problem], list[Problem]]:
    """Return the problems and the warnings of a program, and bind its names."""
    checker = _Checker(program, file, functions)
    for routine in program.routines.values():
        checker.routine(routine)
    return checker.problems, checker.warnings
