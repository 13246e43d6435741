"""
The grammar of policies, for lark: `capsules-plans.md` section 6.

A step of a path is one token with its dot, so a member may be called as a word of the language is: ``context.within``.
"""

import re

TOKEN = re.compile(r"\"(?:[^\"\\\n]|\\.)*\"|'(?:[^'\\\n]|\\.)*'|#[^\n]*|[\[({]|[\])}]")
"""What can hold a bracket or a comment without meaning it, and what does."""

GRAMMAR = r"""
start: policy+
policy: "policy" name "version" SEMVER "{" header* item* "}"
?header: "about" STRING -> about
       | "bundle" name -> bundle
       | "applies" "to" expr -> applies
?item: rule | redact | flow | history | test

rule: "rule" name ["priority" INT] "when" expr effect+
?effect: "allow" -> allow
       | "deny" STRING ["severity" WORD] -> deny
       | "require" "approval" name ["chain" name] ["within" DURATION] -> require
       | "oblige" WORD obliged? -> oblige
       | "alert" WORD STRING -> alert
       | "note" STRING -> note
obliged: "[" STRING ("," STRING)* "]" -> fields
       | INT "per" DURATION -> rate

redact: "redact" name (redacted_field | redacted_pattern) "with" mask ["when" expr]
redacted_field: "field" path
redacted_pattern: "pattern" STRING
mask: WORD | STRING
flow: "flow" name "forbid" name "->" sink ["unless" treatments]
sink: WORD STEP?
treatments: treatment ("," treatment)*
!treatment: WORD | "redact"
history: "history" name given
test: "test" STRING "{" "given" given "expect" verdict ["by" name] "}"
!verdict: "allow" | "deny" | WORD

?expr: conj | conj ("or" conj)+ -> any_of
?conj: neg | neg ("and" neg)+ -> all_of
?neg: plain | "not" plain -> opposite
?plain: "(" expr ")" | cmp
?cmp: operand | operand op operand -> compared
!op: "==" | "!=" | "<" | "<=" | ">" | ">=" | "in" | "not" "in"
   | "contains" | "starts_with" | "ends_with" | "matches"
?operand: STRING -> text
        | INT -> number
        | constant | listing | call | path
!constant: "true" | "false" | "null"
listing: "[" (operand ("," operand)*)? "]"
call: WORD "(" (operand ("," operand)*)? ")"
path: WORD step*
step: STEP | "[" INT "]" | "[" each "]"
!each: "*"

given: "{" (member ("," member)*)? "}"
member: STRING ":" value
?value: given | array | STRING -> text_value | INT -> number_value | constant -> constant_value
array: "[" (value ("," value)*)? "]"

name: WORD

STRING: /"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'/
SEMVER.3: /(?:0|[1-9][0-9]*)\.(?:0|[1-9][0-9]*)\.(?:0|[1-9][0-9]*)(?![0-9A-Za-z_.])/
DURATION.2: /[0-9]+[smhd](?![0-9A-Za-z_])/
INT: /-?(?:0|[1-9][0-9]*)(?![0-9A-Za-z_.])/
STEP: /\.[A-Za-z_](?:[A-Za-z0-9_]|-(?!>))*/
WORD: /[A-Za-z_](?:[A-Za-z0-9_]|-(?!>))*/
COMMENT: /#[^\n]*/
%ignore COMMENT
%ignore /[ \t\r\n]+/
"""

WORDS = {
    word.upper(): word
    for word in [
        "policy",
        "version",
        "about",
        "bundle",
        "applies",
        "to",
        "rule",
        "priority",
        "when",
        "allow",
        "deny",
        "severity",
        "require",
        "approval",
        "chain",
        "within",
        "oblige",
        "per",
        "alert",
        "note",
        "redact",
        "field",
        "pattern",
        "with",
        "flow",
        "forbid",
        "unless",
        "history",
        "test",
        "given",
        "expect",
        "by",
        "and",
        "or",
        "not",
        "in",
        "contains",
        "starts_with",
        "ends_with",
        "matches",
        "true",
        "false",
        "null",
    ]
}
"""The words of the language by the names that lark gives them: none of them is a name."""

DESCRIBED = {
    "WORD": "a name",
    "STRING": "a text in quotes",
    "INT": "a whole number",
    "SEMVER": "a version such as 1.0.0",
    "DURATION": "a time such as 240m",
    "STEP": "a member after a dot",
    "LBRACE": "“{”",
    "RBRACE": "“}”",
    "LPAR": "“(”",
    "RPAR": "“)”",
    "LSQB": "“[”",
    "RSQB": "“]”",
    "COMMA": "“,”",
    "COLON": "“:”",
    "STAR": "“*”",
    "__ANON_0": "“->”",
    "$END": "the end of the text",
}
"""What lark's names of tokens are called for people."""

_COMPARISONS = frozenset(
    [
        "IN",
        "NOT",
        "CONTAINS",
        "STARTS_WITH",
        "ENDS_WITH",
        "MATCHES",
        "LESSTHAN",
        "MORETHAN",
        "__ANON_1",
        "__ANON_2",
        "__ANON_3",
        "__ANON_4",
    ]
)
GROUPS = (
    (_COMPARISONS, "a comparison"),
    (frozenset({"AND", "OR"}), "“and” or “or”"),
    (
        frozenset(["ALLOW", "DENY", "REQUIRE", "OBLIGE", "ALERT", "NOTE"]),
        "an effect (allow, deny, require, oblige, alert, note)",
    ),
    (
        frozenset(["RULE", "REDACT", "FLOW", "HISTORY", "TEST"]),
        "a rule, redact, flow, history or test",
    ),
    (frozenset(["ABOUT", "BUNDLE", "APPLIES"]), "about, bundle or applies to"),
    (frozenset(["STRING", "INT", "TRUE", "FALSE", "NULL", "LSQB", "WORD"]), "a value or a path"),
)
"""Tokens of which one word says it where all of them are expected."""
