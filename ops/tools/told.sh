#!/bin/bash
# told.sh TEXT COMMAND…: runs a command that is silent for long, and says so: TEXT at the start, and every eight seconds how long it has run. On a
# terminal that is one line which counts up; elsewhere a line each time. What the command prints comes through, and its exit code is ours.
set -uo pipefail

text=$1
shift

# Tells until its input ends; says nothing at all of what ends within a second, such as a build in which nothing changed.
tell() {
  local start=$SECONDS before='' after=$'\n' wait=1
  [[ -t 2 ]] && { before=$'\r' after=''; }
  while read -rt "$wait"; (($? > 128)); do
    if ((wait == 1)); then printf '%s …%s' "$text" "$after"; else printf '%s%s … %d s%s' "$before" "$text" "$((SECONDS - start))" "$after"; fi
    wait=8
  done
  [[ -z $after ]] && ((wait > 1)) && echo
} >&2

exec 3> >(tell)
teller=$!
"$@" 3>&-
code=$?
exec 3>&-
wait "$teller"
exit "$code"
