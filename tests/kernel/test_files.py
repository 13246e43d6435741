"""A function keeps people's documents under the names of its own tenant, and of no other."""

from datetime import timedelta

import pytest

from shared.actors import PLATFORM, PUBLIC
from shared.edge.calling import given
from shared.files import Content, Files
from shared.operation import Call, operation
from tests.conftest import NOON, ports_of
from tests.outside import FakeFiles

OWN = "acme.11111111-1111-4111-8111-111111111111"
PAGE = Content("application/pdf", b"%PDF-1.7\n")


def keep_page(call: Call, store: Files) -> None: ...


@pytest.fixture
def files_of(documents, signer):
    keep_page.__module__ = "functions.tests.keep_page"
    declared = operation("POST", "/v1/tests/pages", scopes=PUBLIC)(keep_page).declared

    def files(tenant):
        kept = FakeFiles()
        ports = ports_of(documents, signer, lambda: NOON, files=kept)
        return given(declared, ports, tenant)["store"], kept

    return files


def test_a_tenant_keeps_what_is_its_own(files_of):
    files, kept = files_of("acme")
    files.keep(f"{OWN}/page", PAGE)
    assert f"{OWN}/page" in kept.kept


@pytest.mark.parametrize(
    "name",
    [
        "globex.11111111-1111-4111-8111-111111111111/page",
        "11111111-1111-4111-8111-111111111111/page",
        "acmex.1/page",
        "acme/page",
        f"../{OWN}/page",
        f"{OWN}/../globex.1/page",
        f"{OWN}/..",
        f"/{OWN}",
        f"{OWN}//page",
        f"{OWN}/",
        f"{OWN}/a b",
        f"{OWN}/a\\b",
        f"{OWN}/a%2Fb",
        f"{OWN}/a\n",
        "",
    ],
)
def test_a_name_of_another_tenant_or_place_is_refused(files_of, name):
    files, kept = files_of("acme")
    for act in (
        lambda: files.keep(name, PAGE),
        lambda: files.read(name),
        lambda: files.link(name, "page.pdf", lasts=timedelta(minutes=5)),
        lambda: files.remove(name),
        lambda: files.remove_all(name),
    ):
        with pytest.raises(RuntimeError, match="another's name"):
            act()
    assert not kept.kept


def test_a_tenant_ends_what_is_its_own(files_of):
    files, kept = files_of("acme")
    files.keep(f"{OWN}/page", PAGE)
    kept.keep(f"{OWN}1/page", PAGE)
    files.remove_all(OWN)
    assert kept.kept.keys() == {f"{OWN}1/page"}


@pytest.mark.parametrize("lasts", [timedelta(), timedelta(seconds=-1), timedelta(minutes=61)])
def test_a_link_is_for_a_while(files_of, lasts):
    files, _ = files_of("acme")
    with pytest.raises(ValueError, match="lasts 1:00:00 at the most"):
        files.link(f"{OWN}/page", "page.pdf", lasts=lasts)


def test_the_platform_keeps_what_its_permissions_name_and_leads_nowhere_else(files_of):
    files, kept = files_of(PLATFORM)
    files.keep(f"{OWN}/page", PAGE)
    with pytest.raises(RuntimeError):
        files.keep(f"../{OWN}", PAGE)
    assert list(kept.kept) == [f"{OWN}/page"]
