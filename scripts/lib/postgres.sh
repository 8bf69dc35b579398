# shellcheck shell=bash
# A private PostgreSQL for tests: own data directory, a free port on 127.0.0.1, own password, gone afterwards.
# Sourced after common.sh, never run. start_postgres exports
#   FENCEPOST_TEST_POSTGRES   URL of a superuser's connection to the database "postgres"
#   FENCEPOST_TEST_PGDATA     its data directory
#   FENCEPOST_TEST_PGCTL      a command line: `$FENCEPOST_TEST_PGCTL restart -m immediate` acts on this server
# Its fsync is off: no test can see a power cut, and a disk that stalls would decide races by the clock.
# For the same reason it lives in memory where there is room: a database for each test is some 300 files, and on a
# disk they cost more than the tests. FENCEPOST_TEST_FSYNC=on, as scripts/bench has it, waits for the disk.
#   FENCEPOST_TEST_MEMORY     that folder in memory, if there is one; tests have their SQLite files there too
# Whoever starts it also calls stop_postgres on EXIT (scripts/lib/with-postgres does both).

POSTGRES_HOME=
POSTGRES_AS=()

# The newest server from 15 on.
postgres_bin() {
  local bin version
  while read -r bin; do
    [[ -x $bin/postgres && -x $bin/initdb ]] || continue
    version=$("$bin/pg_ctl" --version | sed 's/[^0-9]*\([0-9]*\).*/\1/')
    if ((version >= 15)); then
      echo "$bin"
      return 0
    fi
  done < <(
    printf '%s\n' /usr/lib/postgresql/*/bin | sort -Vr
    pg_config --bindir 2>/dev/null
  )
  warn "no PostgreSQL server from version 15 on; scripts/lib/install.sh test installs it"
  return 1
}

# A free port below the ephemeral range: a client that reconnects while the server is down cannot be given
# this very port by the kernel as its own, and then talk to itself.
free_port() {
  python3 - <<'PYTHON'
import random, socket
with open("/proc/sys/net/ipv4/ip_local_port_range") as f:
    top = int(f.read().split()[0])
low, high = (10000, top) if top > 12000 else (1024, 65535)
for _ in range(200):
    port = random.randrange(low, high)
    with socket.socket() as s:
        try:
            s.bind(("127.0.0.1", port))
        except OSError:
            continue
        print(port)
        break
PYTHON
}

# initdb refuses root. Root lends the work to an unprivileged user that exists anyway; others do it
# themselves.
choose_postgres_user() {
  POSTGRES_AS=()
  ((EUID == 0)) || return 0
  local user
  for user in postgres nobody; do
    if id "$user" >/dev/null 2>&1; then
      POSTGRES_AS=(runuser -u "$user" --)
      return 0
    fi
  done
  warn "PostgreSQL refuses to run as root, and there is no user postgres or nobody to run it as"
  return 1
}

# Whether 4 GB are free in a folder.
has_room() {
  local free
  free=$(df -k --output=avail "$1" 2>/dev/null | tail -1) && [[ -w $1 ]] && ((free > 4000000))
}

# A directory that this user can reach; its path is short, as a socket's path ends at 107 bytes, and plain, as
# FENCEPOST_TEST_PGCTL is split at spaces.
make_postgres_home() {
  local base
  unset FENCEPOST_TEST_MEMORY
  if [[ -z ${TMPDIR:-} && ${FENCEPOST_TEST_FSYNC:-off} == off ]] && has_room /dev/shm; then
    export FENCEPOST_TEST_MEMORY=/dev/shm
  fi
  for base in "${FENCEPOST_TEST_MEMORY:-${TMPDIR:-/tmp}}" /tmp; do
    [[ ${#base} -lt 60 && $base =~ ^[A-Za-z0-9_./-]+$ ]] || continue
    POSTGRES_HOME=$(mktemp -d "$base/fencepost-pg.XXXXXX") || continue
    if ((${#POSTGRES_AS[@]} > 0)); then chown "${POSTGRES_AS[2]}:" "$POSTGRES_HOME"; fi
    if as_postgres test -w "$POSTGRES_HOME"; then return 0; fi
    rmdir "$POSTGRES_HOME"
  done
  POSTGRES_HOME=
  warn "no temporary directory that PostgreSQL's user can write to"
  return 1
}

# From /, since its user may not be allowed into the directory of the caller.
as_postgres() { (cd / && "${POSTGRES_AS[@]}" "$@"); }

# In the file, not on the command line, so that a restart by a test keeps it. The last line of a name counts.
configure_postgres() {
  as_postgres tee -a "$POSTGRES_HOME/data/postgresql.conf" >/dev/null <<CONF
listen_addresses = '127.0.0.1'
port = $1
unix_socket_directories = '$POSTGRES_HOME'
max_connections = 400
max_prepared_transactions = 4
fsync = ${FENCEPOST_TEST_FSYNC:-off}
full_page_writes = ${FENCEPOST_TEST_FSYNC:-off}
timezone = 'UTC'
log_timezone = 'UTC'
log_line_prefix = '%m [%p] %d '
CONF
}

# Returns 1, after a word on standard error, when no server could be started.
start_postgres() {
  local bin data log password port try
  bin=$(postgres_bin) || return 1
  choose_postgres_user || return 1
  make_postgres_home || return 1
  data=$POSTGRES_HOME/data
  log=$POSTGRES_HOME/log
  password=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
  as_postgres tee "$POSTGRES_HOME/password" <<<"$password" >/dev/null # mktemp made the directory 0700
  if ! as_postgres "$bin/initdb" -D "$data" -U postgres -A scram-sha-256 --pwfile="$POSTGRES_HOME/password" \
    --encoding=UTF8 --locale=C.UTF-8 --no-sync >"$POSTGRES_HOME/initdb.log" 2>&1; then
    cat "$POSTGRES_HOME/initdb.log" >&2
    return 1
  fi
  for try in 1 2 3 4 5; do # somebody else may take the port between the look and the start
    port=$(free_port)
    configure_postgres "$port"
    if as_postgres "$bin/pg_ctl" -D "$data" -l "$log" -s -w -t 30 start >/dev/null 2>&1; then break; fi
    if ((try == 5)); then
      as_postgres tail -20 "$log" >&2
      return 1
    fi
  done
  export FENCEPOST_TEST_POSTGRES="postgresql://postgres:$password@127.0.0.1:$port/postgres"
  export FENCEPOST_TEST_PGDATA=$data
  export FENCEPOST_TEST_PGCTL="${POSTGRES_AS[*]} $bin/pg_ctl -D $data -l $log -s -w"
}

# Ends this server, found by the process id in its own data directory, and removes the directory. May be
# called twice, and when a test has already killed the server.
stop_postgres() {
  [[ -n $POSTGRES_HOME ]] || return 0
  local home=$POSTGRES_HOME
  POSTGRES_HOME=
  if [[ -e $home/data/postmaster.pid ]]; then
    (cd / && ${FENCEPOST_TEST_PGCTL:-true} stop -m immediate >/dev/null 2>&1) || true
  fi
  rm -rf "$home"
  unset FENCEPOST_TEST_POSTGRES FENCEPOST_TEST_PGDATA FENCEPOST_TEST_PGCTL
}
