package graphql_test

import (
	"context"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/dataplane/store"
	"github.com/fluent-oms/fluent/dataplane/store/ddl"
	"github.com/fluent-oms/fluent/dataplane/store/storetest"
	"github.com/fluent-oms/fluent/dataplane/store/tripwire"
	"github.com/fluent-oms/fluent/domain/catalogue"
	"github.com/fluent-oms/fluent/domain/foundation"
	"github.com/fluent-oms/fluent/domain/inventory"
	"github.com/fluent-oms/fluent/domain/order"
	"github.com/fluent-oms/fluent/domain/security"
	"github.com/fluent-oms/fluent/tenancy"
)

// What the catalogue can declare and the platform's own types do not use yet: types of a claims desk do, answered by the real interface from a
// real database.

// Claim is what a customer claims.
type Claim struct {
	catalogue.Node
	Ref        string       `oms:"!,update=-,max=20"`
	Severity   string       `oms:"!,enum=Severity"`
	Outcome    string       `oms:"enum=Outcome"`
	Signs      []Sign       `oms:"merge=name"`
	RetailerID catalogue.ID `oms:"!,ref=Retailer,by=RetailerId,update=-"`
}

// Sign is a value object with an enumeration and bounds.
type Sign struct {
	Name   string `json:"name" oms:"!,max=5"`
	Weight int    `json:"weight" oms:"!,least=1,most=9"`
	How    string `json:"how" oms:"enum=Outcome"`
}

func claims() catalogue.Spec {
	return catalogue.Spec{
		Types: []catalogue.TypeSpec{
			{Go: Claim{}, Implements: "Node", Key: "ref", Retailer: "retailer", Gets: []string{"claim(ref: String!)"}, Create: true, Update: "id"},
		},
		Values: []catalogue.ValueSpec{{Go: Sign{}, Input: "SignInput", MergeBy: "name"}},
		Enums:  []catalogue.EnumSpec{{Name: "Severity", Values: "MINOR MAJOR", Doc: "How bad it is."}, {Name: "Outcome", Values: "PAID REFUSED"}},
	}
}

var claimsCatalogue = sync.OnceValues(func() (*catalogue.Catalogue, error) {
	return catalogue.New(foundation.Spec(), security.Spec(), inventory.Spec(), order.Spec(), claims())
})

// newDesk is a world with the types of the claims desk.
func newDesk(t testing.TB) *world {
	t.Helper()
	c, err := claimsCatalogue()
	require.NoError(t, err)
	return newWorldOf(t, c, "claims", func(dsn string) error {
		if err := storetest.Migrate(dsn); err != nil {
			return err
		}
		if err := addTables(dsn, c); err != nil {
			return err
		}
		return tripwire.Set(context.Background(), dsn)
	})
}

// addTables gives a database the tables of a catalogue that the platform's migrations do not make, behind the fence like the others.
func addTables(dsn string, c *catalogue.Catalogue) error {
	ctx := context.Background()
	conn, err := pgx.Connect(ctx, dsn)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(ctx) }()
	for _, statement := range ddl.Of(c).Statements() {
		if _, err := conn.Exec(ctx, statement); err != nil {
			return err
		}
	}
	db, err := store.Open(ctx, dsn, store.Options{Catalogue: c})
	if err != nil {
		return err
	}
	defer db.Close()
	return db.Migrate(ctx, nil)
}

const createClaim = `mutation($input: CreateClaimInput) { createClaim(input: $input) { id ref severity outcome signs { name weight how } } }`

func TestEnumerations(t *testing.T) {
	t.Parallel()
	w := newDesk(t)
	shown := w.raw(`{ __type(name: "Severity") { kind description enumValues { name } } }`, "")
	require.JSONEq(t, `{"__type":{"kind":"ENUM","description":"How bad it is.","enumValues":[{"name":"MINOR"},{"name":"MAJOR"}]}}`, shown)

	made := w.raw(createClaim, `{"input":{"ref":"C-1","severity":"MINOR","retailer":{"id":1},"signs":[{"name":"dent","weight":9,"how":"PAID"},{"name":"dust","weight":1}]}}`)
	require.Contains(t, made, `"ref":"C-1","severity":"MINOR","outcome":null,"signs":[{"name":"dent","weight":9,"how":"PAID"},{"name":"dust","weight":1,"how":null}]`)
	made = w.raw(`mutation { createClaim(input: {ref: "C-2", severity: MAJOR, outcome: REFUSED, retailer: {id: 1}}) { severity outcome } }`, "")
	require.JSONEq(t, `{"createClaim":{"severity":"MAJOR","outcome":"REFUSED"}}`, made)

	find := `query($s: [Severity!], $o: [Outcome]) { claims(severity: $s, outcome: $o) { edges { node { ref } } } }`
	require.JSONEq(t, `{"claims":{"edges":[{"node":{"ref":"C-2"}}]}}`, w.raw(find, `{"s":"MAJOR"}`))
	require.JSONEq(t, `{"claims":{"edges":[{"node":{"ref":"C-1"}}]}}`, w.raw(find, `{"o":[null]}`))
	require.JSONEq(t, `{"claims":{"edges":[{"node":{"ref":"C-2"}}]}}`, w.raw(`{ claims(outcome: REFUSED) { edges { node { ref } } } }`, ""))

	for _, wrong := range []struct{ query, variables, message string }{
		{createClaim, `{"input":{"ref":"C-3","severity":"minor","retailer":{"id":1}}}`, "$input.severity: minor is not a value of Severity"},
		{createClaim, `{"input":{"ref":"C-3","severity":7,"retailer":{"id":1}}}`, "$input.severity: 7 is not a value of Severity"},
		{createClaim, `{"input":{"ref":"C-3","severity":"MINOR","retailer":{"id":1},"signs":{"name":"n","weight":1,"how":"?"}}}`, "$input.signs.how: ? is not a value of Outcome"},
		{find, `{"s":["MAJOR","?"]}`, "$s[1]: ? is not a value of Severity"},
		{`{ claims(severity: "MAJOR") { edges { node { ref } } } }`, "", `Value "MAJOR" does not exist in "Severity" enum.`},
		{`{ claims(severity: NONE) { edges { node { ref } } } }`, "", `Value NONE does not exist in "Severity" enum.`},
	} {
		require.Contains(t, w.failure(wrong.query, wrong.variables).Message, wrong.message)
	}
}

// A value that came by another way, and that the schema does not promise, is an error and not an answer.
func TestAStoredValueBeyondTheEnumerationIsAnError(t *testing.T) {
	t.Parallel()
	w := newDesk(t)
	scope, err := tenancy.NewScope("ACME")
	require.NoError(t, err)
	require.NoError(t, w.db.Write(t.Context(), scope, func(tx *store.Tx) error {
		for i, c := range []*Claim{
			{Ref: "C-1", Severity: "MINOR", Outcome: "LOST"}, {Ref: "C-2", Severity: "LOST"},
			{Ref: "C-3", Severity: "MINOR", Signs: []Sign{{Name: "dent", Weight: 1, How: "LOST"}}},
		} {
			c.ID, c.RetailerID = catalogue.ID([]string{"1", "2", "3"}[i]), "1"
			tx.Insert(c)
		}
		return nil
	}))
	res := w.run(w.admin, `{ a: claim(ref: "C-1") { ref outcome } b: claim(ref: "C-2") { ref severity } c: claim(ref: "C-3") { ref signs { name how } } }`, "")
	require.JSONEq(t, `{"a":{"ref":"C-1","outcome":null},"b":null,"c":{"ref":"C-3","signs":[{"name":"dent","how":null}]}}`, string(res.Data))
	require.Len(t, res.Errors, 3)
	require.Equal(t, []any{"a", "outcome"}, res.Errors[0].Path)
	require.Equal(t, []any{"b", "severity"}, res.Errors[1].Path)
	require.Equal(t, []any{"c", "signs", 0, "how"}, res.Errors[2].Path)
}

// Members of value objects have lengths and bounds of their own.
func TestMembersOfValuesHaveLimits(t *testing.T) {
	t.Parallel()
	w := newDesk(t)
	for sign, want := range map[string][2]string{
		`{"name":"größer","weight":1}`: {"C0141E", "input.signs[0].name"},
		`{"name":"große","weight":0}`:  {"C0122E", "input.signs[0].weight"},
		`{"name":"große","weight":10}`: {"C0122E", "input.signs[0].weight"},
	} {
		e := w.failure(createClaim, `{"input":{"ref":"C-1","severity":"MINOR","retailer":{"id":1},"signs":[`+sign+`]}}`)
		require.Equal(t, want, [2]string{e.Extensions.Code, e.Extensions.Field}, "%s: %s", sign, e.Message)
	}
	w.data(createClaim, `{"input":{"ref":"C-1","severity":"MINOR","retailer":{"id":1},"signs":[{"name":"große","weight":9}]}}`)
}
