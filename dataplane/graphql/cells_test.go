package graphql_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/auth/tenant"
	"github.com/fluent-oms/fluent/dataplane/graphql"
	"github.com/fluent-oms/fluent/dataplane/identity/rights"
	"github.com/fluent-oms/fluent/dataplane/modules"
	"github.com/fluent-oms/fluent/domain"
	"github.com/fluent-oms/fluent/domain/catalogue"
)

// cells are what is tried at one wall: each read, each list and each mutation there is, from outside, against what retailer 1 of an account has.
type cells struct {
	*world
	who    *tenant.Principal
	shared func(t *catalogue.Type) bool // types of which who is outside sees rows: nobody's in particular
	reads  map[string]bool              // that were tried with a row that there is
	lists  map[string]bool
}

// sharedTypes have rows that are no retailer's: the account's roles, and a user of no retailer.
var sharedTypes = strings.Fields("Role User")

// TestEveryCellOfTheWalls: from another account, and as another retailer's administrator, nothing is read by any key, listed, counted, linked or changed.
// What is tried is counted: a type, a read or a mutation that comes to be and is not tried fails the test. The wall between locations has
// TestEveryMutationKeepsToItsLocation for lists and mutations; its reads are here.
func TestEveryCellOfTheWalls(t *testing.T) {
	t.Parallel()
	for _, wall := range []string{"account", "retailer", "location"} {
		t.Run(wall, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			var err error
			w.exec, err = graphql.New(graphql.Deps{Catalogue: domain.Catalogue(), Operations: modules.Operations(), DB: w.db, Workflows: versions{}, Guards: modules.Guards(domain.Catalogue(), rights.Guards(domain.Catalogue(), plain{})), Engine: w.nudges, Retailers: &numbers{db: w.db}})
			require.NoError(t, err)
			ids := w.everything()
			c := &cells{world: w, reads: map[string]bool{}, lists: map[string]bool{}, shared: func(t *catalogue.Type) bool { return slices.Contains(sharedTypes, t.Name) }}
			switch wall {
			case "account":
				w.retailer("OTHER", "1", "ELSEWHERE")
				c.who, c.shared = adminOf("OTHER"), func(*catalogue.Type) bool { return false }
			case "retailer":
				w.retailer("ACME", "5", "FIFTH") // the second has some rows, too
				c.who = adminOf("ACME", 5)
			case "location":
				c.who = principal("ACME", "9", tenant.Grant{Role: tenant.AdminRole, Contexts: []tenant.Context{atLocation(w.place("EMPTY"), "EMPTY")}})
				c.shared = func(t *catalogue.Type) bool { return t.Places != nil && t.Places.Open || t.Name == "Setting" } // of its retailer
			}
			c.furnish(ids)
			before := w.rowsOf(w.admin)
			c.readAll(before)
			if wall != "location" {
				c.listAll(before)
				c.changeAll(ids, before)
			}
			c.counted(wall)
		})
	}
}

// furnish makes what mutationsAndPermissions makes only when they run: something to try each read with.
func (c *cells) furnish(ids *strings.Replacer) {
	c.t.Helper()
	for _, m := range mutationsAndPermissions {
		if name, _, _ := strings.Cut(m.mutation, "("); slices.Contains(strings.Fields("createInvoiceItem createCreditMemoItem createReturnFulfilmentItem"), name) {
			c.data("mutation { "+ids.Replace(m.mutation)+" }", "")
		}
	}
	c.data(ids.Replace(`mutation { createCarrierConsignment(input: {ref: "CG9", retailer: {id: 1}, carrier: {id: {carrier}}, carrierConsignmentArticles: {article: {id: {article}}}}) { id } }`), "")
}

// readAll tries every read, by every key of a row that there is.
func (c *cells) readAll(before map[string][]string) {
	c.t.Helper()
	for _, typ := range domain.Catalogue().Types() {
		if len(typ.Gets) == 0 || len(before[typ.Name]) == 0 {
			continue
		}
		found := c.data(fmt.Sprintf(`{ x: %s(first: 1) { edges { node { %s } } } }`, typ.Plural, strings.Join(keysOf(typ), " ")), "")
		node, _ := at(found, "x.edges.0.node").(map[string]any)
		for _, get := range typ.Gets {
			for _, args := range argumentsOf(get, node) {
				query := fmt.Sprintf(`{ x: %s(%s) { __typename } }`, get.Name, args)
				require.Contains(c.t, c.raw(query, ""), `"__typename"`, "%s finds nothing at all", query)
				c.reads[get.Name] = true
				if c.shared(typ) || typ.Name == "Retailer" {
					continue // of an account's own retailer 1, too
				}
				res := c.run(c.who, query, "")
				require.Empty(c.t, messages(res), query)
				require.Equal(c.t, `{"x":null}`, string(res.Data), query)
			}
		}
	}
}

// listAll lists every type.
func (c *cells) listAll(before map[string][]string) {
	c.t.Helper()
	seen := c.rowsOf(c.who)
	for _, typ := range domain.Catalogue().Types() {
		if _, searched := before[typ.Name]; !searched {
			continue
		}
		c.lists[typ.Name] = true
		switch {
		case len(before[typ.Name]) == 0, typ.Name == "Retailer", typ.Name == "Permission": // each account has its own, or the same
		case c.shared(typ):
			require.NotEmpty(c.t, seen[typ.Name], "%s is not shared", typ.Name)
		default:
			require.Empty(c.t, seen[typ.Name], typ.Name)
		}
	}
}

// changeAll tries every mutation. What is refused changes nothing; what is not makes something of its own, and all that there was is as it was.
func (c *cells) changeAll(ids *strings.Replacer, before map[string][]string) {
	c.t.Helper()
	for _, m := range mutationsAndPermissions {
		res := c.run(c.who, "mutation { "+ids.Replace(m.mutation)+" }", "")
		for _, e := range res.Errors {
			require.Contains(c.t, []string{"C0020E", "C0120E"}, e.Extensions.Code, "%s: %s", m.mutation, e.Message)
		}
		if name, _, _ := strings.Cut(m.mutation, "("); strings.HasPrefix(name, "update") && strings.Contains(m.mutation, "{ count }") {
			require.True(c.t, len(res.Errors) > 0 || strings.Contains(string(res.Data), `"count":0`), "%s: %s", m.mutation, res.Data)
		}
	}
	after := c.rowsOf(c.admin)
	for name, rows := range before {
		require.Subset(c.t, after[name], rows, "%s changed", name)
	}
}

// counted fails where something that there is was not tried.
func (c *cells) counted(wall string) {
	c.t.Helper()
	var reads []string
	for _, typ := range domain.Catalogue().Types() {
		for _, get := range typ.Gets {
			if !c.reads[get.Name] {
				reads = append(reads, get.Name)
			}
		}
		if _, searched := c.lists[typ.Name]; wall != "location" && typ.Plural != "" && c.searchable(typ) {
			require.True(c.t, searched, typ.Name)
		}
	}
	require.Empty(c.t, reads, "reads of which there is no row to try them with: make one in furnish")
}

// keysOf are the selections that a type's reads address it by.
func keysOf(typ *catalogue.Type) []string {
	out := []string{"__typename"}
	for _, get := range typ.Gets {
		for _, arg := range get.Args {
			s := arg.Field.Name
			if arg.Key != nil {
				s += " " + selection(arg.Key)
			}
			if !slices.Contains(out, s) {
				out = append(out, s)
			}
		}
	}
	return out
}

// selection are the members by which a key names what it leads to: those that it requires, else its ref.
func selection(key *catalogue.Input) string {
	var out []string
	for _, f := range key.Fields {
		switch {
		case f.Required && f.Key != nil:
			out = append(out, f.Name+" "+selection(f.Key))
		case f.Required:
			out = append(out, f.Name)
		}
	}
	if out == nil {
		out = []string{"ref"}
	}
	return "{ " + strings.Join(out, " ") + " }"
}

// literal prints a value as GraphQL has it: an object that was selected as a key.
func literal(v any) string {
	object, ok := v.(map[string]any)
	if !ok {
		text, _ := json.Marshal(v)
		return string(text)
	}
	var out []string
	for name, x := range object {
		out = append(out, name+": "+literal(x))
	}
	return "{" + strings.Join(out, ", ") + "}"
}

// argumentsOf prints a read's arguments for a row: all together where all are required, one by one where they are alternatives.
func argumentsOf(get catalogue.Get, node map[string]any) []string {
	var required, alternatives []string
	for _, arg := range get.Args {
		value := node[arg.Field.Name]
		if value == nil {
			continue
		}
		one := arg.Name + ": " + literal(value)
		if strings.HasSuffix(arg.Type, "!") {
			required = append(required, one)
		} else {
			alternatives = append(alternatives, one)
		}
	}
	if len(required) > 0 {
		return []string{strings.Join(required, ", ")}
	}
	return alternatives
}
