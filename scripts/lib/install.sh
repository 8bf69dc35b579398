#!/usr/bin/env bash
# Installs what a bare Debian 12 lacks: `scripts/lib/install.sh GROUP...`, with the groups build, test, bench,
# npm and lint. Asks dpkg first and calls apt only when something is missing, so a prepared machine needs no
# network. Never removes a package and never starts a service. FENCEPOST_NO_INSTALL=1 only names what is missing.
set -euo pipefail
# shellcheck source=scripts/lib/common.sh
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

BUILD_PACKAGES=(
  g++ cmake ninja-build pkg-config python3  # the compiler and what drives it
  ccache mold                               # quicker second builds and links
  libpq-dev libsqlite3-dev                  # the two databases
  libcurl4-openssl-dev libboost1.81-dev     # HTTP: client, server (plain libboost-dev is 1.74: too old)
  nlohmann-json3-dev libfmt-dev libspdlog-dev libcli11-dev libtomlplusplus-dev
  libhowardhinnant-date-dev tzdata          # IANA time zones
  libsodium-dev libssl-dev                  # secrets; HMAC-SHA1 of OAuth 1.0a
  libicu-dev                                # graphemes, words and normal forms of texts
  libxml2-dev                               # feeds, pages and sitemaps
  libpsl-dev zlib1g-dev                     # which part of a host is registrable; gzip
  prometheus-cpp-dev                        # metrics
  ca-certificates                           # HTTPS to platforms
)
TEST_PACKAGES=(
  libgtest-dev libgmock-dev librapidcheck-dev
  postgresql-15 postgresql-client-15        # run privately by lib/postgres.sh, never as a service
  sqlite3 curl                              # the tests look at a database and a server from outside
  python3-jsonschema                        # compares answers with the OpenAPI document (tests/e2e)
  nginx                                     # run privately by tests/e2e/curate_world.py, never as a service
  libfaketime                               # moves the clock of a PostgreSQL (tests/crash)
  python3-aiosmtpd openssl                  # a mail server, and its certificate
  ffmpeg                                    # ffprobe measures videos; ffmpeg makes them
  spin gcc                                  # checks spec/*.pml
  chromium                                  # looks at the pages (tests/web)
  clang-format-14                           # the version that the style check compares with
)
BENCH_PACKAGES=(make strace) # to build better-sqlite3; to count SQLite's flushes
NPM_PACKAGES=(npm)           # brings what web/ is built with, the peers, and their Node; not asked for where
                             # another npm is there
LINT_PACKAGES=(clang-tidy-16) # 14, Debian's default, cannot read libstdc++ 12's ranges

usage() {
  echo "usage: scripts/lib/install.sh build|test|bench|npm|lint ..."
  exit "$1"
}

is_installed() {
  [[ $(dpkg-query -W -f='${db:Status-Status}' "$1" 2>/dev/null) == installed ]]
}

# Debian's postgresql packages make a cluster and start it, and nginx starts too. While they are unpacked here,
# none of it may happen; afterwards the machine's own rules are as they were. A server that runs already is not
# touched.
without_services() (
  local postgres_conf=/etc/postgresql-common policy=/usr/sbin/policy-rc.d keep made_dir=
  keep=$(mktemp -d)
  # shellcheck disable=SC2317 # the trap calls it
  restore() {
    rm -f "$policy" "$postgres_conf/createcluster.d/fencepost.conf"
    [[ -e $keep/policy-rc.d ]] && cp -p "$keep/policy-rc.d" "$policy"
    [[ -e $keep/createcluster.conf ]] && cp -p "$keep/createcluster.conf" "$postgres_conf/createcluster.conf"
    [[ -n $made_dir ]] && rmdir --ignore-fail-on-non-empty "$postgres_conf/createcluster.d"
    rm -rf "$keep"
  }
  trap restore EXIT
  trap 'exit 130' INT TERM HUP

  if [[ -e $policy ]]; then cp -p "$policy" "$keep/policy-rc.d"; fi
  printf '#!/bin/sh\n# Put here by Fencepost while it installs packages; gone right after.\nexit 101\n' >"$policy"
  chmod 755 "$policy"

  if [[ ! -d $postgres_conf/createcluster.d ]]; then made_dir=1; fi
  mkdir -p "$postgres_conf/createcluster.d"
  echo 'create_main_cluster = false' >"$postgres_conf/createcluster.d/fencepost.conf"
  if [[ -e $postgres_conf/createcluster.conf ]] &&
    ! grep -q '^ *include_dir.*createcluster\.d' "$postgres_conf/createcluster.conf"; then
    cp -p "$postgres_conf/createcluster.conf" "$keep/createcluster.conf"
    echo 'create_main_cluster = false' >>"$postgres_conf/createcluster.conf"
  fi

  "$@"
)

apt() {
  # A minimal system has no terminal to ask on; ucf keeps configuration files that somebody changed.
  env DEBIAN_FRONTEND=noninteractive UCF_FORCE_CONFFOLD=1 \
    apt-get -o DPkg::Lock::Timeout=300 -y -q "$@" </dev/null
}

# Runs as root.
install_packages() {
  say "apt-get update"
  apt update || warn "apt-get update failed; trying with the package lists that are here"
  say "apt-get install $*"
  # --no-remove: rather stop than take away what somebody uses (libboost1.74-dev, a gnutls libcurl).
  if ! without_services apt install --no-install-recommends --no-remove "$@"; then
    echo "Packages were not installed. What apt would have to remove for them:" >&2
    apt install --simulate --no-install-recommends "$@" 2>/dev/null | sed -n 's/^Remv /  /p' >&2 || true
    die "install them by hand: apt-get install $*
  (libboost1.81-dev and the default libboost-dev, which is 1.74, exclude each other: remove the older first)"
  fi
  # Nor may what was just installed begin at the next boot.
  if [[ " $* " == *" nginx "* ]]; then update-rc.d nginx disable >/dev/null 2>&1 || true; fi
}

require_debian_12() {
  local id version
  id=$(. /etc/os-release 2>/dev/null && echo "${ID:-}")
  version=$(. /etc/os-release 2>/dev/null && echo "${VERSION_ID:-}")
  if [[ $id != debian || $version != 12 ]] || ! command -v apt-get >/dev/null; then
    die "these scripts install packages on Debian 12 only. Install their counterparts by hand:
  $*
then set FENCEPOST_NO_INSTALL=1."
  fi
}

main() {
  local group package missing=()
  (($# > 0)) || usage 2
  for group in "$@"; do
    local -a packages
    case $group in
      build) packages=("${BUILD_PACKAGES[@]}") ;;
      test) packages=("${TEST_PACKAGES[@]}") ;;
      bench) packages=("${BENCH_PACKAGES[@]}") ;;
      npm) packages=("${NPM_PACKAGES[@]}") ;;
      lint) packages=("${LINT_PACKAGES[@]}") ;;
      -h | --help) usage 0 ;;
      *) usage 2 ;;
    esac
    for package in "${packages[@]}"; do
      is_installed "$package" || missing+=("$package")
    done
  done
  ((${#missing[@]} > 0)) || return 0

  if [[ -n ${FENCEPOST_NO_INSTALL:-} ]]; then
    warn "not installed, as FENCEPOST_NO_INSTALL is set: ${missing[*]}"
    return 0
  fi
  require_debian_12 "${missing[@]}"
  say "Installing what is missing for: $* (system packages from Debian; no service is started)"
  if ((EUID == 0)); then
    install_packages "${missing[@]}"
  elif command -v sudo >/dev/null; then
    say "This needs root; asking sudo"
    sudo bash "${BASH_SOURCE[0]}" "$@"
  else
    die "root is needed and there is no sudo. As root: apt-get install --no-install-recommends ${missing[*]}"
  fi
  for package in "${missing[@]}"; do
    is_installed "$package" || die "$package is still missing after apt-get install"
  done
}

main "$@"
