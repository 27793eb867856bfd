package query

import (
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"github.com/fluent-oms/fluent/dataplane/graphql/document"
	"github.com/fluent-oms/fluent/dataplane/graphql/keys"
	"github.com/fluent-oms/fluent/dataplane/store"
	"github.com/fluent-oms/fluent/domain/catalogue"
	"github.com/fluent-oms/fluent/domain/fault"
	"github.com/fluent-oms/fluent/domain/limit"
)

// page reads the paging arguments of a connection.
func (b *binder) page(args map[string]any) (store.Page, error) { return pageOf(args, b.limits.Page) }

// pageOf reads the paging arguments. null means absent.
func pageOf(args map[string]any, most int) (store.Page, error) {
	var page store.Page
	var err error
	if page.First, err = pageSize(args, "first", most); err != nil {
		return page, err
	}
	if page.Last, err = pageSize(args, "last", most); err != nil {
		return page, err
	}
	page.After, _ = args["after"].(string)
	page.Before, _ = args["before"].(string)
	switch {
	case page.First > 0 && page.Last > 0:
		return page, fault.Invalidf("last", "first and last exclude each other").WithCode(fault.CodeInvalid)
	case page.First == 0 && page.Last == 0 && page.Before != "" && page.After == "":
		page.Last = defaultPage
	case page.First == 0 && page.Last == 0:
		page.First = defaultPage
	}
	return page, nil
}

func pageSize(args map[string]any, name string, most int) (int, error) {
	n, ok := args[name].(int)
	switch {
	case !ok:
		return 0, nil
	case n > most:
		return 0, limit.Page.Reached(fault.Invalid, int64(most), "%s must be 1 to %d, not %d", name, most, n).At(name).WithCode(fault.CodeNumber)
	case n < 1:
		return 0, fault.Invalidf(name, "%s must be 1 to %d, not %d", name, most, n).WithCode(fault.CodeNumber)
	}
	return n, nil
}

// asked is what the cursors of a connection belong to: its arguments but for those that choose the page.
func asked(args map[string]any) string {
	filters := map[string]any{}
	for name, v := range args {
		if v != nil && name != "first" && name != "last" && name != "after" && name != "before" {
			filters[name] = v
		}
	}
	if len(filters) == 0 {
		return ""
	}
	text, err := json.Marshal(filters) // in the order of names
	if err != nil {
		return fmt.Sprint(filters)
	}
	return string(text)
}

// filters turns the search arguments into conditions, in the order of the type's fields.
func (b *binder) filters(st *state, t *catalogue.Type, args map[string]any) error {
	for _, f := range t.Fields {
		if f.Argument == "" {
			continue
		}
		v, ok := args[f.Name]
		if !ok || v == nil {
			continue
		}
		if err := b.filter(st, t, f, v); err != nil {
			return err
		}
	}
	for _, x := range t.Composites {
		if v := args[x.Name]; v != nil && x.Argument != "" {
			where, err := compositeFilters(x, v)
			if err != nil {
				return err
			}
			st.where = append(st.where, where...)
		}
	}
	return nil
}

func (b *binder) filter(st *state, t *catalogue.Type, f *catalogue.Field, v any) error {
	object, isObject := v.(map[string]any)
	switch {
	case f.Kind == catalogue.Time:
		from, to := object["from"], object["to"]
		if from == nil && to == nil {
			return fault.Invalidf(f.Name, "a date filter needs from, to, or both").WithCode(fault.CodeDateRange)
		}
		st.where = append(st.where, store.Condition{Field: f, Op: store.Range, Values: []any{from, wholeMilli(to)}})
	case isObject && f.Finds:
		return b.find(st, f, object)
	case isObject && f.Wrap != "":
		st.where = append(st.where, store.Condition{Field: f, Op: store.In, Values: []any{asValue(f, object[f.Wrap])}})
	case isObject:
		key := b.cat.Input(baseType(f.Argument))
		if key == nil {
			return fault.New(fault.Internal, "no key input %s for the argument %s", f.Argument, f.Name)
		}
		want, err := keys.New(key, object, f.Name)
		if err != nil {
			return err
		}
		st.keyed = append(st.keyed, keyFilter{field: f, want: want})
	default:
		st.where = append(st.where, listCondition(t, f, v))
	}
	return nil
}

// wholeMilli moves the end of a range to the end of its millisecond: rows are stored more finely than they are shown, and a range
// that ends at a time that was shown includes its row.
func wholeMilli(v any) any {
	t, ok := v.(time.Time)
	if !ok || t.Nanosecond()%int(time.Millisecond) != 0 {
		return v
	}
	return t.Add(time.Millisecond - time.Microsecond)
}

// listCondition is the condition of a list argument: one of its values. A list of nulls alone asks for rows without a value.
func listCondition(t *catalogue.Type, f *catalogue.Field, v any) store.Condition {
	list, _ := v.([]any)
	if f.Digits {
		list = numbers(list)
	}
	if f.Numbered {
		list = numberIDs(list)
	}
	cond := store.Condition{Field: f, Op: store.In}
	var texts []string
	for _, x := range list {
		if x == nil {
			continue
		}
		cond.Values = append(cond.Values, x)
		if s, ok := x.(string); ok {
			texts = append(texts, s)
		}
	}
	switch {
	case len(cond.Values) == 0 && len(list) > 0:
		return store.Condition{Field: f, Op: store.IsNull}
	case f.Kind == catalogue.Text && len(texts) > 0 && !f.Exact:
		cond = store.Match(f, texts...)
		if cond.Op == store.Like && t.FoldsCase {
			cond.Op = store.LikeFold
		}
	}
	return cond
}

// numbers turns texts of digits into what a column of integers holds; texts of anything else match nothing.
func numbers(list []any) []any {
	out := make([]any, 0, len(list))
	for _, x := range list {
		text, isText := x.(string)
		if n, err := strconv.Atoi(text); err == nil {
			out = append(out, n)
		} else if !isText {
			out = append(out, x)
		}
	}
	return out
}

// numberIDs turns numbers into the ids that references hold.
func numberIDs(list []any) []any {
	out := make([]any, len(list))
	for i, x := range list {
		if n, isNumber := x.(int); isNumber {
			out[i] = catalogue.ID(strconv.Itoa(n))
		}
	}
	return out
}

// baseType is the name inside a type text: [ProductKey!] → ProductKey.
func baseType(text string) string {
	start, end := 0, len(text)
	for start < end && text[start] == '[' {
		start++
	}
	for end > start && (text[end-1] == ']' || text[end-1] == '!') {
		end--
	}
	return text[start:end]
}

// inputFault gives an error of coercion the form of a fault.
func inputFault(err error) error {
	input, ok := err.(*document.InputError)
	if !ok {
		return fmt.Errorf("read the arguments: %w", err)
	}
	return fault.Invalidf(input.Place, "%s", input.Detail).WithCode(input.Code)
}
