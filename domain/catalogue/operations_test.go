package catalogue_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/domain/catalogue"
)

// busy is the shop with mutations that are declared by themselves.
func busy() catalogue.Spec {
	s := shop()
	s.Types[0].Bulk = []catalogue.BulkSpec{{Name: "recountBoxes", Filter: "BoxesFilterInput", By: "type", Set: "RefInput", Output: "HowMany"}}
	s.Types[2].Bulk = []catalogue.BulkSpec{{Name: "recountRounds", Filter: "RoundsFilterInput", By: "box ref", Set: "RefInput", Output: "HowMany"}}
	s.Inputs = append(s.Inputs,
		catalogue.InputSpec{Name: "RefInput", Fields: []string{"ref: String!"}},
		catalogue.InputSpec{Name: "CreateBoxAndAllInput", Of: "Box", Fields: []string{"ref: String"}})
	s.Objects = append(s.Objects, catalogue.ObjectSpec{Name: "HowMany", Fields: []string{"count: Int"}})
	s.Mutations = []catalogue.OperationSpec{
		{Field: "createBoxAndAll(input: CreateBoxAndAllInput): Box"}, {Field: "touchBox(input: BoxKey): Box"},
		{Field: "weighBox(input: CreateBoxAndAllInput, twice: Boolean): Box"}, {Field: "swapBox(input: CreateBoxAndAllInput): Label"},
	}
	return s
}

func TestMutationsThatMakeAreKnownByTheirInput(t *testing.T) {
	t.Parallel()
	c, err := catalogue.New(busy())
	require.NoError(t, err)
	makes := map[string]*catalogue.Input{}
	for _, op := range c.Mutations() {
		makes[op.Name] = op.Makes
	}
	require.Same(t, c.Input("CreateBoxAndAllInput"), makes["createBoxAndAll"])
	for _, other := range []string{"touchBox", "weighBox", "swapBox"} {
		require.Nil(t, makes[other], "%s: a key, a second argument and another type make nothing", other)
	}
}

func TestBulkMutationsAreDerived(t *testing.T) {
	t.Parallel()
	c, err := catalogue.New(busy())
	require.NoError(t, err)
	round := c.Type("Round")
	require.Len(t, round.Bulk, 1)
	b := round.Bulk[0]
	require.Equal(t, []string{"box", "BoxKey!"}, []string{b.Filter.Fields[0].Name, b.Filter.Fields[0].Type})
	require.Equal(t, []string{"ref", "String!"}, []string{b.Filter.Fields[1].Name, b.Filter.Fields[1].Type})
	require.Same(t, c.Input("BoxKey"), b.Filter.Fields[0].Key)
	require.Same(t, round.Field("box"), b.Filter.Fields[0].Field)
	require.Same(t, round.Field("ref"), b.Set.Fields[0].Field)
	require.Same(t, c.Type("Box").Field("ref"), c.Type("Box").Bulk[0].Set.Fields[0].Field, "an input may be that of many types")
}

func TestBulkMutationsThatDoNotHoldTogether(t *testing.T) {
	t.Parallel()
	for want, wrong := range map[string]func(*catalogue.BulkSpec){
		"Round has no field colour":                      func(b *catalogue.BulkSpec) { b.By = "box colour" },
		"recountRounds: BoxLink is no output type":       func(b *catalogue.BulkSpec) { b.Output = "BoxLink" },
		"recountRounds: no input Nothing":                func(b *catalogue.BulkSpec) { b.Set = "Nothing" },
		"DateRange: Round has no field from":             func(b *catalogue.BulkSpec) { b.Set = "DateRange" },
		"recountRounds: it does not say by which fields": func(b *catalogue.BulkSpec) { b.By = "" },
	} {
		s := busy()
		wrong(&s.Types[2].Bulk[0])
		_, err := catalogue.New(s)
		require.ErrorContains(t, err, want)
	}
	s := busy()
	s.Types[2].Guarded = true
	_, err := catalogue.New(s)
	require.ErrorContains(t, err, "Round: it is guarded")
}
