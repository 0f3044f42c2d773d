# shellcheck shell=bash
# What ops/backup and ops/restore share. Sourced after common.sh, which sets the two places.
: "${ops:?}" "${demo_servers:?}"

# dump_target [URL]: the database to save or to fill.
dump_target() {
    if [[ -n ${1:-} ]]; then
        printf '%s\n' "$1"
    elif [[ -n ${MIGRATE_DATABASE_URL:-} ]]; then
        printf '%s\n' "$MIGRATE_DATABASE_URL"
    elif "$ops/servers" status "$demo_servers" >/dev/null 2>&1; then
        url_for "$demo_servers" postgres
    else
        fail "give --url, set MIGRATE_DATABASE_URL, or start ops/demo"
    fi
}

# another_database URL NAME: the same server, another database.
another_database() {
    local query=''
    if [[ $1 == *\?* ]]; then query="?${1#*\?}"; fi
    local base=${1%%\?*}
    printf '%s/%s%s\n' "${base%/*}" "$2" "$query"
}

database_of() {
    local base=${1%%\?*}
    printf '%s\n' "${base##*/}"
}
