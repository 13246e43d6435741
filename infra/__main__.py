"""
Deploy and describe: ``python -m infra deploy STACK``, ``well STACK``, ``describe STACK``, ``image STACK`` and ``images STACK``.

What is missing is said before anything is done, and nothing is deployed that a check of infra/checks.py finds wrong.
"""

import argparse
import hashlib
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import get_args

from infra import checks, keys, supply
from infra import one as alone
from infra.cloud import Refused
from infra.graph import IMAGE, planned
from infra.image import KEPT, NEXT, Images
from infra.passes import FIRST_TRIES, foundations, stage, up
from infra.ready import deployable, outputs, ready
from infra.stack import ROOT, Environment


def deploy(stack: Environment, archive: Path | None = None, image: str | None = None) -> None:
    """
    Deploy a stack: the newest archive, another one, or an image that is there already.

    Raises:
        SystemExit: Something is missing or wrong; the sentence says what to do.
    """
    built = None if image else archive or newest()
    settings, cloud = ready(stack)
    images = Images(cloud, settings["gcp:region"])
    deployable(images, built, image)
    graph = planned(stack, IMAGE, settings)
    wrong = checks.findings(graph, stack)
    if wrong:
        raise SystemExit("\n".join(["nothing was deployed:", *wrong]))

    before = outputs(stack).get("image", IMAGE)
    tries = FIRST_TRIES if before == IMAGE else 1
    told = {"gcp:billingProject": cloud.project}
    with stage(1, "services, repository, builder, secrets, database, figures"):
        # What it runs stays what it ran: who takes a deployment back reads there what that was.
        up(stack, told | {"waooaw:image": before}, foundations(graph), tries)
    with stage(2, "the image"):
        digest = _made(images, settings, built) if built else images.taken(image or "")
        images.tag(digest, NEXT)
    with stage(3, "writer keys"):
        for group in keys.make_first(cloud.project, *keys.connected(cloud.project)):
            print(f"{group} has its first writer key")
    with stage(4, f"everything, with {digest}"):
        up(stack, told | {"waooaw:image": images.reference(digest)}, tries=tries)
    print(f"{stack} runs {images.reference(digest)}")


def _made(images: Images, settings: Mapping[str, str], archive: Path) -> str:
    images.uploaded(archive)
    return images.made(archive, settings["waooaw:buildRegion"], supply.commit(archive))


def well(stack: Environment, image: str) -> None:
    """Keep what was deployed last as what runs and ran well, with the commit that this checkout deployed it by."""
    settings, cloud = ready(stack)
    commit = supply.program(ROOT)
    Images(cloud, settings["gcp:region"]).marked_well(image.rpartition("@")[2], commit)
    print(f"{stack} runs {image} well, by the program of {commit or 'no commit that is known'}")


def image(stack: Environment, archive: Path | None = None, ran_well: bool = False) -> None:
    """
    Have an archive's image in a stack, and say which it is; nothing is deployed.

    Raises:
        SystemExit: It had to be there already, as one that ran well, and is not.
    """
    built = archive or newest()
    settings, cloud = ready(stack)
    images = Images(cloud, settings["gcp:region"])
    deployable(images, built, None)
    if ran_well:
        sha256 = hashlib.sha256(built.read_bytes()).hexdigest()
        found = images.known(sha256)
        if found is None or not found.ran_well:
            raise SystemExit(
                f"the image of archive {sha256[:12]} did not run well in {stack}, so it goes no further; "
                "merge it, wait until its deployment was watched, and run this again"
            )
        print(images.reference(found.digest))
    else:
        print(images.reference(_made(images, settings, built)))


def images(stack: Environment, tag: str | None = None) -> None:
    """List the images that a stack keeps, newest first, any of which can be deployed; or say which release has a tag."""
    settings, cloud = ready(stack)
    images = Images(cloud, settings["gcp:region"])
    if tag:
        digest = images.digest(tag)
        found = images.known(digest) if digest else None
        print(f"{found.digest} {found.released or 'unknown'}" if found else "")
        return
    for one in images.kept():
        commit = one.released or one.commit
        known = f"archive {one.archive[:12] or 'unknown'}  commit {commit[:12] or 'unknown'}"
        notes = ", ".join(tag for tag in KEPT if tag in one.tags)
        print(f"{one.uploaded:%Y-%m-%d %H:%M}  {one.digest}  {known}  {notes}".rstrip())


def one(stack: Environment, function: str, archive: Path | None = None) -> None:
    """
    Say how one function is deployed by itself, around the image (docs/runbooks/one-function.md).

    Raises:
        SystemExit: There is no such function.
    """
    built = archive or newest()
    settings, _ = ready(stack)
    graph = planned(stack, IMAGE, settings)
    found = [s for s in graph if s.type == "cloudrunv2.Service" and s.name == function]
    if not found:
        raise SystemExit(f"there is no function {function}; ls functions/* names them")
    sha256 = hashlib.sha256(built.read_bytes()).hexdigest()
    file = ROOT / "build" / "one" / f"{function}.yaml"
    print("\n".join(alone.commands(found[0], settings, sha256, file)))


def describe(stack: Environment) -> None:
    """Say what a stack consists of, without a cloud."""
    graph = planned(stack, IMAGE, {})
    resources = [one for one in graph if not one.looked_up]
    for type, number in sorted(Counter(one.type for one in resources).items()):
        print(f"{number:5} {type}")
    print(f"{len(resources):5} in all")
    for sentence in checks.findings(graph, stack):
        print(f"wrong: {sentence}")


def newest() -> Path:
    """
    Return the archive that was built last.

    Raises:
        SystemExit: There is none.
    """
    built = sorted((ROOT / "build").glob("waooaw-*.zip"), key=lambda file: file.stat().st_mtime)
    if not built:
        raise SystemExit("there is no archive to deploy; run: make archive")
    return built[-1]


ACTS = {
    deploy: "deploy a stack",
    well: "keep what was deployed last, and was watched, as what runs well",
    image: "have the image of an archive built, and nothing deployed",
    images: "list the images that a stack keeps, newest first",
    one: "say how one function is deployed by itself, by gcloud from an archive",
    describe: "list what a stack consists of, without a cloud",
}


def main() -> None:
    """Do what the command line says."""
    parser = argparse.ArgumentParser(prog="python -m infra", description="The cloud.")
    commands = parser.add_subparsers(required=True)
    for act, says in ACTS.items():
        command = commands.add_parser(act.__name__, help=says)
        command.add_argument("stack", choices=get_args(Environment))
        if act is one:
            command.add_argument("function", help="its id, as area.name")
        chosen = command.add_mutually_exclusive_group()
        if act in {deploy, image, one}:
            chosen.add_argument("--archive", type=Path, help="what it runs; the newest one without")
        if act is deploy:
            chosen.add_argument(
                "--image",
                help="what it runs: before, running or sha256:… of its own, or …@sha256:… of any stack",
            )
        if act is well:
            command.add_argument("--image", required=True, help="which, as its deployment said")
        if act is image:
            command.add_argument(
                "--ran-well",
                action="store_true",
                help="build none; take only one that ran well here",
            )
        if act is images:
            command.add_argument(
                "--tag",
                choices=KEPT,
                help="say only which one has this tag, and by which commit's program it was deployed",
            )
        command.set_defaults(act=act)
    given = vars(parser.parse_args())
    act = given.pop("act")
    try:
        act(**given)
    except Refused as refused:
        raise SystemExit(str(refused)) from None


if __name__ == "__main__":
    main()
