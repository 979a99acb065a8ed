#!/bin/sh
# Makes .venv with everything the project needs, at the versions of constraints.txt, and whatever Qt needs of the system.
# Package index, proxy and certificate settings of the environment (UV_*, PIP_*, SSL_CERT_FILE ...) are honoured.
# PYTHON=... chooses the interpreter, UV_TORCH_BACKEND=cu126 (or cpu, rocm7.2, xpu ...) the build of PyTorch.
set -eu
cd "$(dirname "$0")/.."

PYTHON_FITS='import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 14))'
QT_PACKAGES='libegl1 libgl1 libxkbcommon0 libxkbcommon-x11-0 libdbus-1-3 libfontconfig1 libglib2.0-0 libx11-xcb1
    libxcb-cursor0 libxcb-icccm4 libxcb-image0 libxcb-keysyms1 libxcb-randr0 libxcb-render-util0 libxcb-shape0
    libxcb-xinerama0 libxcb-xkb1 fonts-dejavu-core'

say() { printf '%s\n' "$*" >&2; }
fail() {
    say "set-up: $1"
    shift
    for line in "$@"; do say "    $line"; done
    exit 1
}

# Runs a command as root; fails when there is no way to be root without asking for a password.
as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"
    elif command -v sudo >/dev/null && sudo -n true 2>/dev/null; then sudo -n "$@"
    else return 1
    fi
}

# install_packages REASON PACKAGE...: installs them, or stops and says which one command does.
install_packages() {
    reason=$1
    shift
    command -v apt-get >/dev/null || fail "$reason" "Install what these Debian packages hold, then try again: $*"
    as_root true || fail "$reason" "Run this once, then try again:" "sudo apt-get install -y --no-install-recommends $*"
    say "set-up: $reason; installing with apt-get"
    as_root apt-get -qq update || say "set-up: the list of packages could not be refreshed; going on with the old one"
    as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=120 -o Dpkg::Use-Pty=0 \
        install -y --no-install-recommends --no-upgrade "$@" >/dev/null ||
        fail "apt-get could not install what is needed." "Install these packages, then try again: $*"
}

find_python() {
    for python in ${PYTHON:-python3 python3.13 python3.12 python3.11 python3.14 python}; do
        if "$python" -c "$PYTHON_FITS" 2>/dev/null; then return; fi
    done
    fail "Python 3.11 to 3.14 is needed, and none was found${PYTHON:+ as $PYTHON}." \
        "Install one (on Debian and Ubuntu: apt-get install python3), or name yours: make setup PYTHON=/path/to/python3"
}

# What pip was told about where packages come from, for uv, which reads only its own settings.
honour_pip_settings() {
    if [ -z "${UV_DEFAULT_INDEX:-}${UV_INDEX_URL:-}" ]; then
        index=${PIP_INDEX_URL:-$("$python" -m pip config get global.index-url 2>/dev/null || true)}
        if [ -n "$index" ]; then export UV_DEFAULT_INDEX="$index"; fi
    fi
    if [ -z "${SSL_CERT_FILE:-}" ] && [ -n "${PIP_CERT:-}" ]; then export SSL_CERT_FILE="$PIP_CERT"; fi
    export UV_HTTP_TIMEOUT="${UV_HTTP_TIMEOUT:-300}" # the largest wheel holds most of a gigabyte
}

make_venv() {
    if [ -e .venv ] && ! .venv/bin/python -c "$PYTHON_FITS" 2>/dev/null; then
        say "set-up: .venv belongs to a Python that is gone; making it anew"
        rm -rf .venv
    fi
    if [ -x .venv/bin/uv ]; then uv=.venv/bin/uv
    elif uv --version >/dev/null 2>&1; then
        uv=uv
        [ -e .venv ] || uv venv --quiet --python "$python" .venv
    else
        uv=.venv/bin/uv
        if ! "$python" -c 'import ensurepip' 2>/dev/null; then
            version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
            # Whoever lacks this lacks Qt's libraries too: one command for both.
            # shellcheck disable=SC2086 # a list of names
            install_packages "Python's venv module is incomplete" "python$version-venv" $QT_PACKAGES
        fi
        "$python" -m venv .venv
        .venv/bin/python -m pip install --quiet uv
    fi
}

# Says what is about to happen, before it does: most of it is PyTorch, and the libraries of CUDA that come with it.
announce() {
    case "$(uname -s) ${UV_TORCH_BACKEND:-}" in
        *" cpu" | Darwin*) download="0.6 GB" disk="2 GB" minutes="2 minutes at 100 Mbit/s, 8 at 15 Mbit/s" ;;
        *) download="up to 3 GB" disk="6 GB" minutes="6 minutes at 100 Mbit/s, 30 at 15 Mbit/s" ;;
    esac
    say "set-up: about to download $download (less where uv has some of it already) and to fill $disk of the disk."
    say "set-up: that takes about $minutes. Ctrl-C stops it; the next start goes on from there."
    free=$(df -Pk . 2>/dev/null | awk 'NR == 2 { print int($4 / 1000000) }')
    if [ -n "$free" ] && [ "$free" -lt "${disk%%[. ]*}" ]; then say "set-up: only $free GB are free here."; fi
}

# install OPTION...: installs everything that the project needs; uv shows its progress where there is a terminal.
install() {
    if [ -t 2 ]; then quiet=; else quiet=--quiet; fi
    # Compiled now, while nobody waits for a window: the first import of each module takes half the time.
    "$uv" pip install $quiet --compile-bytecode --python .venv/bin/python --group dev --editable . "$@"
}

# The constraints without the libraries that each build of PyTorch brings in versions of its own.
constraints_of_any_build() {
    awk '/^nvidia-ml-py=/ || !/^(nvidia-|cuda-|triton=)/' constraints.txt >.venv/constraints.txt
}

# What it says is shown where there is a terminal, for its progress; its failure is no fault, since another build follows.
install_for_gpu() {
    if [ -t 2 ]; then install --torch-backend=auto --constraints .venv/constraints.txt
    else install --torch-backend=auto --constraints .venv/constraints.txt 2>/dev/null
    fi
}

# uv finds the build of PyTorch that suits the GPU and its driver. All but one are in an index of their own: where that
# cannot be reached, or a mirror stands for all indexes, the one of the default index is installed.
install_everything() {
    constraints_of_any_build
    if [ -n "${UV_TORCH_BACKEND:-}" ]; then
        install --constraints .venv/constraints.txt ||
            fail "This build of PyTorch could not be installed; the lines above say why." \
                "Without UV_TORCH_BACKEND the build that suits this machine is installed: make setup"
        return
    fi
    if [ "$(uname -s)" = Linux ] && [ -z "${UV_DEFAULT_INDEX:-}${UV_INDEX_URL:-}${UV_OFFLINE:-}${UV_NO_INDEX:-}" ]; then
        if install_for_gpu; then return; fi
        say "set-up: PyTorch's own index has no build for this machine, or is out of reach; taking the default build"
    fi
    install --constraints constraints.txt
}

# Shared libraries that Qt's widgets, and its platforms with and without a screen, ask for and the system lacks.
missing_libraries() {
    folder=$(.venv/bin/python -c 'from importlib.util import find_spec as f; print(*f("PySide6").submodule_search_locations)')
    ldd "$folder"/QtWidgets.abi3.so "$folder"/Qt/plugins/platforms/libqxcb.so \
        "$folder"/Qt/plugins/platforms/libqoffscreen.so "$folder"/Qt/plugins/xcbglintegrations/*.so 2>/dev/null |
        awk '/not found/ { print $1 }' | sort -u | tr '\n' ' '
}

has_fonts() {
    find /usr/share/fonts /usr/local/share/fonts "${HOME:-/}/.fonts" "${HOME:-/}/.local/share/fonts" \
        -name '*.[to]tf' 2>/dev/null | grep -q .
}

complete_qt() {
    missing=$(missing_libraries)
    if [ -n "$missing" ]; then
        # shellcheck disable=SC2086 # a list of names
        install_packages "Qt needs system libraries: $missing" $QT_PACKAGES
        missing=$(missing_libraries)
        [ -z "$missing" ] || fail "Qt still lacks these system libraries: $missing" "Install them, then try again."
    fi
    has_fonts || install_packages "no font is installed" fonts-dejavu-core
}

find_python
honour_pip_settings
make_venv
announce
say "set-up: installing into .venv with $("$uv" --version)"
install_everything
if [ "$(uname -s)" = Linux ]; then complete_qt; fi
QT_QPA_PLATFORM=offscreen .venv/bin/python -c 'from PySide6.QtWidgets import QApplication; QApplication([])' ||
    fail "Qt cannot start; the lines above say why."
say "set-up: complete; .venv/bin/gan-studio opens the studio"
