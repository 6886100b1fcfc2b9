#!/bin/sh
# Makes the database cluster on an empty volume, then becomes the server.
#
#   PGDATA             a folder below a volume that user 65532 may write
#   POSTGRES_USER      the owner, default pharos
#   POSTGRES_PASSWORD  or POSTGRES_PASSWORD_FILE: needed the first time
#   POSTGRES_DB        the database to create, default the owner's name
set -eu
umask 077
user=${POSTGRES_USER:-pharos}
database=${POSTGRES_DB:-$user}

# initdb into a folder beside it and a rename, so that a start cut short begins anew.
if [ ! -s "$PGDATA/PG_VERSION" ]; then
    password=${POSTGRES_PASSWORD:-}
    if [ -n "${POSTGRES_PASSWORD_FILE:-}" ]; then
        password=$(cat "$POSTGRES_PASSWORD_FILE")
    fi
    if [ -z "$password" ]; then
        echo "set POSTGRES_PASSWORD or POSTGRES_PASSWORD_FILE: the database is made with it" >&2
        exit 2
    fi
    fresh=$PGDATA.unfinished
    rm -rf "$fresh" "$PGDATA"
    mkdir -p "$fresh"
    printf '%s\n' "$password" >/tmp/password
    initdb --pgdata="$fresh" --username="$user" --pwfile=/tmp/password --encoding=UTF8 \
        --locale=C.UTF-8 --auth-local=trust --auth-host=scram-sha-256
    rm -f /tmp/password
    echo 'host all all all scram-sha-256' >>"$fresh/pg_hba.conf"
    if [ "$database" != postgres ]; then
        printf 'CREATE DATABASE "%s" OWNER "%s";\n' "$database" "$user" |
            postgres --single -D "$fresh" postgres >/dev/null
    fi
    mv "$fresh" "$PGDATA"
fi

exec postgres -D "$PGDATA" -c listen_addresses='*' -c unix_socket_directories=/tmp "$@"
