package masterdata

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/fluent-oms/fluent/dataplane/modules/manifest"
	"github.com/fluent-oms/fluent/dataplane/store"
	"github.com/fluent-oms/fluent/domain/fault"
	"github.com/fluent-oms/fluent/domain/inventory"
)

// record is one of a batch's.
type record map[string]any

// text is a member that is a text or a number; empty: there is none. The error is a fault at the member.
func (r record) text(name string) (string, error) {
	switch v := r[name].(type) {
	case nil:
		return "", nil
	case string:
		return v, nil
	case json.Number:
		return v.String(), nil
	}
	return "", fault.Invalidf(name, "must be a string").WithCode(fault.CodeInvalid)
}

// first is the first of some members that is given, and its name.
func (r record) first(names ...string) (text, name string, err error) {
	for _, name := range names {
		if text, err := r.text(name); text != "" || err != nil {
			return text, name, err
		}
	}
	return "", names[0], nil
}

// ref is the record's own, which it must have.
func (r record) ref(names ...string) (string, string, error) {
	text, name, err := r.first(names...)
	if err == nil && text == "" {
		err = fault.Invalidf(names[0], "is missing").WithCode(fault.CodeMissing)
	}
	return text, name, err
}

// refs is a member that is a list of texts. The error is a fault at the element.
func (r record) refs(name string) ([]string, error) {
	if r[name] == nil {
		return nil, nil
	}
	list, ok := r[name].([]any)
	if !ok {
		return nil, fault.Invalidf(name, "must be a list").WithCode(fault.CodeInvalid)
	}
	out := make([]string, len(list))
	for i, x := range list {
		if out[i], ok = x.(string); !ok || out[i] == "" {
			return nil, fault.Invalidf(fmt.Sprintf("%s[%d]", name, i), "must be a ref").WithCode(fault.CodeInvalid)
		}
	}
	return out, nil
}

// taken are the members of a record that an input has under the same name.
func (r record) taken(names string) map[string]any {
	out := make(map[string]any, len(r))
	for _, name := range strings.Fields(names) {
		if v, given := r[name]; given {
			out[name] = v
		}
	}
	if v, given := r["attributes"]; given {
		out["attributes"] = attributes(v)
	}
	return out
}

// attributes makes a list of named values of an object of values; a list is one already.
func attributes(v any) any {
	object, ok := v.(map[string]any)
	if !ok {
		return v
	}
	out := make([]any, 0, len(object))
	for name, value := range object {
		out = append(out, map[string]any{"name": name, "type": kind(value), "value": value})
	}
	slices.SortFunc(out, func(a, b any) int {
		return strings.Compare(a.(map[string]any)["name"].(string), b.(map[string]any)["name"].(string))
	})
	return out
}

func kind(v any) string {
	switch v := v.(type) {
	case string:
		return "STRING"
	case bool:
		return "BOOLEAN"
	case json.Number:
		if _, err := v.Int64(); err == nil {
			return "INTEGER"
		}
		return "FLOAT"
	}
	return "JSON"
}

// otherwise gives a member of an input that is not given a value.
func otherwise(input map[string]any, name string, value any) {
	if input[name] == nil {
		input[name] = value
	}
}

// inCatalogue is the key of what a product catalogue has under a ref.
func inCatalogue(ref string, c *inventory.ProductCatalogue) map[string]any {
	return map[string]any{"ref": ref, "catalogue": map[string]any{"ref": c.Ref}}
}

// productCatalogue is the one that a batch names, else the one that its retailer started with.
func productCatalogue(ctx context.Context, r *store.Reader, b manifest.Batch) (*inventory.ProductCatalogue, error) {
	ref := b.CatalogueRef
	switch {
	case ref == "" && b.Retailer == 0:
		return nil, fault.Invalidf("catalogueRef", "a batch of the account names a product catalogue").WithCode(fault.CodeMissing)
	case ref == "":
		ref = fmt.Sprintf("PC:MASTER:%d", b.Retailer)
	}
	found, err := store.ByKey[inventory.ProductCatalogue](ctx, r, store.Key{ref})
	if err == nil && found == nil {
		err = fault.NotFoundf("There is no product catalogue %s", ref).At("catalogueRef")
	}
	return found, err
}

// depths are how many of a batch's records each hangs on by chains of refs; those that hang on themselves hang on none.
func depths(parents map[string]string) map[string]int {
	out := make(map[string]int, len(parents))
	for ref := range parents {
		n, seen := 0, map[string]bool{ref: true}
		for at := parents[ref]; ; at = parents[at] {
			if _, here := parents[at]; at == "" || !here {
				break
			}
			if n++; seen[at] {
				n = 0
				break
			}
			seen[at] = true
		}
		out[ref] = n
	}
	return out
}

func key(ref string, c *inventory.ProductCatalogue) store.Key { return store.Key{ref, c.ID} }
