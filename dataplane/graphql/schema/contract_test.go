package schema_test

import (
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/vektah/gqlparser/v2/ast"
)

// later are the types that the public interface has and this schema does not have yet. What leads to them is left out with them.
var later = []string{
	"App", "StorageArea", "StorageAreaId", "CreateStorageAreaWithLocationInput", "UpdateStorageAreaWithLocationInput", "Manifest",
	"FinancialTransaction", "PaymentLink", "PaymentKey", "PaymentLinkInput", "ConsignmentArticle", "CarrierConsignmentArticle",
}

// ours is what this schema has beyond the public interface.
var ours = []string{"PageInfo.startCursor", "PageInfo.endCursor"}

// fact is one row: a definition (field empty) or one of its fields, with what is said of it.
type fact struct{ typ, args string }

// published reads the facts of the public interface: Owner.field → type and arguments.
func published(t *testing.T) map[string]fact {
	t.Helper()
	text, err := os.ReadFile("testdata/contract.tsv")
	require.NoError(t, err)
	facts := map[string]fact{}
	for _, row := range strings.Split(strings.Trim(string(text), "\n"), "\n") {
		if strings.HasPrefix(row, "#") {
			continue
		}
		c := strings.Split(row, "\t")
		require.Len(t, c, 4, row)
		facts[strings.TrimSuffix(c[0]+"."+c[1], ".")] = fact{typ: c[2], args: words(strings.Fields(c[3]))}
	}
	return facts
}

func words(w []string) string {
	slices.Sort(w)
	return strings.Join(w, " ")
}

// printed reads the same facts out of the printed schema.
func printed(s *ast.Schema) map[string]fact {
	kinds := map[ast.DefinitionKind]string{ast.Object: "type", ast.InputObject: "input", ast.Interface: "interface", ast.Enum: "enum"}
	facts := map[string]fact{}
	for name, d := range s.Types {
		if d.BuiltIn || kinds[d.Kind] == "" {
			continue
		}
		if name != "Query" && name != "Mutation" {
			facts[name] = fact{typ: kinds[d.Kind], args: words(slices.Clone(d.Interfaces))}
		}
		for _, f := range d.Fields {
			if strings.HasPrefix(f.Name, "__") {
				continue
			}
			var args []string
			for _, a := range f.Arguments {
				args = append(args, a.Name+":"+a.Type.String())
			}
			facts[name+"."+f.Name] = fact{typ: f.Type.String(), args: words(args)}
		}
	}
	return facts
}

var connectionOf = regexp.MustCompile(`(Connection|Edge)$`)

func isLater(typ string) bool {
	base := connectionOf.ReplaceAllString(strings.Trim(typ, "[]!"), "")
	return slices.Contains(later, base)
}

// withoutLater drops arguments of types that are not here yet.
func withoutLater(args string) string {
	return words(slices.DeleteFunc(strings.Fields(args), func(a string) bool {
		_, typ, ok := strings.Cut(a, ":")
		return ok && isLater(typ)
	}))
}

func TestTheSchemaHasWhatThePublicInterfaceHas(t *testing.T) {
	t.Parallel()
	want, have := published(t), printed(load(t))
	for _, name := range slices.Sorted(maps.Keys(want)) {
		w, h := want[name], have[name]
		if isLater(w.typ) {
			t.Logf("later: %s %s", name, w.typ)
			if _, here := have[name]; here {
				t.Errorf("%s is here, although its type is listed as later", name)
			}
			continue
		}
		if args := withoutLater(w.args); args != w.args {
			t.Logf("later: an argument of %s", name)
			w.args = args
		}
		if w != h {
			t.Errorf("%s\n  want %s (%s)\n  have %s (%s)", name, w.typ, w.args, h.typ, h.args)
		}
	}
}

func TestTheSchemaHasNothingElse(t *testing.T) {
	t.Parallel()
	want, have := published(t), printed(load(t))
	for _, name := range slices.Sorted(maps.Keys(have)) {
		if _, ok := want[name]; !ok && !slices.Contains(ours, name) {
			t.Errorf("%s is not in the public interface", name)
		}
	}
}
