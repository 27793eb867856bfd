#!/bin/bash
# need.sh THING…: sees to it that this machine has what a target needs, from Debian's packages where we may install them.
#   go        Go itself, in the version that go.mod names or newer; it is not installed here
#   git make  those two
#   database  a server that `fluent up` can embed: CockroachDB, or PostgreSQL 15 or newer
#   compiler  a C compiler with its library, for the race detector
#   npm       for buf and the official client's tests
set -euo pipefail

has_database() {
  [[ -n ${COCKROACH_BINARY:-} ]] || command -v cockroach || command -v initdb || compgen -G '/usr/lib/postgresql/*/bin/initdb'
}

has_compiler() {
  local cc
  cc=$(go env CC)
  # shellcheck disable=SC2086 — the variable may hold options
  echo '#include <stdlib.h>' | $cc -fsyntax-only -x c -
}

told=${0%/*}/told.sh

# Ends with advice unless Go is new enough, or can get itself a version that is (it does so from 1.21 on, where it may use the network).
need_go() {
  local wanted have
  wanted=$(sed -n 's/^go //p' "${0%/*}/../../go.mod")
  command -v go >/dev/null || { echo "Install Go $wanted or newer first (https://go.dev/doc/install); \`go\` has to be in PATH." >&2; exit 1; }
  have=$(cd / && GOTOOLCHAIN=local go env GOVERSION 2>/dev/null)
  have=${have#go}
  if [[ $(printf '%s\n' "$wanted" "${have%% *}" | sort -V | head -n 1) == "$wanted" ]]; then return; fi
  if [[ -n $have && $(printf '%s\n' 1.21 "$have" | sort -V | head -n 1) == 1.21 ]] && "$told" "Getting Go $wanted" go version >/dev/null 2>&1; then return; fi
  echo "Fluent needs Go $wanted or newer (go.mod); $(command -v go) is ${have:-of an unknown version}. Install a newer one" \
    "(https://go.dev/doc/install), and see that it comes first in PATH." >&2
  exit 1
}

packages=()
for thing in "$@"; do
  case $thing in
    go) need_go ;;
    git | make) command -v "$thing" >/dev/null || packages+=("$thing") ;;
    database) has_database >/dev/null || packages+=(postgresql) ;;
    compiler) has_compiler >/dev/null 2>&1 || packages+=(gcc libc6-dev) ;;
    npm) command -v npm >/dev/null || packages+=(nodejs npm) ;;
    *) echo "need.sh: $thing is nothing that it knows" >&2; exit 2 ;;
  esac
done
((${#packages[@]})) || exit 0

command -v apt-get >/dev/null || { echo "Install these first, by their names in Debian: ${packages[*]}" >&2; exit 1; }
as_root=()
if [[ $(id -u) -ne 0 ]]; then
  # Asks for a password only where somebody can type one.
  if command -v sudo >/dev/null && { sudo -n true 2>/dev/null || { [[ -t 0 ]] && sudo -v; }; }; then
    as_root=(sudo)
  else
    echo "Install these first, as root: apt-get install --no-install-recommends ${packages[*]}" >&2
    exit 1
  fi
fi

out=$(mktemp)
trap 'rm -f "$out"' EXIT

# Runs apt-get without questions and without a word, unless it fails; waits up to ten minutes for another that is at work.
apt() {
  local try
  for ((try = 0; try < 300; try++)); do
    # shellcheck disable=SC2016 — that shell is to expand them
    "$told" "apt-get $1" bash -c 'exec "$@" </dev/null >"$0" 2>&1' "$out" \
      "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive NEEDRESTART_SUSPEND=1 \
      apt-get -q -y -o DPkg::Lock::Timeout=600 -o Dpkg::Use-Pty=0 "$@" && return
    grep -q 'Could not get lock' "$out" || break
    sleep 2
  done
  cat "$out" >&2
  echo "Could not install ${packages[*]}: apt-get $1 failed, see above." >&2
  exit 1
}

echo "Installing what is missing, with apt-get: ${packages[*]} (a minute or two)" >&2
apt update
# Debian would make a PostgreSQL cluster of its own and start it on port 5432; the programs are all that is needed.
cluster=/etc/postgresql-common/createcluster.conf
if [[ " ${packages[*]} " == *' postgresql '* && ! -e $cluster ]]; then
  "${as_root[@]}" mkdir -p "${cluster%/*}"
  printf '%s\n' '# Made by Fluent, which needs the programs of PostgreSQL only.' 'create_main_cluster = false' | "${as_root[@]}" tee "$cluster" >/dev/null
fi
apt install --no-install-recommends "${packages[@]}"
