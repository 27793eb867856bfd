package schema

import (
	"errors"
	"fmt"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
)

// Behind checks that each field of a root object has exactly one thing behind it, and that nothing stands behind fields that there are not.
// names are the fields behind which something stands, once for each thing. The error names all that do not fit.
func Behind(object *ast.Definition, names []string) error {
	count := map[string]int{}
	for _, n := range names {
		count[n]++
	}
	var errs []error
	for _, f := range object.Fields {
		switch n := count[f.Name]; {
		case strings.HasPrefix(f.Name, "__"):
		case n == 0:
			errs = append(errs, fmt.Errorf("%s.%s: nothing is behind it: declare what it makes or changes, or add a row to the manifest of a module", object.Name, f.Name))
		case n > 1:
			errs = append(errs, fmt.Errorf("%s.%s: it is served %d times", object.Name, f.Name, n))
		}
	}
	for _, n := range names {
		if object.Fields.ForName(n) == nil {
			errs = append(errs, fmt.Errorf("%s.%s: something is behind it, but the catalogue declares no such field", object.Name, n))
		}
	}
	return errors.Join(errs...)
}
