package catalogue_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/domain/catalogue"
	"github.com/fluent-oms/fluent/domain/fault"
)

type Coupon struct {
	catalogue.Node
	Worth   *float64          `oms:"worth"`
	Spent   *float64          `oms:"spent"`
	Exactly catalogue.Precise `oms:"preciseWorth,of=Exact,on=worth,by=ExactInput" doc:"Exactly."`
	Used    catalogue.Precise `oms:"preciseSpent,hidden,on=spent,by=ExactInput,create=-,update=?"`
}

func coupons() catalogue.Spec {
	return catalogue.Spec{
		Types:   []catalogue.TypeSpec{{Go: Coupon{}, Create: true, Update: "id"}},
		Objects: []catalogue.ObjectSpec{{Name: "Exact", Fields: catalogue.PreciseMembers()}, {Name: "Rough", Fields: []string{"scale: Int"}}},
		Inputs:  []catalogue.InputSpec{{Name: "DateRange", Fields: []string{"from: DateTime"}}, {Name: "ExactInput", Fields: catalogue.PreciseMembers()}},
	}
}

func TestNumbersThatAreShownExactly(t *testing.T) {
	t.Parallel()
	c, err := catalogue.New(coupons())
	require.NoError(t, err)
	typ := c.Type("Coupon")
	worth := typ.Precise("preciseWorth")
	require.Equal(t, []string{"Exact", "Exactly."}, []string{worth.GraphQL, worth.Doc})
	require.Same(t, typ.Field("worth"), worth.Field)
	require.Same(t, worth, typ.Create.Input.Field("preciseWorth").Precise)
	require.Nil(t, typ.Precise("preciseSpent"), "for inputs alone")
	require.Nil(t, typ.Create.Input.Field("preciseSpent"))
	require.Same(t, typ.Field("spent"), typ.Update.Input.Field("preciseSpent").Precise.Field)
}

func TestWrongPrecisesAreFound(t *testing.T) {
	t.Parallel()
	type Lost struct {
		catalogue.Node
		Text   string            `oms:""`
		Number *float64          `oms:"number"`
		A      catalogue.Precise `oms:"of=Exact,on=text"`
		B      catalogue.Precise `oms:"of=Rough,on=number"`
		C      catalogue.Precise `oms:"of=Nothing,on=number"`
		D      catalogue.Precise `oms:"of=Exact,on=number,by=Nothing"`
	}
	spec := coupons()
	spec.Types = append(spec.Types, catalogue.TypeSpec{Go: Lost{}, Create: true})
	_, err := catalogue.New(spec)
	for _, want := range []string{"Lost.A: on=text is no number with decimals", "Lost.B: of=Rough is no object of", "Lost.C: of=Nothing is no object of", "CreateLostInput.d: no input type Nothing"} {
		require.ErrorContains(t, err, want)
	}
}

func TestPreciseValues(t *testing.T) {
	t.Parallel()
	give := func(number, unscaled string, scale int) map[string]any {
		out := map[string]any{catalogue.PreciseNumber: nil}
		if number != "" {
			out[catalogue.PreciseNumber] = json.Number(number)
		}
		if unscaled != "" {
			out[catalogue.PreciseUnscaled] = json.Number(unscaled)
		}
		if scale != 99 {
			out[catalogue.PreciseScale] = scale
		}
		return out
	}
	for _, c := range []struct {
		object map[string]any
		want   float64
	}{
		{give("110.10", "", 99), 110.1}, {give("110.10", "", 2), 110.1}, {give("", "11010", 2), 110.1}, {give("110.1", "11010", 2), 110.1}, {give("-0", "0", 5), 0},
	} {
		got, err := catalogue.PreciseValue(c.object)
		require.NoError(t, err, c.object)
		require.Equal(t, c.want, got) //nolint:testifylint // the number itself is meant
	}
	for _, c := range []struct {
		object map[string]any
		at     string
	}{
		{give("", "", 99), catalogue.PreciseNumber}, {give("", "", 2), catalogue.PreciseNumber}, {give("", "1", 99), catalogue.PreciseScale}, {give("1.001", "", 2), catalogue.PreciseScale},
		{give("1", "", -1), catalogue.PreciseScale}, {give("", "1.5", 1), catalogue.PreciseUnscaled}, {give("", "1", -1), catalogue.PreciseUnscaled}, {give("1", "1", 1), catalogue.PreciseNumber},
		{give("1.0000000000000001", "", 99), catalogue.PreciseNumber}, {give("", "1234567890123456789", 2), catalogue.PreciseNumber},
	} {
		_, err := catalogue.PreciseValue(c.object)
		require.True(t, fault.Is(err, fault.Invalid), "%v: %v", c.object, err)
		require.Equal(t, c.at, fault.Of(err).Field, "%v: %v", c.object, err)
	}
}

type Strict struct {
	catalogue.Node
	Status string `oms:"!,create=?,default=CREATED"`
}

type Loose struct {
	catalogue.Node
	Status string `oms:"default=CREATED"`
}

// TestInterfacesPromiseWhatAllImplementersDo: some of them may promise more.
func TestInterfacesPromiseWhatAllImplementersDo(t *testing.T) {
	t.Parallel()
	for _, types := range [][]catalogue.TypeSpec{{{Go: Strict{}, Implements: "Driven"}, {Go: Loose{}, Plural: "loose", Implements: "Driven"}}, {{Go: Loose{}, Plural: "loose", Implements: "Driven"}, {Go: Strict{}, Implements: "Driven"}}} {
		spec := coupons()
		spec.Types, spec.Interfaces = append(spec.Types, types...), []catalogue.InterfaceSpec{{Name: "Driven", Fields: "id status"}}
		c, err := catalogue.New(spec)
		require.NoError(t, err)
		fields := c.Interfaces()[0].Fields
		require.Equal(t, []string{"ID!", "String"}, []string{fields[0].GraphQL, fields[1].GraphQL})
		require.False(t, c.Type("Strict").Field("status").Null, "its default is always there")
	}
}
