"""
Sources in every form that is written for the service load here, and do what they say.

The forms are those of Google's documentation, samples and JSON schema and of public workflows; what is refused, by
rules that the documentation states, is in `test_load`.
"""

from typing import Any

import pytest

from local.workflows import LoadError, Runtime
from local.workflows.loader import load

from .conftest import outcome

FAILS = "try: {call: http.get, args: {url: 'http://127.0.0.1:1/'}}"

FORMS: dict[str, tuple[str, Any]] = {
    "an_except_that_raises": (
        f"""
        - a:
            try:
              steps:
                - b:
                    {FAILS}
                    except: {{as: e, raise: {{code: 7, why: '${{e.tags[0]}}'}}}}
            except: {{as: e, steps: [{{c: {{return: '${{e}}'}}}}]}}
        """,
        {"code": 7, "why": "ConnectionFailedError"},
    ),
    "an_except_that_returns": (
        f"- a:\n    {FAILS}\n    except: {{as: e, return: 7}}",
        7,
    ),
    "an_except_that_assigns_and_goes_on": (
        f"""
        - a: {{assign: [{{x: 0}}]}}
        - b:
            {FAILS}
            except: {{as: e, assign: [{{x: '${{len(e.tags)}}'}}, {{y: 1}}], next: d}}
        - c: {{return: no}}
        - d: {{return: '${{x}}'}}
        """,
        1,
    ),
    "an_except_that_calls": (
        f"""
        main:
          steps:
            - a:
                {FAILS}
                except: {{as: e, call: f, args: {{x: '${{e}}'}}, result: y}}
            - b: {{return: done}}
        f: {{params: [x], steps: [{{c: {{return: '${{x.message}}'}}}}]}}
        """,
        "done",
    ),
    "an_except_that_does_nothing": (
        f"- a:\n    {FAILS}\n    except: {{as: e}}\n- b: {{return: 1}}",
        1,
    ),
    "an_except_of_no_steps": (
        f"- a:\n    {FAILS}\n    except: {{as: e, steps: []}}\n- b: {{return: 1}}",
        1,
    ),
    "lines_that_end_as_elsewhere_and_a_mark_of_the_encoding": (
        "\ufeffmain:\r\n  steps:\r\n    - a:\r\n        return: ${1 +\r\n          2}\r\n",
        3,
    ),
    "an_except_that_switches": (
        f"""
        - a:
            {FAILS}
            except:
              as: e
              switch:
                - condition: ${{"HttpError" in e.tags}}
                  return: 1
                - condition: true
                  return: 2
        """,
        2,
    ),
    "a_try_that_is_a_list_of_steps": (
        "- a: {try: [{b: {assign: [{x: 3}]}}, {c: {return: '${x}'}}], retry: '${http.default_retry}'}",
        3,
    ),
    "a_try_that_goes_on_elsewhere": (
        "- a: {try: {assign: [{x: 1}], next: c}, except: {as: e}}\n- b: {return: 2}\n- c: {return: 3}",
        3,
    ),
    "null_as_it_is_written_elsewhere": (
        "- a: {assign: [{x: Null}, {y: ~}, {z: }]}\n- b: {return: '${x == Null and y == NULL and z == null}'}",
        True,
    ),
    "arguments_by_their_place": (
        (
            "main: {steps: [{a: {call: f, args: [1, '${1 + 1}'], result: x}}, {b: {return: '${x}'}}]}\n"
            "f: {params: [a, b, c: 4], steps: [{c: {return: '${[a, b, c]}'}}]}"
        ),
        [1, 2, 4],
    ),
    "no_arguments_written_out": (
        (
            "main: {steps: [{a: {call: f, args: , result: x}}, {b: {return: '${x}'}}]}\n"
            "f: {params: , steps: [{c: {return: 5}}]}"
        ),
        5,
    ),
    "parameters_with_defaults": (
        (
            "main: {steps: [{a: {call: f, result: x}}, {b: {return: '${x}'}}]}\n"
            "f: {params: [a: null, b: 'x y', c: [1]], steps: [{c: {return: '${[a, b, c]}'}}]}"
        ),
        [None, "x y", [1]],
    ),
    "json_with_tabs_and_a_default": (
        (
            '{\n\t"main": {"steps": [\n\t\t{"a": {"call": "f", "args": {"a": 1}, "result": "x"}},\n'
            '\t\t{"b": {"return": "${x}"}}\n\t]},\n\t"f": {"params": ["a", "b: \\"England\\""],'
            ' "steps": [{"c": {"return": "${string(a) + b}"}}]}\n}'
        ),
        "1England",
    ),
    "tabs_that_indent_nothing": (
        "- a:\t# a tab before a comment\n    assign:\t\n      - x:\t'1'\t# and after\n\t\n- b:\n    return: \t${x}\n",
        "1",
    ),
    "anchors_and_merged_maps": (
        """
        main:
          steps:
            - a:
                assign:
                  - m: &one {x: 1, y: 2}
                  - n: {<<: *one, y: 3}
                  - o: {y: 4, <<: [{z: 5, y: 6}, *one]}
            - b: {return: ['${n}', '${o}', *one]}
        """,
        [{"x": 1, "y": 3}, {"x": 1, "y": 4, "z": 5}, {"x": 1, "y": 2}],
    ),
    "comments_and_marks_of_documents": (
        "# licence\n%YAML 1.2\n---\n# more\n- a: {return: 1} # and more\n...\n",
        1,
    ),
    "names_of_steps_of_any_kind": (
        (
            "- 1: {next: two-and a half}\n- 'a.b': {return: no}\n- two-and a half: {assign: [{x: 2}], next: 3.5}\n"
            "- true: {return: no}\n- 3.5: {return: '${x}'}"
        ),
        2,
    ),
    "one_name_in_two_routines": (
        "main: {steps: [{init: {call: f, result: x}}, {b: {return: '${x}'}}]}\nf: {steps: [{init: {return: 1}}]}",
        1,
    ),
    "next_after_what_ends": (
        "- a: {switch: [{condition: false, raise: x, next: end}]}\n- b: {return: 1, next: end}",
        1,
    ),
    "a_jump_among_nested_steps_and_into_them": (
        """
        - a: {assign: [{x: ''}]}
        - b:
            steps:
              - c: {assign: [{x: '${x + "c"}'}]}
              - d:
                  steps:
                    - e: {assign: [{x: '${x + "e"}'}]}
                    - f: {assign: [{x: '${x + "f"}'}]}
        - g: {switch: [{condition: '${len(x) < 5}', next: f}]}
        - h: {return: '${x}'}
        """,
        "cefff",
    ),
    "a_switch_in_a_switch_and_a_for_in_a_condition": (
        """
        - a: {assign: [{x: 0}]}
        - b:
            switch:
              - condition: ${x == 0}
                switch:
                  - condition: ${x == 0}
                    for: {value: v, in: [1, 2], steps: [{c: {assign: [{x: '${x + v}'}]}}]}
        - d: {return: '${x}'}
        """,
        3,
    ),
    "expressions_over_several_lines": (
        """
        - a:
            assign:
              - x: ${1 +
                  2}
              - y: >-
                  ${x
                  * 2}
              - z: "${ y +
                  1 }"
        - b: {return: '${[x, y, z]}'}
        """,
        [3, 6, 7],
    ),
    "keys_of_many_kinds": (
        """
        - a: {assign: [{m: {1: one, 'a b': {c-d: 2}, true: 3}}, {k: a b}]}
        - b: {assign: [{'m["a b"].e': 4}, {'m[k]["f"]': 5}, {'m["1"]': 6}]}
        - c: {return: '${m}'}
        """,
        {"1": 6, "a b": {"c-d": 2, "e": 4, "f": 5}, "true": 3},
    ),
    "a_loop_over_the_keys_of_a_map": (
        (
            "- a: {assign: [{m: {x: 1, y: 2}}, {s: 0}]}\n"
            "- b: {for: {value: k, index: i, in: '${keys(m)}', steps: [{c: {assign: [{s: '${s + m[k] * i}'}]}}]}}\n"
            "- d: {return: '${s}'}"
        ),
        2,
    ),
    "ranges_in_every_form": (
        """
        - a: {assign: [{n: 2}, {s: 0}]}
        - b: {for: {value: v, range: [1, '${n}'], steps: [{c: {assign: [{s: '${s + v}'}]}}]}}
        - d: {for: {value: v, range: '${[n, n + 1]}', steps: [{e: {assign: [{s: '${s + v}'}]}}]}}
        - f: {return: '${s}'}
        """,
        8,
    ),
    "parallel_steps_in_parallel_steps": (
        """
        - a: {assign: [{n: 0}]}
        - b:
            parallel:
              shared: [n]
              exception_policy: continueAll
              concurrency_limit: ${1 + 1}
              for:
                value: v
                in: [1, 2]
                steps:
                  - c:
                      parallel:
                        shared: [n]
                        branches:
                          - d: {steps: [{e: {assign: [{n: '${n + v}'}]}}]}
                          - f: {steps: [{g: {assign: [{n: '${n + 10}'}]}}]}
        - h: {return: '${n}'}
        """,
        23,
    ),
    "an_else_and_a_step_that_only_goes_on": (
        "- a: {switch: [{condition: '${1 > 2}', next: b}], next: c}\n- b: {return: no}\n- c: {next: d}\n- d: {return: 1}",
        1,
    ),
    "a_raise_of_a_text": ("- a: {try: {raise: plain}, except: {as: e, return: '${e}'}}", "plain"),
}


@pytest.mark.parametrize("form", FORMS)
def test_a_form_loads_and_runs(shared_runtime: Runtime, form: str) -> None:
    source, result = FORMS[form]
    lines = source.splitlines()
    indent = min((len(x) - len(x.lstrip(" ")) for x in lines if x.strip()), default=0)
    assert outcome(shared_runtime, "\n".join(line[indent:] for line in lines)) == result


WARNED = {
    "a_connector_of_another_service": (
        "- a: {call: googleapis.bigquery.v2.jobs.query, args: {projectId: p, body: {query: SELECT 1}}, result: x}",
        "this machine does not answer 'googleapis.bigquery.v2.jobs.query'",
    ),
    "a_connector_with_fewer_arguments": (
        "- a: {call: googleapis.firestore.v1.projects.databases.documents.patch}",
        "needs the argument 'name'; without it the call fails",
    ),
    "a_connector_with_more_arguments": (
        "- a: {call: googleapis.pubsub.v1.projects.topics.publish, args: {topic: t, boddy: {}}}",
        "has no argument 'boddy'; did you mean 'body'?; this machine does not send it",
    ),
    "a_connector_that_is_nearly_known": (
        "- a: {call: googleapis.bigquery.v2.jobs.inssert}",
        "did you mean 'googleapis.bigquery.v2.jobs.insert'?",
    ),
    "a_connector_of_an_unknown_service": (
        "- a: {call: googleapis.newservice.v1.things.get, args: {name: x}}",
        "no connector 'googleapis.newservice.v1.things.get' is known here",
    ),
    "the_connector_of_clusters": (
        "- a: {call: gke.create_job, args: {cluster_id: c, location: l}, result: x}",
        "no connector 'gke.create_job' is known here",
    ),
    "a_second_document": ("- a: {return: 1}\n---\n- b: {return: 2}", "only the first document"),
    "what_is_never_reached": (
        "- a: {return: 1, next: end}",
        "'next' is never reached after 'return'",
    ),
}


@pytest.mark.parametrize("form", WARNED)
def test_a_form_loads_with_a_warning(form: str) -> None:
    source, warning = WARNED[form]
    assert any(warning in str(found) for found in load(source, "w.yaml").warnings)


def test_what_chooses_an_address_is_no_unknown_argument() -> None:
    run = "call: googleapis.run.v1.namespaces.jobs.run, args: {name: n, location: l, body: {}}"
    create = "call: googleapis.firestore.v1.projects.databases.documents.createDocument"
    source = f"- a: {{{run}}}\n- b: {{{create}, args: {{parent: p, collectionId: c, query: {{documentId: d}}}}}}"
    assert not [w for w in load(source, "w.yaml").warnings if "argument" in w.message]


def test_what_is_wrong_with_the_form_and_with_the_names_is_said_at_once() -> None:
    source = "- a: {assing: [], next: c}\n- b: {return: '${x}'}\n- c: {next: d}\n"
    with pytest.raises(LoadError) as caught:
        load(source, "w.yaml")
    assert [problem.position.line for problem in caught.value.problems] == [1, 2, 3]
