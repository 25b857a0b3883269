# shellcheck shell=bash disable=SC2034
# PostgreSQL answers its first query, and is stopped.
WORKLOAD_IMAGE=postgres
WORKLOAD=(
    -- su postgres -c '/usr/lib/postgresql/15/bin/pg_ctl -D /var/lib/postgresql/data -w -l /tmp/log -o "-k /tmp" start &&
    psql -h /tmp -c "SELECT sum(n) FROM t" postgres'
)
