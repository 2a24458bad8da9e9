#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Sets the project up on a fresh Debian 12 machine, in numbered steps with elapsed time.
# usage: scripts/setup.sh run|test
# Steps that are done already take no time and need no network.
set -euo pipefail
cd "$(dirname "$0")/.."

goal=${1:?usage: scripts/setup.sh run|test}
venv=$PWD/.venv
began=$SECONDS
packages=(gnuradio gnuradio-dev gr-osmosdr pybind11-dev cmake ninja-build g++ ccache pkg-config
    libboost-test-dev libzmq3-dev python3-dev python3-venv python3-zmq python3-yaml gpsd gpsd-clients)
[ "$goal" = test ] && packages+=(clang-format xvfb gir1.2-gtk-3.0)

step() { printf '[%3d s] %s\n' $((SECONDS - began)) "$1"; }

missing_packages() {
    local package
    for package in "${packages[@]}"; do
        dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || echo "$package"
    done
}

# A step is done when its stamp holds the digest of what it was made from.
fresh() { [ -f "$venv/.$1" ] && [ "$(cat "$venv/.$1")" = "$2" ]; }
mark() { echo "$2" >"$venv/.$1"; }
digest() { cat "$@" | sha256sum | cut -d' ' -f1; }

step '1/4 system packages'
mapfile -t missing < <(missing_packages)
if [ ${#missing[@]} -gt 0 ]; then
    install="apt-get install --no-install-recommends -y ${missing[*]}"
    if [ "$(id -u)" != 0 ]; then
        printf 'These Debian packages are missing. Run this, then make %s again:\n\n  sudo %s\n' "$goal" "$install" >&2
        exit 1
    fi
    export DEBIAN_FRONTEND=noninteractive
    apt-get update -qq
    $install -qq >/dev/null
fi

step '2/4 Python environment'
[ -x "$venv/bin/python" ] || /usr/bin/python3 -m venv --system-site-packages "$venv"
requirements=requirements.txt
[ "$goal" = test ] && requirements=requirements-test.txt
wanted=$(digest requirements.txt requirements-train.txt requirements-test.txt constraints.txt)
if ! fresh requirements-test.txt "$wanted" && ! fresh "$requirements" "$wanted"; then
    "$venv/bin/pip" install --quiet --disable-pip-version-check -c constraints.txt -r "$requirements"
    mark "$requirements" "$wanted"
fi

step '3/4 build'
if [ ! -f build/build.ninja ]; then
    cmake -S . -B build -G Ninja -DCMAKE_INSTALL_PREFIX="$venv" \
        -DPYTHON_EXECUTABLE="$venv/bin/python" -DSENTINEL_TEST_PYTHON="$venv/bin/python" >build.log 2>&1 ||
        { cat build.log >&2; exit 1; }
    rm -f build.log
fi
ninja -C build --quiet

step '4/4 install into .venv'
# A module that was renamed or removed must not survive in the environment.
rm -rf "$venv"/lib/python3*/site-packages/gnuradio/sentinel
ninja -C build --quiet install >/dev/null
step 'ready'
