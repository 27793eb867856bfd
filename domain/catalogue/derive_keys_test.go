package catalogue_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/domain/catalogue"
)

type Shelf struct {
	catalogue.Node
	Ref string `oms:"!,max=7"`
}

type Place struct {
	catalogue.Node
	Ref     string       `oms:"!,max=9"`
	ShelfID catalogue.ID `oms:"!,ref=Shelf,by=ShelfKey"`
}

func TestKeyInputsAreDerived(t *testing.T) {
	t.Parallel()
	shelves := func(words string) catalogue.TypeSpec {
		return catalogue.TypeSpec{Go: Place{}, Key: "ref shelf", KeyInputs: words}
	}
	for _, w := range []struct{ words, name, fields string }{
		{"Id", "PlaceId", "id: ID! "},
		{"Key", "PlaceKey", "ref: String! shelf: ShelfKey! "},
		{"IdOrKey", "PlaceKey", "id: ID ref: String shelf: ShelfKey "},
		{"LooseKey", "PlaceKey", "ref: String shelf: ShelfKey! "},
	} {
		c, err := catalogue.New(catalogue.Spec{
			Types:  []catalogue.TypeSpec{{Go: Shelf{}, Key: "ref", KeyInputs: "Key"}, shelves(w.words)},
			Inputs: []catalogue.InputSpec{{Name: "DateRange", Fields: []string{"from: DateTime"}}},
		})
		require.NoError(t, err, w.words)
		in, text := c.Input(w.name), ""
		require.Same(t, c.Type("Place"), in.Of)
		for _, f := range in.Fields {
			require.True(t, f.Identify)
			text += f.Name + ": " + f.Type + " "
		}
		require.Equal(t, w.fields, text)
		if f := in.Field("shelf"); f != nil {
			require.Same(t, c.Input("ShelfKey"), f.Key)
			require.Equal(t, 9, in.Field("ref").MaxLen)
		}
	}
}

func TestWrongKeyInputsAreFound(t *testing.T) {
	t.Parallel()
	type Loner struct {
		catalogue.Node
		ShelfID catalogue.ID `oms:"!,ref=Shelf"`
	}
	_, err := catalogue.New(catalogue.Spec{
		Types: []catalogue.TypeSpec{
			{Go: Shelf{}, KeyInputs: "Key", Implements: "Thing"}, {Go: Place{}, Key: "ref", KeyInputs: "Name"}, {Go: Loner{}, Key: "shelf", KeyInputs: "Key"},
		},
		Interfaces: []catalogue.InterfaceSpec{{Name: "Thing", KeyInputs: "Id"}},
	})
	for _, want := range []string{
		"Shelf: it has no natural key", "Place: key inputs: Name is none of Id, Key, IdOrKey, LooseKey",
		"Loner.shelf: part of a key, but by= does not say", "Thing: key inputs of an interface whose implementers share no table",
	} {
		require.ErrorContains(t, err, want)
	}
}
