"""
Every function called at least once: one module for each area of functions, which is found by its name.

``rehearse(scene)`` sends what the area's operations are for, as whoever may, and lets happen what its
reactions wait for. An area may build on those before it in the alphabet.
"""

from importlib import import_module

from shared.edge.catalog import catalog
from tests.rehearsals.scene import Scene


def areas():
    """Return the areas there are functions of, in the order in which they are rehearsed."""
    return sorted({function.id.partition(".")[0] for function in catalog()})


def rehearse(platform):
    """Rehearse every area on a platform that has just been started."""
    scene = Scene(platform)
    for area in areas():
        import_module(f"{__name__}.{area}").rehearse(scene)


def uncalled(called):
    """Say of each function that was not called where to call it."""
    for function in catalog():
        if function.id not in called:
            area = function.id.partition(".")[0]
            yield (
                f"{function.id} was not called: call it in tests/rehearsals/{area}.py, in"
                " rehearse(scene), with what it is for; then run: make costs"
            )
