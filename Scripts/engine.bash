#!/usr/bin/env bash
# Functions shared by the container scripts, which source this file.

# fail MESSAGE [LINE...]: prints the message and the lines, which suggest a fix, and exits.
fail() {
    echo "$(basename "$0"): $1" >&2
    shift
    (($# == 0)) || printf '  %s\n' "$@" >&2
    exit 1
}

# Sets $engine to one whose daemon responds: the docker command may be installed without a running engine.
need_engine() {
    local candidates=("${CONTAINER_ENGINE:-docker}") candidate
    [[ -n ${CONTAINER_ENGINE:-} ]] || candidates+=(podman)
    for candidate in "${candidates[@]}"; do
        if "$candidate" info >/dev/null 2>&1; then
            engine=$candidate
            return
        fi
    done
    fail "no working container engine found (tried ${candidates[*]}). Start one, or install it from" \
        "https://docs.docker.com/engine/install/ or https://podman.io/docs/installation"
}

# Checks the version text, because podman may be installed as docker.
is_podman() {
    [[ $("$engine" --version) == podman* ]]
}
