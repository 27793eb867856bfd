#!/bin/bash
# gopkg.in/natefinch/lumberjack.v2 2.2.1 (Go): the log's file name is that of a folder that exists, say a mount point or a slip in a configuration.
#
# Guess:     the first write fails with "is a directory".
# What is:   it succeeds. What cannot be opened for appending is moved out of the way without a word: the folder is renamed to NAME-<time> with all that
#            is in it, and a file begins in its place.
# So:        look at what is there before the name is given to it.
set -euo pipefail
dir=$(mktemp -d)
trap 'chmod -R u+w "$dir"; rm -rf "$dir"' EXIT
cd "$dir"
go mod init example >/dev/null 2>&1
go get gopkg.in/natefinch/lumberjack.v2@v2.2.1 >/dev/null 2>&1
cat >main.go <<'GO'
package main

import (
	"fmt"
	"os"
	"path/filepath"
	"sort"

	"gopkg.in/natefinch/lumberjack.v2"
)

func main() {
	home, err := os.MkdirTemp(".", "logs")
	if err != nil {
		panic(err)
	}
	name := filepath.Join(home, "server.log")
	if err := os.MkdirAll(filepath.Join(name, "kept"), 0o755); err != nil {
		panic(err)
	}
	log := &lumberjack.Logger{Filename: name, MaxSize: 1}
	_, err = log.Write([]byte("one line\n"))
	fmt.Println("error:", err)
	entries, _ := os.ReadDir(home)
	var kinds []string
	for _, e := range entries {
		kinds = append(kinds, fmt.Sprintf("folder %v", e.IsDir()))
		if e.IsDir() {
			inside, _ := os.ReadDir(filepath.Join(home, e.Name()))
			kinds = append(kinds, fmt.Sprintf("with %d inside, renamed %v", len(inside), e.Name() != "server.log"))
		}
	}
	sort.Strings(kinds)
	fmt.Println(kinds)
}
GO
go mod tidy >/dev/null 2>&1
out=$(go run .)
echo "$out"
want='error: <nil>
[folder false folder true with 1 inside, renamed true]'
[[ $out == "$want" ]] || { echo 'This has changed.' >&2; exit 1; }
