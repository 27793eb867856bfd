package main

import (
	"bytes"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestSummaryCountsLeavesAndShowsFailures(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	s := newSummary(&out)
	require.NoError(t, s.read(strings.NewReader(`
{"Action":"run","Package":"p","Test":"TestA"}
{"Action":"run","Package":"p","Test":"TestA/one"}
{"Action":"output","Package":"p","Test":"TestA/one","Output":"because\n"}
{"Action":"fail","Package":"p","Test":"TestA/one"}
{"Action":"fail","Package":"p","Test":"TestA"}
{"Action":"run","Package":"p","Test":"TestB"}
{"Action":"output","Package":"p","Test":"TestB","Output":"not shown\n"}
{"Action":"pass","Package":"p","Test":"TestB"}
{"Action":"skip","Package":"p","Test":"TestC"}
{"Action":"fail","Package":"p","Elapsed":1.5}
{"Action":"output","Package":"q","Output":"panic: boom\n"}
{"Action":"fail","Package":"q"}
`)))
	s.finish()
	require.Contains(t, out.String(), "because")
	require.Contains(t, out.String(), "panic: boom")
	require.NotContains(t, out.String(), "not shown")
	require.True(t, strings.HasSuffix(out.String(), "1 passed, 1 failed, 1 skipped\n"), out.String())
	require.Equal(t, []string{"q"}, s.broken)
}
