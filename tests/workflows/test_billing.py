"""The steps that Google bills, counted as its price list says."""

import textwrap

import pytest

from local.workflows.billing import Steps

CASES = {
    "an assignment each": ("- a: {assign: [{x: 1}, {y: 2}, {z: '${x + len([y])}'}]}", (3, 0)),
    "a condition each, until one holds": (
        """
        - a:
            switch:
              - {condition: '${1 == 2}', next: end}
              - {condition: '${1 == 1}', next: end}
              - {condition: '${1 == 3}', next: end}
        """,
        (2, 0),
    ),
    "a call": ("- a: {call: uuid.generate, result: x}", (1, 0)),
    "what a return computes is no step": ("- a: {return: '${uuid.generate()}'}", (0, 0)),
    "each round of a loop": (
        "- a: {for: {value: v, in: [1, 2], steps: [{b: {assign: [{x: '${v}'}]}}]}}",
        (4, 0),
    ),
    "a try that fails, and both attempts": (
        """
        - a:
            try: {call: json.decode, args: {data: "no JSON"}, result: x}
            retry: {max_retries: 1, backoff: {initial_delay: 0, max_delay: 0, multiplier: 1}}
            except: {as: e, steps: [{b: {assign: [{x: 1}]}}]}
        """,
        (3, 0),
    ),
    "a wait for a callback": (
        """
        - a: {call: events.create_callback_endpoint, args: {http_callback_method: POST}, result: c}
        - b:
            try: {call: events.await_callback, args: {callback: '${c}', timeout: 0.01}}
            except: {as: e, steps: [{d: {assign: [{x: 1}]}}]}
        """,
        (2, 1),
    ),
}


@pytest.mark.parametrize(("steps", "billed"), CASES.values(), ids=CASES)
def test_what_is_billed(start, clock, steps, billed):
    runtime = start()
    indented = textwrap.indent(textwrap.dedent(steps).strip(), "    ")
    runtime.deploy("w", f"main:\n  steps:\n{indented}\n")
    execution = runtime.execute("w", None)
    assert runtime.wait(execution, 10)["state"] == "SUCCEEDED"
    assert runtime.billed()[execution] == Steps(*billed)


def test_a_subworkflow_costs_its_call_and_its_steps(start):
    runtime = start()
    runtime.deploy(
        "w",
        textwrap.dedent("""
        main:
          steps:
            - a: {call: twice, args: {x: 1}, result: y}
            - b: {return: '${twice(y)}'}
        twice:
          params: [x]
          steps:
            - a: {assign: [{x: '${x * 2}'}]}
            - b: {return: '${x}'}
        """),
    )
    execution = runtime.execute("w", None)
    assert runtime.wait(execution, 10)["result"] == "4"
    assert runtime.billed()[execution] == Steps(4, 0)


@pytest.mark.parametrize(
    ("url", "billed"),
    [
        ("https://firestore.googleapis.com/v1/x", (1, 0)),
        ("https://agents-get-agent-1.asia-south1.run.app/v1/agents/x", (1, 0)),
        ("https://x-abc.a.run.app/v1", (1, 0)),
        ("https://x.gateway.dev/v1/agents", (0, 1)),
        ("https://googleapis.com.example/v1", (0, 1)),
    ],
)
def test_what_leaves_google_cloud_is_external(url, billed):
    steps = Steps()
    steps.call("http.get", {"url": url})
    assert steps == Steps(*billed)


def test_a_restart_bills_nothing_twice(start, clock):
    source = """
    main:
      steps:
        - a: {assign: [{x: 1}]}
        - b: {call: sys.sleep, args: {seconds: 3600}}
        - c: {assign: [{x: 2}]}
    """
    runtime = start()
    runtime.deploy("w", textwrap.dedent(source))
    execution = runtime.execute("w", None)
    while not (runtime.idle() and runtime.next_deadline()):
        pass
    runtime = start()
    while not (runtime.idle() and runtime.next_deadline()):
        pass
    clock.jump(runtime.next_deadline())
    assert runtime.wait(execution, 10)["state"] == "SUCCEEDED"
    assert runtime.billed()[execution] == Steps(3, 0)
