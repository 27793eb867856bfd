package privacy

import (
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/domain"
	"github.com/fluent-oms/fluent/domain/catalogue"
	"github.com/fluent-oms/fluent/domain/foundation"
)

var update = flag.Bool("update", false, "write testdata anew")

// TestEachTextIsAPersonsOrNot: of each type whose rows may be found from a customer, each field that can hold words is listed as personal or not,
// by hand. A new field fails here until somebody has thought about it.
func TestEachTextIsAPersonsOrNot(t *testing.T) {
	t.Parallel()
	c := domain.Catalogue()
	tied := reached(c, c.TypeOf(&foundation.Customer{}))
	var lines []string
	for _, typ := range c.Types() {
		if !tied[typ] && !slices.ContainsFunc(typ.Fields, func(f *catalogue.Field) bool { return f.Personal }) {
			continue
		}
		for _, f := range typ.Fields {
			if words := f.Kind == catalogue.Text || f.Kind == catalogue.JSON; !words && !f.Personal || f == typ.Discriminator {
				continue
			}
			lines = append(lines, typ.Name+"."+f.Name+"\t"+mark(f))
			if f.Personal && f.Value != nil && hasParts(f.Value) {
				for _, m := range f.Value.Fields {
					lines = append(lines, typ.Name+"."+f.Name+"."+m.Name+"\t"+map[bool]string{true: "personal", false: "kept"}[m.Personal])
				}
			}
		}
	}
	got, path := strings.Join(lines, "\n")+"\n", filepath.Join("testdata", "personal.tsv")
	if *update {
		require.NoError(t, os.WriteFile(path, []byte(got), 0o600))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, string(want), got, "mark it pii where it is a person's, see docs/personal-data.md, and write the list with -update")
}

func mark(f *catalogue.Field) string {
	switch {
	case f.Personal && f.Value != nil && hasParts(f.Value):
		return "personal in parts"
	case f.Personal:
		return "personal"
	}
	return "kept"
}
