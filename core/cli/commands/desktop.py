"""Command `install-desktop`: lists the program on the user's desktop, or removes it from there."""

from __future__ import annotations

import argparse

from core.cli.arguments import Commands, add_command
from core.language import _


def add_desktop(commands: Commands) -> None:
    """Adds the command to those of the program."""
    command = add_command(
        commands,
        "install-desktop",
        install_desktop,
        _("Install a desktop entry with an icon, for this user."),
        description=_(
            "Install GAN Studio in the desktop's menu, with its icon: on Linux by a .desktop file, which also opens "
            "its checkpoints (other .safetensors files are left alone), on macOS by a bundle in ~/Applications, on "
            "Windows by a shortcut in the Start menu. Nothing changes for other users."
        ),
    )
    command.add_argument("--uninstall", action="store_true", help=_("Delete these files."))


def install_desktop(options: argparse.Namespace) -> int:
    """Installs or removes the desktop entry and prints its files."""
    from core.desktop.install import install, uninstall

    if options.uninstall:
        files = uninstall()
        print("\n".join(_("deleted {file}").format(file=file) for file in files) or _("There was no desktop entry."))
    else:
        print("\n".join(_("wrote {file}").format(file=file) for file in install()))
    return 0
