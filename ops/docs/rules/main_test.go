package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/dataplane/rule"
	"github.com/fluent-oms/fluent/dataplane/rules/library"
)

func TestThePageIsThatOfTheLibrary(t *testing.T) {
	t.Parallel()
	kept, err := os.ReadFile(filepath.Join("..", "..", "..", "docs", "rules.md"))
	require.NoError(t, err)
	require.Equal(t, string(page(library.All())), string(kept), "run go generate ./ops/docs/rules and commit the result")
}

func TestCellsStayInTheirTable(t *testing.T) {
	t.Parallel()
	text := string(page([]rule.Rule{{Plugin: "p", Name: "R", Aliases: []string{"Q"}, Doc: "a|b <c>", Accepts: []string{"ORDER"},
		Props: []rule.Prop{{Name: "n", Type: "STRING", Multiple: true, Required: true, Doc: "x"}}}}))
	require.Contains(t, text, "| **R**<br>also Q | a\\|b &lt;c&gt; | `n`* string[]: x | ORDER |\n")
}
