package main

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/dataplane/modules"
	"github.com/fluent-oms/fluent/dataplane/rule"
)

func TestThePageIsThatOfTheLibrary(t *testing.T) {
	t.Parallel()
	kept, err := os.ReadFile(filepath.Join("..", "..", "..", "docs", "rules.md"))
	require.NoError(t, err)
	require.Equal(t, string(page(modules.Rules())), string(kept), "run go generate ./ops/docs/rules and commit the result")
}

func TestCellsStayInTheirTable(t *testing.T) {
	t.Parallel()
	type props struct {
		N []string       `prop:"n,required" doc:"x"`
		E rule.EventName `prop:"e" default:"Go" doc:"a|b"`
		_ string         `prop:"u" doc:"y"`
	}
	r := rule.New("p", "R", "a|b <c>", func(context.Context, *rule.Context, props) error { return nil }).On("ORDER").Also("Q")
	text := string(page([]rule.Rule{r}))
	require.Contains(t, text, "| **R**<br>also Q | a\\|b &lt;c&gt; | `n`* string[]: x<br>`e` event: a\\|b Default: Go.<br>`u` without effect: y | ORDER |\n")
}
