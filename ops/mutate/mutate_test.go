package main

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// The test binary runs itself with bounded memory, as the program does.
func TestMain(m *testing.M) {
	limited()
	os.Exit(m.Run())
}

func mutate(t *testing.T, dir string, args ...string) (string, int) {
	t.Helper()
	var out bytes.Buffer
	code, err := run(context.Background(), append([]string{"-dir", dir}, args...), &out, false)
	require.NoError(t, err, out.String())
	return out.String(), code
}

// plain is the lines about mutants.
func plain(out string) string {
	return regexp.MustCompile(`(?m)^(… .*| *\d+ mutants.*)\n`).ReplaceAllString(out, "")
}

func TestSurvivorsArePrintedWithTheirPlaces(t *testing.T) {
	t.Parallel()
	dir := filepath.Join("testdata", "tiny")
	before, err := os.ReadFile(filepath.Join(dir, "shelf", "shelf.go"))
	require.NoError(t, err)
	out, code := mutate(t, dir, "-jobs", "2", "-fail", "./shelf")
	require.Equal(t, 1, code, "some survive, and -fail asks for a status")
	require.Regexp(t, `^12 mutants to try, 2 at a time; `, out, "before anything slow begins")
	require.ElementsMatch(t, strings.Split(strings.TrimSpace(`
shelf/shelf.go:9:16: have+n <= limit → <
shelf/shelf.go:16:3: left out: delete(shelf, name)
shelf/shelf.go:22:36: n > 7 → >=   (no test comes by)
shelf/shelf.go:22:38: func Unsold(n int) bool { return n > 7 }: 7 → 8   (no test comes by)
`), "\n"), strings.Split(strings.TrimSpace(plain(out)), "\n"), out)
	require.Contains(t, out, " survived, of which no test comes by 2\n")
	after, err := os.ReadFile(filepath.Join(dir, "shelf", "shelf.go"))
	require.NoError(t, err)
	require.Equal(t, string(before), string(after))
}

func TestTestsOfPackagesAboveMayKill(t *testing.T) {
	t.Parallel()
	dir := filepath.Join("testdata", "tiny")
	out, code := mutate(t, dir, "-only", "delete", "-v", "-above", "1", "./shelf")
	require.Equal(t, 0, code)
	require.Equal(t, "shelf/shelf.go:16:3: left out: delete(shelf, name)   killed by shop.TestClose\n", plain(out))
	require.Contains(t, out, "1 mutants: 1 killed, 0 survived")
}

func TestASampleIsAsLargeAsAskedForAndComesAgainWithItsSeed(t *testing.T) {
	t.Parallel()
	dir := filepath.Join("testdata", "tiny")
	first, _ := mutate(t, dir, "-list", "-sample", "3", "-seed", "7", "./...")
	require.Equal(t, 1+3, strings.Count(first, "\n"), first)
	require.Contains(t, first, "-seed 7")
	again, _ := mutate(t, dir, "-list", "-sample", "3", "-seed", "7", "./...")
	require.Equal(t, first, again)
	other, _ := mutate(t, dir, "-list", "-sample", "3", "-seed", "8", "./...")
	require.NotEqual(t, plain(first), plain(other))
}

func TestTestsThatFailByThemselvesTellNothing(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, dir, "go.mod", "module example.com/red\n\ngo 1.26\n")
	write(t, dir, "red.go", "package red\n\nfunc Two() int { return 1 }\n")
	write(t, dir, "red_test.go", "package red\n\nimport \"testing\"\n\nfunc TestTwo(t *testing.T) {\n\tif Two() != 2 {\n\t\tt.Fatal()\n\t}\n}\n")
	_, err := run(context.Background(), []string{"-dir", dir, "."}, &bytes.Buffer{}, false)
	require.ErrorContains(t, err, "red.TestTwo")
}

// TestOnlyWhatDiffersFromTheBranchIsTaken: committed or not, and all of a new file.
func TestOnlyWhatDiffersFromTheBranchIsTaken(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	git := func(args ...string) {
		cmd := exec.Command("git", append([]string{"-c", "user.name=a", "-c", "user.email=a@example.com"}, args...)...)
		cmd.Dir = dir
		out, err := cmd.CombinedOutput()
		require.NoError(t, err, string(out))
	}
	git("init", "-q", "-b", "main")
	write(t, dir, "go.mod", "module example.com/git\n\ngo 1.26\n")
	write(t, dir, "a.go", "package git\n\nfunc Old(n int) bool { return n < 1 }\n\nfunc Changed(n int) bool { return n < 2 }\n")
	git("add", ".")
	git("commit", "-qm", "one")
	out, _ := mutate(t, dir, "-list")
	require.Contains(t, out, "nothing to mutate")
	git("checkout", "-qb", "other")
	write(t, dir, "a.go", "package git\n\nfunc Old(n int) bool { return n < 1 }\n\nfunc Changed(n int) bool { return n < 3 }\n")
	git("commit", "-qam", "two")
	write(t, dir, "b.go", "package git\n\nfunc New(n int) bool { return n > 4 }\n")
	write(t, dir, "b_test.go", "package git\n\nvar three = 3\n")
	out, _ = mutate(t, dir, "-list")
	require.Equal(t, `a.go:5:37: n < 3 → <=
a.go:5:39: func Changed(n int) bool { return n < 3 }: 3 → 2
b.go:3:33: n > 4 → >=
b.go:3:35: func New(n int) bool { return n > 4 }: 4 → 5
`, out)
	out, _ = mutate(t, dir, "-list", "-whole")
	require.Contains(t, out, "a.go:3:33: n < 1 → <=")
}

func write(t *testing.T, dir, name, text string) {
	t.Helper()
	require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600))
}

func TestOutcomesAreRead(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]outcome{
		`{"Action":"pass","Package":"a/b","Elapsed":1.5}`: {slowest: 1500e6},
		`{"Action":"fail","Package":"a/b","Test":"TestX"}
{"Action":"fail","Package":"a/b","Elapsed":0.5}`: {failed: "b.TestX", slowest: 500e6},
		`{"ImportPath":"a/b","Action":"build-fail"}
{"Action":"fail","Package":"a/b","Elapsed":0,"FailedBuild":"a/b"}`: {broken: true, failed: "b."},
		`{"Action":"output","Package":"a/b","Test":"TestX","Output":"panic: test timed out after 1s\n"}
{"Action":"fail","Package":"a/b","Test":"TestX"}`: {failed: "the time limit, in b.TestX"},
	} {
		got := read(text)
		got.complete = ""
		require.Equal(t, want, got, text)
	}
}

func TestWhatLiesOutsideBlocksIsNotMissed(t *testing.T) {
	t.Parallel()
	c := coverage{"p/a.go": {{position(3, 5), position(5, 2), false}, {position(7, 5), position(9, 2), true}, {position(8, 1), position(8, 9), false}}}
	require.True(t, c.misses("p/a.go", 4, 1))
	require.True(t, c.misses("p/a.go", 3, 5))
	require.False(t, c.misses("p/a.go", 5, 2))
	require.False(t, c.misses("p/a.go", 1, 1))
	require.False(t, c.misses("p/a.go", 8, 3), "a block within one that tests came by")
}

func TestImportersComeNearestFirst(t *testing.T) {
	t.Parallel()
	tested := []string{"x_test.go"}
	all := []listed{
		{ImportPath: "top", Imports: []string{"mid"}, TestGoFiles: tested},
		{ImportPath: "mid", Imports: []string{"low"}, TestGoFiles: tested},
		{ImportPath: "helper", Imports: []string{"low"}},
		{ImportPath: "user", XTestImports: []string{"helper"}, XTestGoFiles: tested},
		{ImportPath: "over", Imports: []string{"user"}, TestGoFiles: tested},
		{ImportPath: "low", TestGoFiles: tested},
	}
	require.Equal(t, []string{"mid"}, importers(all, "low", 1))
	require.Equal(t, []string{"mid", "top", "user"}, importers(all, "low", 2))
	require.Equal(t, []string{"mid", "top", "user"}, importers(all, "low", 3), "nobody imports tests")
}
