#!/usr/bin/env bash
# What the scripts that work with containers share; they source it.

# fail MESSAGE [LINE...]: the lines say what to do about it.
fail() {
    echo "$(basename "$0"): $1" >&2
    shift
    (($# == 0)) || printf '  %s\n' "$@" >&2
    exit 1
}

# Sets $engine to one that answers: docker's command line may be there with no engine behind it.
need_engine() {
    local candidates=("${CONTAINER_ENGINE:-docker}") candidate
    [[ -n ${CONTAINER_ENGINE:-} ]] || candidates+=(podman)
    for candidate in "${candidates[@]}"; do
        if "$candidate" info >/dev/null 2>&1; then
            engine=$candidate
            return
        fi
    done
    fail "none of these runs containers here: ${candidates[*]}. Start one, or get it from" \
        "https://docs.docker.com/engine/install/ or https://podman.io/docs/installation"
}

# By what it says, as Podman may go by Docker's name.
is_podman() {
    [[ $("$engine" --version) == podman* ]]
}
