# shellcheck shell=bash
# What all scripts of this folder share. Sourced after `set -euo pipefail`.

root=$(realpath "$(dirname "${BASH_SOURCE[0]}")/../..")
ops=$root/ops
# Everything the scripts leave behind lies here; git ignores it.
state=$root/.cartflux
demo_servers=$state/demo
# The database that the demo and the bench use on their private servers.
database=cartflux
export root ops state demo_servers database

say() { printf '==> %s\n' "$*" >&2; }

fail() {
    printf '%s: %s\n' "${0##*/}" "$*" >&2
    exit 1
}

# help_when_asked "$@": prints `usage` and ends when --help is among the arguments before a lone --.
help_when_asked() {
    local argument
    for argument in "$@"; do
        case $argument in
        -h | --help) usage; exit 0 ;;
        --) return ;;
        esac
    done
}

# build CONFIGURATION: builds the program and sets `cartflux` to its path.
build() {
    say "building cartflux ($1)"
    (cd "$root" && swift build -c "$1" --product cartflux >&2)
    cartflux=$(cd "$root" && swift build -c "$1" --show-bin-path)/cartflux
    [[ -x $cartflux ]] || fail "the build left no $cartflux"
}

# servers_value DIR NAME: one of the values that `ops/servers env` prints.
servers_value() {
    "$ops/servers" env "$1" | sed -n "s/^export $2=//p" | tr -d "'"
}

# url_for DIR ROLE [socket]: the URL of the database on private servers, over TCP or the unix socket.
url_for() {
    local port sockets
    port=$(servers_value "$1" PGPORT)
    if [[ ${3:-} == socket ]]; then
        sockets=$(servers_value "$1" SERVERS_SOCKETS)
        printf 'postgres://%s@/%s?host=%s&port=%s\n' "$2" "$database" "$sockets" "$port"
    else
        printf 'postgres://%s@127.0.0.1:%s/%s\n' "$2" "$port" "$database"
    fi
}

# use_servers DIR [socket]: makes the database when it is missing, and exports what `cartflux` reads.
use_servers() {
    local admin
    admin=$(servers_value "$1" POSTGRES_URL)
    if [[ -z $(psql -XAtc "select 1 from pg_database where datname = '$database'" "$admin") ]]; then
        psql -Xqc "create database $database" "$admin"
    fi
    DATABASE_URL=$(url_for "$1" cartflux_app "${2:-}")
    ENGINE_DATABASE_URL=$(url_for "$1" cartflux_engine "${2:-}")
    PLATFORM_DATABASE_URL=$(url_for "$1" cartflux_platform "${2:-}")
    # The first migration makes the roles, which takes more rights than any of them has.
    MIGRATE_DATABASE_URL=$(url_for "$1" postgres "${2:-}")
    if [[ ${2:-} == socket ]]; then
        REDIS_URL=$(servers_value "$1" REDIS_SOCKET_URL)
    else
        REDIS_URL=$(servers_value "$1" REDIS_URL)
    fi
    export DATABASE_URL ENGINE_DATABASE_URL PLATFORM_DATABASE_URL MIGRATE_DATABASE_URL REDIS_URL
}

# Runs a program in a process group of its own, passes Ctrl-C and TERM on to it, and ends whatever the group
# left behind. Returns the program's status. A second Ctrl-C does not wait.
run_to_the_end() {
    local status=0
    # The signal at the parent's death is for a script that is killed and cannot pass anything on.
    setsid setpriv --pdeathsig TERM "$@" &
    child=$!
    trap 'end_child TERM' TERM HUP INT
    while true; do
        status=0
        wait "$child" || status=$?
        # A trap interrupts `wait`; the program itself may still be draining.
        kill -0 "$child" 2>/dev/null || break
    done
    trap - TERM HUP INT
    end_leftovers
    return "$status"
}

end_child() {
    trap 'end_child KILL' TERM HUP INT
    # Only the program is asked, and it stops its own children in its own order; KILL is for all of them.
    case $1 in
    TERM) kill -TERM "$child" 2>/dev/null || true ;;
    KILL) kill -KILL -- "-$child" 2>/dev/null || true ;;
    esac
}

end_leftovers() {
    local _
    kill -TERM -- "-$child" 2>/dev/null || return 0
    for _ in {1..50}; do
        kill -0 -- "-$child" 2>/dev/null || return 0
        sleep 0.1
    done
    kill -KILL -- "-$child" 2>/dev/null || true
}

# Waits for nobody: a second demo in the same clone would share the first one's database.
only_one() {
    mkdir -p "$state"
    exec 8>"$state/$1.lock"
    flock -n 8 || fail "ops/$1 is already running in this clone (it holds $state/$1.lock)"
}
