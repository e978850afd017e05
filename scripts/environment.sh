# Read by demo and test: makes .venv in the clone and installs linewise there, as an editable install.
# PYTHON names the interpreter to make it with, by default python3.

name=$(basename "$0")
environment=.venv
log=$environment/install.log

fail() {
    printf '%s: %s\n' "$name" "$1" >&2
    exit 1
}

make_environment() {
    extras=$1
    usable || create
    installed="$extras $(cksum <pyproject.toml)"
    if ! grep -qxF "$installed" "$environment/installed" 2>/dev/null; then
        install_packages
        printf '%s\n' "$installed" >>"$environment/installed"
    fi
}

usable() {
    "$environment/bin/python" -c 'import pip, sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null
}

create() {
    python=${PYTHON:-python3}
    command -v "$python" >/dev/null ||
        fail "no $python here; on Debian: sudo apt-get install -y python3 python3-venv"
    "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
        fail "$("$python" -V 2>&1) is too old, 3.11 is needed; name a newer one: PYTHON=python3.11 sh scripts/$name"
    "$python" -c 'import ensurepip, venv' 2>/dev/null ||
        fail "$python cannot make virtual environments; on Debian: sudo apt-get install -y python3-venv"
    "$python" -m venv --clear "$environment"
}

install_packages() {
    if ! "$environment/bin/python" -c 'import llama_cpp' 2>/dev/null; then
        command -v cc >/dev/null && command -v c++ >/dev/null ||
            fail "no C and C++ compiler, which the engine is built with; on Debian: sudo apt-get install -y build-essential"
        echo "The first time, the engine (llama.cpp) is built from source, which takes several minutes."
    fi
    printf 'Installing linewise[%s] in %s ' "$extras" "$environment"
    while sleep 5 >/dev/null 2>&1; do printf .; done &
    ticker=$!
    trap 'kill "$ticker" 2>/dev/null' EXIT
    trap 'exit 130' INT TERM
    status=0
    "$environment/bin/python" -m pip install --disable-pip-version-check -e ".[$extras]" >"$log" 2>&1 || status=$?
    kill "$ticker"
    trap - EXIT INT TERM
    echo
    [ "$status" -eq 0 ] || { tail -n 15 "$log" >&2 && fail "pip could not install linewise[$extras]; see $log"; }
}
