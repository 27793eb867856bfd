package contract

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// These see that the comparison can fail, each difference with its place.

func order() (fact, served) {
	f := fact{
		at: "t.tsv:7", kind: "OBJECT", owner: "Order", name: "items", typ: "ItemConnection",
		args: map[string]string{"ref": "[String!]", "first": "Int"}, note: map[string]string{"newer-arguments": "ref"},
	}
	return f, served{kind: "OBJECT", typ: "ItemConnection", args: map[string]string{"ref": "[String!]", "first": "Int"}}
}

func TestDifferencesAreFoundWithTheirPlace(t *testing.T) {
	t.Parallel()
	for want, change := range map[string]func(*fact, *served){
		"t.tsv:7: Order.items: the contract says ItemConnection, served is ItemConnection!":   func(_ *fact, s *served) { s.typ += "!" },
		"t.tsv:7: Order.items: the contract says OBJECT, served is INTERFACE":                 func(_ *fact, s *served) { s.kind = "INTERFACE" },
		"t.tsv:7: Order.items: argument ref: the contract says [String!], served is [String]": func(_ *fact, s *served) { s.args["ref"] = "[String]" },
		"t.tsv:7: Order.items: argument more is served, but not in the contract":              func(_ *fact, s *served) { s.args["more"] = "Int" },
		"t.tsv:7: Order.items: deprecated in the contract: true, served: false":               func(f *fact, _ *served) { f.note["deprecated"] = "" },
		"t.tsv:7: Order.items: deprecated in the contract: false, served: true":               func(_ *fact, s *served) { s.deprecated = true },
		"Order.items: served, but not in the contract":                                        func(f *fact, _ *served) { f.name = "other" },
	} {
		f, s := order()
		change(&f, &s)
		_, wrong := compare([]fact{f}, map[string]served{"Order.items": s}, nil)
		require.Equal(t, []string{want}, wrong)
	}
	f, s := order()
	lacking, wrong := compare([]fact{f}, map[string]served{"Order.items": s}, nil)
	require.Empty(t, wrong)
	require.Empty(t, lacking)
	_, wrong = compare(nil, map[string]served{"Order.items": s}, []string{"Order.items"})
	require.Empty(t, wrong, "ours")
}

func TestInterfacesAreCompared(t *testing.T) {
	t.Parallel()
	f := fact{at: "t.tsv:1", kind: "OBJECT", owner: "Order", note: map[string]string{"implements": "Node|Referenceable"}}
	lacking, wrong := compare([]fact{f}, map[string]served{"Order": {kind: "OBJECT", interfaces: []string{"Node", "Product"}}}, nil)
	require.Equal(t, []string{"Referenceable"}, lacking["Order"].parts)
	require.Equal(t, []string{"t.tsv:1: Order: implements Product, but not in the contract"}, wrong)

	f = fact{at: "t.tsv:2", kind: "INTERFACE", owner: "Node", note: map[string]string{"implemented-by": "Order|Wave"}}
	_, wrong = compare([]fact{f}, map[string]served{"Node": {kind: "INTERFACE", possible: []string{"Order", "Fee"}}}, nil)
	require.Equal(t, []string{"t.tsv:2: Node: Fee implements it, but not in the contract"}, wrong)
}

func TestTheListHasToSayWhatIsLacking(t *testing.T) {
	t.Parallel()
	f, s := order()
	delete(s.args, "ref")
	lacking, wrong := compare([]fact{f}, map[string]served{"Order.items": s}, nil)
	require.Empty(t, wrong)
	line := "newer\tOBJECT\tOrder.items\tref"
	require.Equal(t, line, lacking["Order.items"].line(), "only an argument that came later is lacking")
	require.Empty(t, settle(lacking, []string{line}))
	require.Equal(t, []string{`t.tsv:7: Order.items is not served, and not listed: "newer\tOBJECT\tOrder.items\tref"`}, settle(lacking, nil))
	require.Equal(t, []string{"Order.items is listed twice"}, settle(lacking, []string{line, line}))
	require.Equal(t, []string{"Order.items is served, or not in the contract: remove its line"}, settle(nil, []string{line}))
	require.Len(t, settle(lacking, []string{"base\tOBJECT\tOrder.items\t-"}), 2, "it lacks less than is listed")

	lacking, _ = compare([]fact{f}, nil, nil)
	require.Equal(t, "base\tOBJECT\tOrder.items\t-", lacking["Order.items"].line())
	require.Equal(t, lengths{base: 1, operations: 1, newerOperations: 1},
		lengthsOf([]string{"base\tINPUT\tA.b\t-", "base\tQUERY\tQuery.a\t-", "newer\tMUTATION\tMutation.a\t-"}))
}
