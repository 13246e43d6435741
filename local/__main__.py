"""
The command line of one machine: ``python -m local serve | demo | token | verify | …``.

Each command says what it did and what to do next; a failure exits with 1, a misuse with 2.
"""

import argparse
import gc
import logging
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from io import TextIOWrapper
from pathlib import Path
from shutil import get_terminal_size
from typing import TYPE_CHECKING, Any

from local import hints, made
from local.failures import Failure, sentence, usable

if TYPE_CHECKING:
    from local.emulators import AuthEmulator
    from local.entrance import Served


def main(arguments: Sequence[str]) -> int:
    """Carry out one command and return its exit code."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            # A terminal that knows fewer letters shows another one, and the command goes on.
            stream.reconfigure(errors="replace")
    # There are no plugins of pydantic here; to look for them reads what every installed package says of itself.
    os.environ["PYDANTIC_DISABLE_PLUGINS"] = "__all__"
    given = argparse.Namespace(command=None)
    try:
        given = _parser().parse_args(arguments)
        # Whatever a command makes is for its user alone: keys, answers, callback addresses, push tokens.
        os.umask(0o077)
        level = os.environ.get("LOG", "WARNING")
        logging.basicConfig(level=level, format="%(levelname)s %(message)s")
        code = _COMMANDS[given.command](given)
        sys.stdout.flush()
    except BrokenPipeError:
        # Whoever reads has seen enough; what Python would still flush goes nowhere.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except KeyboardInterrupt:
        print(_interrupted(given), file=sys.stderr)
        return 130
    except Exception as error:
        said = sentence(error)
        if said is None:
            raise
        print(said[:1].upper() + said[1:], file=sys.stderr)
        return 1
    return code


def _interrupted(given: argparse.Namespace) -> str:
    """Say what an interrupted command leaves, and what to do next."""
    match given.command:
        case "demo":
            again = hints.make("demo", **_settings(given))
            return f"Interrupted; nothing runs any more, and `{again}` begins the story anew."
        case "backup":
            return f"Interrupted; nothing is left at {given.to}."
        case "rebuild":
            return "Interrupted; the rebuild goes on while the folder is served."
    return "Interrupted; nothing was changed."


def _parser() -> argparse.ArgumentParser:
    from shared.edge.settings import Settings

    parser = argparse.ArgumentParser(prog="python -m local", description="WAOOAW on one machine.")
    commands = parser.add_subparsers(dest="command", required=True)
    settings = Settings()
    port = os.environ.get("PORT") or hints.USUAL["PORT"]
    stores, buses = _one_of("sqlite", "firestore"), _one_of("local", "pubsub")
    auth = os.environ.get("AUTH") or hints.USUAL["AUTH"]

    serve = commands.add_parser("serve", help="serve the whole platform at one port")
    demo = commands.add_parser("demo", help="tell the main story, as real requests")
    token = commands.add_parser("token", help="print a token of a demo account")
    what = "print what a provider says of somebody who signs in with AUTH=firebase"
    vouch = commands.add_parser("vouch", help=what, description=what)
    code = commands.add_parser("code", help="print the code that came last to a telephone")
    link = commands.add_parser("link", help="print a link that signs a browser in, once")
    verify = commands.add_parser("verify", help="verify every chain of evidence, offline")
    for command in (serve, demo):
        command.add_argument("--store", type=stores, default=settings.store)
        command.add_argument("--bus", type=buses, default=settings.bus)
    for command in (serve, demo, token):
        command.add_argument("--auth", type=_one_of("local", "firebase"), default=auth)
    what = "copy the data while it runs, private keys included, into a new folder"
    backup = commands.add_parser("backup", help=what, description=what)
    backup.add_argument("to", metavar="TO", type=Path, help="the new folder")
    replay = commands.add_parser(
        "replay", help="make a decision again, and compare it byte for byte"
    )
    replay.add_argument("decision", metavar="DECISION_ID", help="as X-Decision-ID names it")
    what = "fold what is shown from its events again, beside a server or without one"
    rebuild = commands.add_parser("rebuild", help=what, description=what)
    rebuild.add_argument("name", metavar="NAME", help="the projection, such as mobile.dashboard")
    for command in (serve, demo, token, rebuild):
        command.add_argument("--port", type=_port, default=port, help="as PORT=… (%(default)s)")
    for command in (serve, token):
        command.add_argument("--project", default=settings.project, help="as PROJECT=…")
    for command in (serve, demo, token, vouch, code, link, verify, replay, backup, rebuild):
        command.add_argument(
            "--data",
            dest="folder",
            type=Path,
            default=settings.data,
            help="as DATA=… (%(default)s)",
        )
    verify.add_argument(
        "--keys",
        type=Path,
        action="append",
        default=[],
        help="trust the keys of this JWKS file, and not those of the data folder",
    )
    verify.add_argument(
        "--key",
        action="append",
        default=[],
        help="trust this key, as base64url; as often as wanted",
    )
    of_tap = verify.add_mutually_exclusive_group()
    of_tap.add_argument("--tap", type=Path, help="the tap to compare with, if not the folder's")
    of_tap.add_argument("--without-tap", action="store_true", help="compare with no tap")
    serve.add_argument("--rpc-port", type=int, help="speak gRPC to Google's Executions client here")
    serve.add_argument("--origins", default=os.environ.get("ORIGINS", ""))
    serve.add_argument("--hosts", default=os.environ.get("HOSTS", ""))
    serve.add_argument("--movable-clock", action="store_true", help="let tests move the clock")
    workers = os.environ.get("WORKERS") or str(_usual_workers())
    said = "how many processes answer requests beside the one that does the rest, as WORKERS=… (%(default)s)"
    serve.add_argument("--workers", type=_workers, default=workers, help=said)
    token.add_argument("account", metavar="ROLE[@TENANT]")
    vouch.add_argument("email", metavar="EMAIL", help="as governor@platform.example")

    commands.add_parser("describe", help="write docs/openapi.json and docs/data.md from the code")
    run = commands.add_parser("run-workflow", help="run a workflow file offline")
    run.add_argument("file", type=Path)
    run.add_argument("--data", default="null", help="the argument, as JSON")
    run.add_argument("--trace", action="store_true", help="show each step as it runs")
    check = commands.add_parser("check-workflow", help="check workflow files")
    check.add_argument("files", type=Path, nargs="+")
    return parser


def _one_of(*names: str) -> Callable[[str], str]:
    """Return the check of a choice that also comes from the environment, which `choices` passes over."""

    def check(name: str) -> str:
        if name not in names:
            raise argparse.ArgumentTypeError(f"{name!r} is none of {', '.join(names)}")
        return name

    return check


def _port(text: str) -> int:
    if not text.isascii() or not text.isdecimal() or not 1 <= int(text[:9]) <= 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is no port; PORT is a number from 1 to 65535")
    return int(text)


def _usual_workers() -> int:
    """Return how many there are if nobody says: one for each core; none where no connection can be handed over."""
    return (os.cpu_count() or 1) if sys.platform == "linux" else 0


def _workers(text: str) -> int:
    if not text.isascii() or not text.isdecimal() or int(text[:9]) > 64:
        raise argparse.ArgumentTypeError(
            f"{text!r} is no number of workers; WORKERS is from 0 to 64"
        )
    return int(text)


def _data(given: argparse.Namespace) -> Path:
    return Path(given.folder)


def _settings(given: argparse.Namespace) -> dict[str, object]:
    """Return the settings in force, for the commands that are printed."""
    return {
        "DATA": given.folder,
        "PORT": given.port,
        "PROJECT": _project(given),
        "STORE": getattr(given, "store", hints.USUAL["STORE"]),
        "BUS": getattr(given, "bus", hints.USUAL["BUS"]),
        "AUTH": getattr(given, "auth", hints.USUAL["AUTH"]),
    }


def _project(given: argparse.Namespace) -> str:
    """Return the project: where people sign in at an emulator, one that Firebase takes for none in the cloud."""
    from local.emulators import PRETENDED

    usual = hints.USUAL["PROJECT"]
    project = str(getattr(given, "project", usual))
    emulated = getattr(given, "auth", usual) == "firebase" and project == usual
    return f"{PRETENDED}{usual}" if emulated else project


def _serve(given: argparse.Namespace) -> int:
    from local.emulators import Missing, signing_in, wanted

    settings = _settings(given)
    usable(given.folder, given.port, "run", **settings)
    try:
        with (
            wanted(given.store, given.bus) as started,
            signing_in(given.auth, _project(given)) as auth,
        ):
            if started and (_data(given) / "workflows.db").exists():
                other = hints.make("run", **{**settings, "DATA": f"{given.folder}-emulated"})
                raise Failure(
                    f"the emulators begin empty, but {given.folder} remembers what is not in them;"
                    f" `{other}` begins in another folder"
                )
            return _served(given, auth, forgetting=bool(started))
    except Missing as missing:
        raise Failure(
            f"STORE={given.store} BUS={given.bus} AUTH={given.auth} cannot run here: {missing}"
        ) from missing


def _said() -> dict[str, str]:
    """
    Return the settings that the environment has, as whoever starts this machine says them.

    Raises:
        Failure: One of them says nothing.
    """
    from shared.edge.language_models import Table
    from shared.edge.settings import SAID_HERE, Settings

    more = {name: os.environ[name] for name in SAID_HERE if name in os.environ}
    settings = Settings(more)
    try:
        _ = settings.reachable, settings.eased
    except ValueError as error:
        raise Failure(str(error)) from None
    try:
        Table.model_validate_json(settings.models or "{}")
    except ValueError:
        raise Failure(
            "MODELS is JSON of classes, models and prices; decision 25 says how"
        ) from None
    return more


def _served(given: argparse.Namespace, auth: "AuthEmulator | None", *, forgetting: bool) -> int:
    # What is loaded stays: looking for garbage among it delays the start, and later every request.
    gc.disable()
    from local.accounts import accounts
    from local.console import words
    from local.lines import wrapped
    from local.platform import Platform
    from shared.actors import PLATFORM

    platform = Platform(
        _data(given),
        port=given.port,
        rpc_port=given.rpc_port,
        origins=given.origins,
        hosts=given.hosts,
        movable=given.movable_clock,
        counting=False,
        store=given.store,
        bus=given.bus,
        project=_project(given),
        more=_said(),
        workers=given.workers if given.store == "sqlite" else 0,
        auth=auth,
    )
    platform.start()
    gc.freeze()
    gc.enable()
    made.keep(_data(given))
    print(f"WAOOAW serves at {platform.address}")
    print(f"  the API, for people    {platform.address}/docs")
    print(f"  the API, for machines  {platform.address}/openapi.json")
    print(f"  executions             {platform.address}/console/executions (no sign-in)")
    print(f"  data                   {given.folder}")
    ahead = platform.clock.now() - datetime.now(UTC)
    if ahead > timedelta(minutes=1):
        now = f"{platform.clock.now():%d %b %H:%M} UTC"
        print(f"  its clock              {now}, {words(ahead)} ahead, as it jumped here before")
    print(f"  tokens in a browser    {platform.entrance.link()} (once)")
    print(f"  another such link      {hints.local('link', DATA=given.folder)}")
    print(f"  a token in a terminal  {hints.local('token governor', DATA=given.folder)}")
    if auth:
        print(f"  people sign in at      {platform.address} (connectAuthEmulator, or REST)")
        vouch = hints.local("vouch governor@platform.example", DATA=given.folder)
        print(f"  what a provider says   {vouch}")
        print(f"  a telephone's code     {hints.local('code', DATA=given.folder)}")
    names = ", ".join(one.removesuffix(f"@{PLATFORM}") for one in accounts())
    print(wrapped(names, get_terminal_size().columns, begin="  its accounts           "))
    lost = "the emulators forget what they hold" if forgetting else "nothing is lost"
    lost += ", but who is signed in" if auth and not forgetting else ""
    print(f"Stop it with Ctrl-C; {lost}.", flush=True)
    stopped = threading.Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        signal.signal(name, lambda *_: stopped.set())
    stopped.wait()
    platform.stop()
    return 0


def _token(given: argparse.Namespace) -> int:
    from local.accounts import SignIn
    from local.clock import Clock
    from shared.edge.settings import Settings
    from shared.errors import Refusal

    if given.auth == "firebase" or _runs(given):
        from local.story.client import Client, Refused

        now = _running(given)
        client = Client(now.address, now.secret)
        try:
            with _answering(given):
                client.sign_in(given.account)
        except Refused as refused:
            print(refused.detail, file=sys.stderr)
            return 2
        print(client.token(given.account))
        return 0
    said = {name: str(value) for name, value in _settings(given).items()}
    sign_in = SignIn(Settings({**os.environ, **said}))
    if not sign_in.file.exists():
        run = hints.make("run", DATA=given.folder)
        raise Failure(
            f"no server has run on {given.folder}, so none would know the token; `{run}` starts one"
        )
    try:
        print(sign_in.token(given.account, Clock(_data(given) / "clock").now()))
    except Refusal as refusal:
        print(refusal.detail, file=sys.stderr)
        return 2
    return 0


def _link(given: argparse.Namespace) -> int:
    print(_told(given, "/local/links")["link"])
    return 0


def _vouch(given: argparse.Namespace) -> int:
    print(_told(given, "/local/vouch", email=given.email)["id_token"])
    return 0


def _code(given: argparse.Namespace) -> int:
    sent = _told(given, "/local/codes")["codes"]
    if not sent:
        raise Failure("no code was sent to any telephone yet; a second factor begins with one")
    print(sent[-1]["code"])
    return 0


def _told(given: argparse.Namespace, path: str, **asked: str) -> Mapping[str, Any]:
    """Return what the running server tells whoever can read its folder."""
    from local.story.client import Client, Refused

    now = _running(given)
    try:
        with _answering(given):
            return Client(now.address, now.secret).ask(path, {**asked, "secret": now.secret})
    except Refused as refused:
        if refused.status != 404:
            raise Failure(refused.detail) from refused
        run = hints.make("run", DATA=given.folder, AUTH="firebase")
        said = f"people sign in here by tokens; `{run}` has them sign in as in the cloud"
        raise Failure(said) from refused


@contextmanager
def _answering(given: argparse.Namespace) -> Iterator[None]:
    """
    Ask the running server.

    Raises:
        Failure: It does not answer.
    """
    import urllib3

    try:
        yield
    except urllib3.exceptions.HTTPError as error:
        said = f"the server of {given.folder} does not answer ({type(error).__name__})"
        raise Failure(f"{said}; try again, or stop it and start it again") from error


def _runs(given: argparse.Namespace) -> bool:
    """Say whether somebody listens where the server of the folder says it is: one that was killed does not."""
    import socket
    from urllib.parse import urlsplit

    from local.entrance import served

    now = served(_data(given))
    if now is None:
        return False
    where = urlsplit(now.address)
    try:
        socket.create_connection((where.hostname, where.port)).close()
    except OSError:
        return False
    return True


def _running(given: argparse.Namespace) -> "Served":
    from local.entrance import served

    now = served(_data(given))
    if now is None:
        run = hints.make("run", DATA=given.folder, AUTH=getattr(given, "auth", "local"))
        raise Failure(f"no server runs on {given.folder}; `{run}` starts one")
    return now


def _demo(given: argparse.Namespace) -> int:
    from local.demo import demo

    # What the story started ends with it, also when somebody else ends it.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    settings = _settings(given)
    usable(given.folder, given.port, "demo", **settings)
    where = {"store": given.store, "bus": given.bus, "auth": given.auth}
    return demo(_data(given) / "demo", port=given.port, **where)


def _verify(given: argparse.Namespace) -> int:
    from local.verify import verify

    return verify(_data(given), given.keys, given.key, given.tap, without_tap=given.without_tap)


def _replay(given: argparse.Namespace) -> int:
    from local.replay import replay

    return replay(_data(given), given.decision, say=print)


def _backup(given: argparse.Namespace) -> int:
    from local.backup import back_up

    return back_up(_data(given), given.to)


def _rebuild(given: argparse.Namespace) -> int:
    from local.rebuild import rebuild

    return rebuild(_data(given), given.name, port=given.port, say=partial(print, flush=True))


def _run_workflow(given: argparse.Namespace) -> int:
    from local.workflows.command import run

    return run(given.file, given.data, given.trace)


def _check_workflow(given: argparse.Namespace) -> int:
    from local.workflows.command import check

    return check(given.files)


def _describe(_: argparse.Namespace) -> int:
    from local import acts, handling
    from local.description import files

    docs = Path(__file__).parents[1] / "docs"
    (docs / "openapi").mkdir(parents=True, exist_ok=True)
    for old in (docs / "openapi").glob("*.json"):
        old.unlink()
    for name, text in {**files(), "data.md": handling.written()}.items():
        (docs / name).write_text(text, encoding="utf-8")
    acts.FILE.write_text(acts.written(), encoding="utf-8")
    print(
        "wrote docs/openapi.json, docs/openapi, docs/data.md and what policies know of operations"
    )
    return 0


_COMMANDS: dict[str, Callable[[argparse.Namespace], int]] = {
    "serve": _serve,
    "demo": _demo,
    "token": _token,
    "vouch": _vouch,
    "code": _code,
    "link": _link,
    "verify": _verify,
    "replay": _replay,
    "backup": _backup,
    "rebuild": _rebuild,
    "describe": _describe,
    "run-workflow": _run_workflow,
    "check-workflow": _check_workflow,
}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
