"""
What an archive is made of, and what it was made from: a bill of materials (CycloneDX 1.6) and a statement of provenance (in-toto, SLSA).

Both are written beside the archive, whose sha256 they name. They are not signed: whoever can write the bucket of sources could
write them, and the digest of what runs is Cloud Build's word.
"""

import hashlib
import json
import os
import re
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import NAMESPACE_URL, uuid5

from infra.archive import BUILD_ENVIRONMENT, PYTHON, ROOT

if TYPE_CHECKING:
    from cyclonedx.model.component import Component
    from cyclonedx.model.license import License

BILL, PROVENANCE = ".cdx.json", ".provenance.json"
OURS = "waooaw"
PROGRAM = ("infra", "shared", "functions", "workflows")
"""What the program of a deployment is made of."""


def write(archive: Path, root: Path = ROOT) -> list[Path]:
    """Write both beside an archive of the tree at *root*, and return where."""
    bill, provenance = archive.with_suffix(BILL), archive.with_suffix(PROVENANCE)
    bill.write_text(materials(archive, root))
    statement = stated(archive, bill, origin(root, os.environ))
    provenance.write_text(json.dumps(statement, indent=2, sort_keys=True) + "\n")
    return [bill, provenance]


# --- what it is made of ---------------------------------------------------------------------------


@dataclass(frozen=True)
class Locked:
    """A dependency as it is locked: any of its files has one of these hashes."""

    name: str
    version: str
    hashes: tuple[str, ...]
    wanted_by: frozenset[str]


def locked(requirements: str) -> Iterator[Locked]:
    """Yield what a file of requirements locks, with what asks for each."""
    for entry in re.split(r"\n(?=[A-Za-z0-9])", f"\n{requirements}"):
        pin = re.match(r"([A-Za-z0-9._-]+)==([^\s;\\]+)", entry)
        if pin:
            hashes = tuple(sorted(re.findall(r"--hash=sha256:([0-9a-f]{64})", entry)))
            named = re.findall(
                r"#(?: via)?\s+([A-Za-z0-9._-]+)(?: \(pyproject\.toml\))?$", entry, re.MULTILINE
            )
            yield Locked(pin[1], pin[2], hashes, frozenset(named) - {"via"})


def materials(archive: Path, root: Path = ROOT) -> str:
    """Return the bill of materials of an archive; the same archive has the same, to the byte, on any locked environment."""
    from cyclonedx.model import HashAlgorithm, HashType
    from cyclonedx.model.bom import Bom
    from cyclonedx.model.component import Component, ComponentType
    from cyclonedx.output.json import JsonV1Dot6

    sha256 = hashlib.sha256(archive.read_bytes()).hexdigest()
    with zipfile.ZipFile(archive) as opened:
        requirements = list(locked(opened.read("requirements.txt").decode()))
    ours = Component(
        name=OURS,
        version=tomllib.loads((root / "pyproject.toml").read_text())["project"]["version"],
        type=ComponentType.APPLICATION,
        bom_ref=OURS,
        hashes=[HashType(alg=HashAlgorithm.SHA_256, content=sha256)],
    )
    of = {one.name: _component(one) for one in requirements}
    bill = Bom(components=of.values(), serial_number=uuid5(NAMESPACE_URL, f"sha256:{sha256}"))
    bill.metadata.timestamp = None  # type: ignore[assignment]
    bill.metadata.component = ours
    for name, component in [(OURS, ours), *of.items()]:
        needed = [of[one.name] for one in requirements if name in one.wanted_by]
        bill.register_dependency(component, needed)
    return str(JsonV1Dot6(bill).output_as_string(indent=2)) + "\n"


def _component(one: Locked) -> "Component":
    from cyclonedx.model import (
        ExternalReference,
        ExternalReferenceType,
        HashAlgorithm,
        HashType,
        XsUri,
    )
    from cyclonedx.model.component import Component, ComponentType
    from packageurl import PackageURL

    url = PackageURL("pypi", name=one.name, version=one.version)
    # What a lock knows is the hashes of a dependency's files, of which one is installed.
    files = ExternalReference(
        type=ExternalReferenceType.DISTRIBUTION,
        url=XsUri(str(url)),
        hashes=[HashType(alg=HashAlgorithm.SHA_256, content=content) for content in one.hashes],
    )
    return Component(
        name=one.name,
        version=one.version,
        type=ComponentType.LIBRARY,
        bom_ref=str(url),
        purl=url,
        licenses=_licences(one),
        external_references=[files],
    )


def _licences(one: Locked) -> "list[License]":
    """Return the licence that a dependency says it has, where the version that is locked is installed."""
    from cyclonedx.contrib.license.factories import LicenseFactory

    try:
        installed = distribution(one.name)
    except PackageNotFoundError:
        return []
    said = _said(installed) if installed.version == one.version else ""
    return [LicenseFactory().make_from_string(said)] if said else []


def _said(installed: Distribution) -> str:
    """Return what a package says of its licence: an expression, a name of one line, or what it is classified as."""
    said = installed.metadata.json
    expression, name = str(said.get("license_expression", "")), str(said.get("license", ""))
    classified = [c for c in said.get("classifier", ()) if c.startswith("License :: ")]
    one_line = name if "\n" not in name and len(name) < 100 else ""
    return expression or one_line or (classified[0].rpartition(" :: ")[2] if classified else "")


# --- what it was made from ------------------------------------------------------------------------


@dataclass(frozen=True)
class Origin:
    """Where an archive comes from, as far as it is known here."""

    commit: str = ""
    """Empty where there is none, or where files were changed since."""

    repository: str = ""
    ref: str = ""
    builder: str = "urn:waooaw:builder:by-hand"
    run: str = ""


def origin(root: Path, environ: Mapping[str, str]) -> Origin:
    """Return where a tree comes from: what git says of it, and the pipeline of itself."""
    commit = _git(root, "rev-parse", "HEAD")
    if commit and _git(root, "status", "--porcelain", "--untracked-files=no"):
        commit = ""
    if environ.get("GITHUB_ACTIONS") != "true":
        return Origin(commit)
    server, name = environ["GITHUB_SERVER_URL"], environ["GITHUB_REPOSITORY"]
    return Origin(
        commit,
        f"git+{server}/{name}",
        environ["GITHUB_REF"],
        f"{server}/{environ['GITHUB_WORKFLOW_REF']}",
        f"{server}/{name}/actions/runs/{environ['GITHUB_RUN_ID']}/attempts/{environ['GITHUB_RUN_ATTEMPT']}",
    )


def program(root: Path) -> str:
    """Return the commit that deploys from a tree; empty where it is not that commit's program. Settings are the stack's own."""
    changed = ("status", "--porcelain", "--", *PROGRAM, ":(exclude)infra/Pulumi.*.yaml")
    commit = _git(root, "rev-parse", "HEAD")
    return "" if _git(root, *changed) else commit


def stated(archive: Path, bill: Path, source: Origin) -> dict[str, Any]:
    """Return the statement of an archive's provenance."""
    with zipfile.ZipFile(archive) as opened:
        requirements = opened.read("requirements.txt")
    tree = f"{source.repository or 'git+file:.'}{'@' if source.ref else ''}{source.ref}"
    from_tree = [{"uri": tree, "digest": {"gitCommit": source.commit}}] if source.commit else []
    return {
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{"name": archive.name, "digest": {"sha256": _sha256(archive.read_bytes())}}],
        "predicateType": "https://slsa.dev/provenance/v1",
        "predicate": {
            "buildDefinition": {
                "buildType": "urn:waooaw:archive:1",
                "externalParameters": {"command": "python -m infra.archive", "source": tree},
                "internalParameters": {
                    "byteCodeOf": ".".join(map(str, PYTHON)),
                    "python": ".".join(map(str, sys.version_info[:3])),
                    "toldTheImagesBuild": BUILD_ENVIRONMENT,
                },
                "resolvedDependencies": [
                    *from_tree,
                    {"name": "requirements.txt", "digest": {"sha256": _sha256(requirements)}},
                ],
            },
            "runDetails": {
                "builder": {"id": source.builder},
                "metadata": {"invocationId": source.run} if source.run else {},
                "byproducts": [
                    {"name": bill.name, "digest": {"sha256": _sha256(bill.read_bytes())}}
                ],
            },
        },
    }


# --- what is believed -----------------------------------------------------------------------------


def beside(archive: Path) -> list[Path]:
    """
    Return what lies beside an archive, once it is of these very bytes, whatever the archive is called by now.

    Raises:
        SystemExit: Something there is of another archive, or is no bill or no statement at all.
    """
    bill, provenance = archive.with_suffix(BILL), archive.with_suffix(PROVENANCE)
    sha256 = _sha256(archive.read_bytes())
    of = {
        bill: lambda said: [one["content"] for one in said["metadata"]["component"]["hashes"]],
        provenance: lambda said: [one["digest"]["sha256"] for one in said["subject"]],
    }
    found = [file for file in of if file.is_file()]
    for file in found:
        _held(file, lambda said, read=of[file]: read(said) == [sha256])  # type: ignore[misc]
    if found == [bill, provenance]:
        _held(provenance, lambda said: _sha256(bill.read_bytes()) in _byproducts(said))
    if provenance in found:
        _held(provenance, lambda said: _commit(said) is not None)
    return found


def commit(archive: Path) -> str:
    """Return the commit that an archive was built from, as its statement says; empty where none says it."""
    file = archive.with_suffix(PROVENANCE)
    return _commit(json.loads(file.read_text())) if file in beside(archive) else ""


def _commit(statement: Any) -> str:
    found = statement["predicate"]["buildDefinition"]["resolvedDependencies"]
    return next(
        (str(one["digest"]["gitCommit"]) for one in found if "gitCommit" in one["digest"]), ""
    )


def _byproducts(statement: Any) -> list[str]:
    return [one["digest"]["sha256"] for one in statement["predicate"]["runDetails"]["byproducts"]]


def _held(file: Path, holds: Callable[[Any], bool]) -> None:
    """Have something be so of what a file says."""
    try:
        good = holds(json.loads(file.read_text()))
    except (ValueError, LookupError, TypeError, AttributeError):
        good = False
    if not good:
        raise SystemExit(
            f"{file} is not of the archive that it lies beside; make both anew: make archive, or take it away"
        )


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _git(root: Path, *asked: str) -> str:
    try:
        command = ["git", *asked]
        done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)  # noqa: S603 - as we say
    except FileNotFoundError:
        return ""
    return "" if done.returncode else done.stdout.strip()
