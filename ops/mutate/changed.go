package main

import (
	"context"
	"fmt"
	"path/filepath"
	"strconv"
	"strings"
)

// lines is a range of a file's lines, both included.
type lines struct{ from, to int }

// changes is what differs from the main branch, by the path of the file.
type changes map[string][]lines

// everything is the range of a file that is new.
var everything = lines{1, 1 << 30}

// changed asks git what differs from where this branch left another, committed or not.
func (o options) changed(ctx context.Context) (changes, error) {
	top, err := o.output(ctx, "git", "rev-parse", "--show-toplevel")
	if err != nil {
		return nil, err
	}
	base, err := o.output(ctx, "git", "merge-base", o.since, "HEAD")
	if err != nil {
		return nil, err
	}
	diff, err := o.output(ctx, "git", "-c", "core.quotePath=false", "diff", "--unified=0", "--no-color", "--no-ext-diff", "--no-prefix", "--diff-filter=d", strings.TrimSpace(base), "--", "*.go")
	if err != nil {
		return nil, err
	}
	fresh, err := o.output(ctx, "git", "-c", "core.quotePath=false", "ls-files", "--others", "--exclude-standard", "--full-name", "--", "*.go")
	if err != nil {
		return nil, err
	}
	found, err := readDiff(diff)
	if err != nil {
		return nil, err
	}
	for _, name := range strings.Fields(fresh) {
		found[name] = []lines{everything}
	}
	full := changes{}
	for name, l := range found {
		if !strings.HasSuffix(name, "_test.go") && !strings.Contains(name, "testdata/") {
			full[filepath.Join(strings.TrimSpace(top), name)] = l
		}
	}
	return full, nil
}

// readDiff reads a diff without context. Where lines were only removed, those around count.
func readDiff(diff string) (changes, error) {
	found, name := changes{}, ""
	for line := range strings.Lines(diff) {
		if after, ok := strings.CutPrefix(line, "+++ "); ok {
			name = strings.TrimSpace(after)
		}
		if !strings.HasPrefix(line, "@@ ") {
			continue
		}
		// @@ -12,0 +13,4 @@
		_, after, _ := strings.Cut(line, " +")
		added, _, _ := strings.Cut(after, " ")
		start, count, several := strings.Cut(added, ",")
		from, err := strconv.Atoi(start)
		n := 1
		if err == nil && several {
			n, err = strconv.Atoi(count)
		}
		if err != nil {
			return nil, fmt.Errorf("read git's diff: %q: %w", strings.TrimSpace(line), err)
		}
		if n == 0 {
			n = 2
		}
		found[name] = append(found[name], lines{from, from + n - 1})
	}
	return found, nil
}

// folders are the packages of the changed files, as patterns for go list.
func (c changes) folders() []string {
	seen := map[string]bool{}
	var found []string
	for path := range c {
		if dir := filepath.Dir(path); !seen[dir] {
			seen[dir] = true
			found = append(found, dir)
		}
	}
	return found
}

func (c changes) touches(path string, line int) bool {
	for _, l := range c[path] {
		if l.from <= line && line <= l.to {
			return true
		}
	}
	return false
}
