"""Commands of other machines: `hosts add | list | check | install | remove`."""

from __future__ import annotations

import argparse

from core.cli.arguments import Commands, between
from core.cli.messages import MESSAGES, as_json, without_controls
from core.cli.parser import Parser
from core.language import _, in_context, sentences, titled

STATES = {
    "good": in_context("check", "good"),
    "warning": in_context("check", "warning"),
    "bad": in_context("check", "bad"),
}


def add_hosts(commands: Commands) -> None:
    """Adds the commands of other machines."""
    help = _("Know other machines, on which trainings can run.")
    command = commands.add_parser("hosts", help=help, description=help)
    actions = command.add_subparsers(metavar="ACTION", required=True, parser_class=Parser)

    add = actions.add_parser("add", help=_("Add a machine, or change it."))
    add.set_defaults(command=_add)
    add.add_argument("name", metavar="NAME", help=_("Name of the machine in this program."))
    add.add_argument("address", metavar="ADDRESS", help=_("Destination of ssh, such as user@host."))
    add.add_argument(
        "--python", metavar="PATH", help=_("Python there that has GAN Studio, if it is installed already.")
    )
    add.add_argument("--folder", metavar="PATH", help=_("Folder there to install GAN Studio into."))
    add.add_argument(
        "--slurm", action=argparse.BooleanOptionalAction, help=_("Run trainings as jobs of the Slurm cluster there.")
    )
    add.add_argument("--hours", type=between(float, 1, 720), metavar="X", help=_("Time limit of a Slurm job in hours."))
    add.add_argument("--gpus", type=between(int, 0, 64), metavar="N", help=_("GPUs of a Slurm job."))
    add.add_argument("--cpus", type=between(int, 1, 1024), metavar="N", help=_("CPU cores of a Slurm job."))
    add.add_argument("--memory-gb", type=between(float, 1, 10_000), metavar="X", help=_("Memory of a Slurm job in GB."))
    add.add_argument("--partition", metavar="NAME", help=_("Slurm partition."))
    add.add_argument("--account", metavar="NAME", help=_("Slurm account."))

    show = actions.add_parser("list", help=_("List the machines."))
    show.set_defaults(command=_list)
    show.add_argument("--json", action="store_true", help=_("Print JSON for programs."))

    for name, help, call in (
        ("check", _("Check the connection, and what is there."), _check),
        ("install", _("Install this version of GAN Studio there."), _install),
        ("remove", _("Forget a machine; nothing changes there."), _remove),
    ):
        action = actions.add_parser(name, help=help, description=help)
        action.set_defaults(command=call)
        action.add_argument("name", metavar="NAME", help=_("Name of the machine in this program."))
        if name == "install":
            action.add_argument("--find-links", metavar="PATH", help=_("Folder of wheels there, for packages."))
            action.add_argument("--no-index", action="store_true", help=_("Use no package index."))
            action.add_argument("--no-deps", action="store_true", help=_("Install GAN Studio alone."))


def _add(options: argparse.Namespace) -> int:
    from core.remote.hosts import Cluster, Host, put, stored

    new = Host(name=options.name, address=options.address)
    known = next((each for each in stored() if (each.name, each.address) == (new.name, new.address)), new)
    given = {name: value for name in Cluster.model_fields if (value := getattr(options, name)) is not None}
    cluster = known.cluster or Cluster()
    is_cluster = options.slurm if options.slurm is not None else bool(given or known.cluster)
    changes = {
        "python": options.python or known.python,
        "folder": options.folder or known.folder,
        "cluster": cluster.model_copy(update=given) if is_cluster else None,
    }
    put(known.model_copy(update=changes))
    MESSAGES.say(_("Check it with gan-studio hosts check {name}.").format(name=options.name))
    return 0


def _list(options: argparse.Namespace) -> int:
    from core.remote.hosts import stored

    found = stored()
    if options.json:
        print(as_json([host.model_dump() for host in found]))
        return 0
    if not found:
        MESSAGES.say(_("No machine is known. Add one with gan-studio hosts add NAME user@host."))
    for host in found:
        python = host.python or _("not installed")
        print(without_controls(f"{host.name}  {host.address}  {python}"))
    return 0


def _check(options: argparse.Namespace) -> int:
    from core.remote.check import check
    from core.remote.hosts import host

    is_bad = False
    for result in check(host(options.name)):
        is_bad = is_bad or result.state == "bad"
        text = f"{STATES[result.state]}: {titled(result.title, sentences(result.text, result.remedy))}"
        print(without_controls(text), flush=True)
    return 2 if is_bad else 0


def _install(options: argparse.Namespace) -> int:
    from core.cli.progress import show
    from core.remote.hosts import host
    from core.remote.install import install

    pip = [flag for flag in ("--no-index", "--no-deps") if getattr(options, flag.strip("-").replace("-", "_"))]
    if options.find_links:
        pip += ["--find-links", options.find_links]
    installed = show(install(host(options.name), pip), "")
    MESSAGES.say(_("Installed for {python} on {host}.").format(python=installed.python, host=installed.name))
    return 0


def _remove(options: argparse.Namespace) -> int:
    from core.remote.hosts import remove

    remove(options.name)
    return 0
