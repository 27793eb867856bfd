package entity_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/dataplane/graphql"
	"github.com/fluent-oms/fluent/dataplane/graphql/answer"
	"github.com/fluent-oms/fluent/dataplane/graphql/document"
	"github.com/fluent-oms/fluent/dataplane/identity/rights"
	"github.com/fluent-oms/fluent/dataplane/modules"
	"github.com/fluent-oms/fluent/dataplane/settings"
	"github.com/fluent-oms/fluent/domain"
	"github.com/fluent-oms/fluent/domain/catalogue"
	"github.com/fluent-oms/fluent/domain/fault"
	"github.com/fluent-oms/fluent/domain/form"
)

// wrong is a value that a place in an input must not have.
type wrong struct {
	why   string
	value any
	code  string
}

// ofType are values that are not of a scalar's type.
var ofType = map[string][]wrong{
	"String":     {{"a number", 5, document.CodeInput}, {"a list in it", map[string]any{"a": 1}, document.CodeInput}, {"NUL", "a\x00b", document.CodeInput}},
	"Int":        {{"a text", "5", document.CodeInput}, {"above 32 bits", 2147483648, document.CodeInput}, {"below 32 bits", -2147483649, document.CodeInput}, {"a fraction", 1.5, document.CodeInput}},
	"Float":      {{"a text", "1.5", document.CodeInput}, {"true", true, document.CodeInput}},
	"Boolean":    {{"a word", "yes", document.CodeInput}, {"a number", 1, document.CodeInput}},
	"ID":         {{"a fraction", 1.5, document.CodeInput}, {"true", true, document.CodeInput}},
	"DateTime":   {{"a word", "yesterday", fault.CodeDate}, {"no day", "2026-02-30T00:00:00Z", fault.CodeDate}, {"a number", 1767225600, fault.CodeDate}, {"no zone", "2026-01-01T00:00:00+25:00", fault.CodeDate}},
	"BigDecimal": {{"a word", "ten", document.CodeInput}},
}

// guarded are words that code knows, not declarations.
var guarded = map[string]wrong{
	"RoleContextInput.contextType": {"no kind of place", "RETALIER", fault.CodeInvalid}, "PermissionKey.name": {"no permission", "ORDER_VEIW", fault.CodeNotFound},
}

// ofForm are values of the right type that the target of a place cannot hold.
func ofForm(p place) (out []wrong) {
	add := func(why string, value any, code string) { out = append(out, wrong{why, value, code}) }
	switch {
	case p.guarded != nil:
		return []wrong{*p.guarded}
	case p.elsewhere != "":
		return []wrong{{"names nothing", "NOPE", fault.CodeNotFound}}
	case p.among != nil:
		return []wrong{{"none of the words", "NOPE", map[bool]string{true: document.CodeInput, false: fault.CodeInvalid}[p.enum]}}
	case p.constants:
		return []wrong{{"none there", "QQQ", fault.CodeNotFound}}
	case p.text:
		limit := p.limit
		if limit == 0 {
			limit = 255
		}
		add("too long", strings.Repeat("ü", limit+1), fault.CodeTooLong)
	}
	if p.words != nil {
		add("misspelt", p.words[0][1:], fault.CodeInvalid)
	}
	switch p.form {
	case form.Ref:
		add("a blank at the end", "A ", fault.CodeInvalid)
		add("a tabulator", "A\tB", fault.CodeInvalid)
	case form.TimeZone:
		add("no zone", "Mars/Olympus", fault.CodeInvalid)
	case form.TimeOfDay:
		add("no minute", 975, fault.CodeNumber)
	}
	if p.Least != nil {
		add("too little", *p.Least-1, fault.CodeNumber)
	}
	if p.Most != nil {
		add("too much", *p.Most+1, fault.CodeNumber)
	} else if p.base == "Float" && !strings.HasSuffix(p.path, ".amount") { // which contradicts its unscaled value first
		add("more digits than are kept", 1e16, fault.CodeNumber)
	}
	return out
}

// place is where a value stands in an input, and what is said of it.
type place struct {
	path             string
	base             string // scalar or enumeration
	text, enum       bool
	limit            int
	among, words     []string
	constants        bool
	required         bool
	guarded          *wrong // what code refuses; nil: the declarations say all
	elsewhere        string // where it is found out that what it names is not there; empty: at the place
	form             *form.Form
	catalogue.Bounds // of a number
}

// places lists those of plain values in an input that is filled in.
func places(in *catalogue.Input, value map[string]any, at string) (out []place) {
	for _, f := range in.Fields {
		v, given := value[f.Name]
		if list, ok := v.([]any); ok && len(list) > 0 {
			v = list[0]
		}
		path := at + "." + f.Name
		if strings.HasPrefix(f.Type, "[") {
			path += "[0]"
		}
		inner := domain.Catalogue().Input(catalogue.BaseType(f.Type))
		if object, ok := v.(map[string]any); ok && inner != nil {
			if f.Children != nil {
				inner = f.Children // as it lands in the type of its connection
			}
			if f.Key == nil && f.Finds == nil {
				out = append(out, places(inner, object, path)...)
			}
			continue
		}
		if given && inner == nil && !strings.HasPrefix(f.Type, "[[") {
			out = append(out, placeOf(in, f, path))
		}
	}
	return out
}

func placeOf(in *catalogue.Input, f *catalogue.InputField, path string) place {
	p := place{path: path, base: catalogue.BaseType(f.Type), limit: f.MaxLen, required: f.Required}
	if e := domain.Catalogue().Enum(p.base); e != nil {
		p.enum, p.among = true, e.Values
		return p
	}
	if w, ok := guarded[in.Name+"."+f.Name]; ok {
		p.guarded = &w
	}
	if in.Of != nil && f.Field != nil {
		p.elsewhere = elsewhere(in, f, path)
	}
	if x := f.Field; x != nil && !strings.HasPrefix(f.Type, "[") {
		p.limit, p.among, p.words, p.form, p.Bounds, p.constants = x.MaxLen, x.Among, x.Words, x.Form, x.Bounds, x.Constants != nil
		p.text = x.Kind == catalogue.Text && p.base == "String" && x.Names == nil
		return p
	}
	for _, v := range domain.Catalogue().Values() {
		if v.Input != in || f.Key != nil {
			continue
		}
		for _, m := range v.Fields {
			if m.Name == f.Name {
				p.limit, p.form, p.Bounds, p.text, p.constants = m.MaxLen, m.Form, m.Bounds, p.base == "String", m.Constants != nil
			}
		}
	}
	return p
}

// elsewhere is where it is told that what a value names is not there: at the input of what an update finds by it, or at the first of the values that name
// something together.
func elsewhere(in *catalogue.Input, f *catalogue.InputField, path string) string {
	whole := path[:strings.LastIndex(path, ".")]
	if f.Identify {
		return whole
	}
	for _, k := range in.Of.KeyRefs {
		if k.Required() && slices.Contains(k.Local, f.Field) {
			return whole + "." + k.Local[0].Name
		}
	}
	return ""
}

// exchanged is a copy of an input with another value at a path such as input.items[0].quantity.
func exchanged(value map[string]any, path string, v any) map[string]any {
	out := maps.Clone(value)
	name, rest, more := strings.Cut(path, ".")
	name, list := strings.CutSuffix(name, "[0]")
	next := out[name]
	if all, ok := next.([]any); ok && list {
		next = all[0]
	}
	if more {
		v = exchanged(next.(map[string]any), rest, v)
	}
	if list {
		v = []any{v}
	}
	out[name] = v
	return out
}

// literal prints a value as GraphQL does.
func literal(v any) string {
	switch v := v.(type) {
	case map[string]any:
		var parts []string
		for _, k := range slices.Sorted(maps.Keys(v)) {
			parts = append(parts, k+": "+literal(v[k]))
		}
		return "{" + strings.Join(parts, ", ") + "}"
	case []any:
		var parts []string
		for _, x := range v {
			parts = append(parts, literal(x))
		}
		return "[" + strings.Join(parts, ", ") + "]"
	default:
		raw, _ := json.Marshal(v)
		return string(raw)
	}
}

// doorman answers requests like a node does.
func (h *house) doorman() func(query string, variables map[string]any) answer.Response {
	c := domain.Catalogue()
	executor, err := graphql.New(graphql.Deps{Catalogue: c, Operations: modules.Operations(), DB: h.db, Workflows: flows{}, Engine: &h.sent,
		Checks: settings.Checks(c), Guards: modules.Guards(c, rights.Guards(c, hasher{}))})
	require.NoError(h, err)
	return func(query string, variables map[string]any) answer.Response {
		raw, err := json.Marshal(map[string]any{"query": query, "variables": variables})
		require.NoError(h, err)
		req, err := document.Decode(raw)
		if err != nil {
			return answer.Response{Errors: []*answer.Error{answer.FromFault(err, nil)}}
		}
		return executor.Execute(h.Context(), h.who, req)
	}
}

// TestNoInputTakesBadValues walks all inputs of creations and updates. At each place where a value stands it tries all values that are not of the type,
// not of the form or beyond the bounds that are declared there: each is refused with its place and its code, and nothing in any table changes.
func TestNoInputTakesBadValues(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	ask := h.doorman()
	type trial struct {
		mutation *catalogue.Mutation
		value    map[string]any
		place    place
	}
	var trials []trial
	seen := map[string]bool{}
	collect := func(m *catalogue.Mutation, value map[string]any) {
		for _, p := range places(m.Input, value, "input") {
			short := m.Input.Name + strings.TrimPrefix(p.path, "input")
			if !seen[short] {
				seen[short] = true
				trials = append(trials, trial{m, value, p})
			}
		}
	}
	for _, typ := range domain.Catalogue().Types() {
		if typ.Provided {
			continue
		}
		if typ.Create != nil {
			collect(typ.Create, h.input(typ.Create.Input, "A").(map[string]any))
		}
		if typ.Update != nil && typ.Create != nil {
			value := h.input(typ.Update.Input, "A").(map[string]any)
			collect(typ.Update, h.changes(typ, value))
		}
	}
	before := h.checksum()
	var tried []string
	for _, x := range trials {
		query := fmt.Sprintf("mutation($input: %s) { %s(input: $input) { __typename } }", x.mutation.Input.Name, x.mutation.Name)
		for _, w := range wrongs(x.place, len(tried)) {
			where := fmt.Sprintf("%s %s: %s", x.mutation.Name, x.place.path, w.why)
			value := exchanged(x.value, strings.TrimPrefix(x.place.path, "input."), w.value)
			res := ask(query, map[string]any{"input": value})
			require.Len(t, res.Errors, 1, where)
			want, got := x.place.path, res.Errors[0].Extensions
			if w.code == fault.CodeNotFound && x.place.elsewhere != "" {
				want = x.place.elsewhere
			}
			require.Equal(t, []string{want, w.code}, []string{strings.TrimPrefix(got.Field, "$"), got.Code}, "%s: %s", where, res.Errors[0].Message)
			if w.code == document.CodeInput { // literals follow the same rules
				res := ask(fmt.Sprintf("mutation { %s(input: %s) { __typename } }", x.mutation.Name, literal(value)), nil)
				require.NotEmpty(t, res.Errors, "%s, as a literal", where)
			}
			tried = append(tried, w.why)
		}
	}
	require.Equal(t, before, h.checksum(), "what is refused changes nothing")
	slices.Sort(tried)
	t.Logf("%d bad values at %d places, of the kinds %v", len(tried), len(trials), slices.Compact(slices.Clone(tried)))
	require.Greater(t, len(tried), 1000)
}

// wrongs are bad values for a place: all that are not of its form, and one of those that are not of its type, each time another.
func wrongs(p place, n int) []wrong {
	out := ofForm(p)
	if of := ofType[p.base]; len(of) > 0 {
		out = append(out, of[n%len(of)])
	}
	if p.required && n%3 == 0 {
		out = append(out, wrong{"null", nil, fault.CodeMissing})
	}
	return out
}

// changes is an input of an update that finds the fixture of its type.
func (h *house) changes(t *catalogue.Type, value map[string]any) map[string]any {
	e := h.fixture(t)
	for _, f := range t.Update.Input.Fields {
		if !f.Identify {
			if f.Children != nil || f.Key != nil || f.Precise != nil {
				delete(value, f.Name)
			}
			continue
		}
		v := f.Field.Get(e)
		switch id, isID := v.(catalogue.ID); {
		case f.Key != nil:
			v = h.key(f.Key, f.Field)
		case isID:
			v = string(id)
		}
		value[f.Name] = v
	}
	return value
}

// counters are tables that count what was ever asked for: a refusal may use up numbers, which are never given twice.
var counters = []string{"id_blocks", "goose_db_version"}

// checksum is that of all rows of all tables.
func (h *house) checksum() map[string]string {
	conn, err := pgx.Connect(h.Context(), h.dsn)
	require.NoError(h, err)
	defer func() { _ = conn.Close(h.Context()) }()
	rows, err := conn.Query(h.Context(), `SELECT table_name::TEXT FROM information_schema.tables WHERE table_schema = current_schema() AND table_type = 'BASE TABLE'`)
	require.NoError(h, err)
	tables, err := pgx.CollectRows(rows, pgx.RowTo[string])
	require.NoError(h, err)
	out := map[string]string{}
	for _, name := range tables {
		if slices.Contains(counters, name) {
			continue
		}
		var sum string
		require.NoError(h, conn.QueryRow(h.Context(), fmt.Sprintf(`SELECT count(*) || ' ' || coalesce(md5(string_agg(md5(t::TEXT), '' ORDER BY md5(t::TEXT))), '') FROM %s t`, name)).Scan(&sum))
		out[name] = sum
	}
	require.Greater(h, len(out), 60)
	return out
}
