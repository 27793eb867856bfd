package main

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestSummaryCountsLeavesAndShowsFailures(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	s := newSummary(&out, time.Now)
	require.NoError(t, s.read(strings.NewReader(`
{"Action":"run","Package":"p","Test":"TestA"}
{"Action":"run","Package":"p","Test":"TestA/one"}
{"Action":"output","Package":"p","Test":"TestA/one","Output":"because\n"}
{"Action":"fail","Package":"p","Test":"TestA/one"}
{"Action":"fail","Package":"p","Test":"TestA"}
{"Action":"run","Package":"p","Test":"TestB"}
{"Action":"output","Package":"p","Test":"TestB","Output":"not shown\n"}
{"Action":"attr","Package":"p","Test":"TestB","Key":"contract","Value":"3 rows to go"}
{"Action":"pass","Package":"p","Test":"TestB"}
{"Action":"output","Package":"p","Test":"TestC","Output":"=== RUN   TestC\n"}
{"Action":"output","Package":"p","Test":"TestC","Output":"    c_test.go:7: there is no cockroach binary\n"}
{"Action":"output","Package":"p","Test":"TestC","Output":"--- SKIP: TestC (0.00s)\n"}
{"Action":"skip","Package":"p","Test":"TestC"}
{"Action":"run","Package":"p","Test":"TestD"}
{"Action":"run","Package":"p","Test":"TestD/part"}
{"Action":"pass","Package":"p","Test":"TestD/part"}
{"Action":"output","Package":"p","Test":"TestD","Output":"after its part\n"}
{"Action":"fail","Package":"p","Test":"TestD"}
{"Action":"fail","Package":"p","Elapsed":1.5}
{"Action":"output","Package":"q","Output":"panic: boom\n"}
{"Action":"fail","Package":"q"}
`)))
	s.finish()
	require.Contains(t, out.String(), "because")
	require.Contains(t, out.String(), "panic: boom")
	require.Contains(t, out.String(), "\nskipped: p TestC: there is no cockroach binary\n")
	require.Contains(t, out.String(), "\ncontract: 3 rows to go\n", "what a test that passed tells")
	require.NotContains(t, out.String(), "not shown")
	require.True(t, strings.HasSuffix(out.String(), "2 passed, 2 failed, 1 skipped\n"), out.String())
	require.Equal(t, []string{"q"}, s.broken)
}

// After a silence, what runs longest is named; what was said just now is not followed by anything.
func TestSilenceIsBroken(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	now := time.Unix(1000, 0)
	s := newSummary(&out, func() time.Time { return now })
	s.speakAfter(9 * time.Second)
	require.Empty(t, out.String())
	now = now.Add(10 * time.Second)
	s.speakAfter(9 * time.Second)
	require.Equal(t, "…   10s  0 packages done, compiling\n", out.String())
	out.Reset()
	s.take(event{Action: "start", Package: "p"})
	s.take(event{Action: "run", Package: "p", Test: "TestLong"})
	now = now.Add(5 * time.Second)
	s.speakAfter(9 * time.Second)
	require.Empty(t, out.String())
	now = now.Add(5 * time.Second)
	s.speakAfter(9 * time.Second)
	require.Equal(t, "…   20s  0 packages done, in p: TestLong (10s)\n", out.String())
}
