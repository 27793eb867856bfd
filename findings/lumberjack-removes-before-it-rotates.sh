#!/bin/bash
# gopkg.in/natefinch/lumberjack.v2 2.2.1 (Go): a process starts to write to a log that is far from full, with more old ones beside it than it keeps.
#
# Guess:     as its documentation says, old files may be deleted "whenever a new logfile gets created"; one line more in a file that has room
#            creates none, so the old ones stay until the next rotation.
# What is:   the first write after the start begins the removal, in a goroutine of its own, though nothing is rotated and no file is created. A
#            second line of the same process removes nothing any more.
# So:        whatever opens a log for one line (a command beside the service, a restart with a smaller limit) may delete logs at once; and a
#            test that counts files after a first write counts by chance.
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
	"log"
	"os"
	"path/filepath"
	"time"

	"gopkg.in/natefinch/lumberjack.v2"
)

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

func main() {
	folder, err := os.MkdirTemp(".", "logs")
	check(err)
	current := filepath.Join(folder, "app.log")
	check(os.WriteFile(current, []byte("a line of yesterday\n"), 0o600))
	old := func(day int) string { return filepath.Join(folder, fmt.Sprintf("app-2026-01-%02dT00-00-00.000.log", day)) }
	for day := 1; day <= 5; day++ {
		check(os.WriteFile(old(day), []byte("old\n"), 0o600))
	}
	olds := func() int {
		found, err := filepath.Glob(filepath.Join(folder, "app-*.log"))
		check(err)
		return len(found)
	}
	before := olds()
	l := &lumberjack.Logger{Filename: current, MaxSize: 1, MaxBackups: 2} // one megabyte: there is room
	_, err = l.Write([]byte("a line of today\n"))
	check(err)
	for until := time.Now().Add(20 * time.Second); olds() == before && time.Now().Before(until); {
		time.Sleep(5 * time.Millisecond)
	}
	text, err := os.ReadFile(current)
	check(err)
	first := olds()
	check(os.WriteFile(old(9), []byte("old\n"), 0o600))
	_, err = l.Write([]byte("another one\n"))
	check(err)
	time.Sleep(2 * time.Second) // for what should not happen there is no sign to wait for
	fmt.Printf("old files %d, after the first line %d, with one more and a second line %d; the log was rotated: %v\n",
		before, first, olds(), string(text) != "a line of yesterday\na line of today\n")
}
GO
go mod tidy >/dev/null 2>&1
seen=$(go run .)
echo "$seen"
wanted='old files 5, after the first line 2, with one more and a second line 3; the log was rotated: false'
[ "$seen" = "$wanted" ] || { echo "This has changed: $wanted was seen before." >&2; exit 1; }
