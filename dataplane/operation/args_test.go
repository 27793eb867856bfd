package operation_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/dataplane/operation"
	"github.com/fluent-oms/fluent/domain/catalogue"
	"github.com/fluent-oms/fluent/domain/fault"
)

// Shelf is what the operations of these tests look for.
type Shelf struct {
	catalogue.Node
	Ref string `oms:"!"`
}

type place struct {
	Row float64 `arg:"row" most:"9"`
}

type wanted struct {
	Shelf operation.Key `arg:"shelf"`
	Near  *place        `arg:"near"`
	Steps []struct {
		Name  string `arg:"name"`
		Count *int   `arg:"count"`
	} `arg:"steps"`
	Deep [][]string `arg:"deep"`
	Any  any        `arg:"any"`
	Sure bool       `arg:"sure"`
}

func (w *wanted) Most(string) int { return len(w.Steps) }

func shelves(t *testing.T, field string) (*catalogue.Catalogue, *catalogue.Operation) {
	t.Helper()
	c, err := catalogue.New(catalogue.Spec{
		Types:      []catalogue.TypeSpec{{Go: Shelf{}, Plural: "shelves", Key: "ref", KeyInputs: "Key", Implements: "Node"}},
		Interfaces: []catalogue.InterfaceSpec{{Name: "Node", Fields: "id"}},
		Inputs: []catalogue.InputSpec{
			{Name: "DateRange", Fields: []string{"from: DateTime"}},
			{Name: "PlaceInput", Fields: []string{"row: Float!"}}, {Name: "StepInput", Fields: []string{"name: String!", "count: Int"}},
		},
		Objects: []catalogue.ObjectSpec{{Name: "Find", Fields: []string{"shelf: Shelf"}}},
		Queries: []catalogue.OperationSpec{{Field: field, Entity: "Shelf"}},
	})
	require.NoError(t, err)
	return c, c.Query("find")
}

const declared = "find(shelf: ShelfKey!, near: PlaceInput, steps: [StepInput!]!, deep: [[String]], any: Json, sure: Boolean, first: Int): FindConnection"

func TestArgumentsAreTyped(t *testing.T) {
	t.Parallel()
	c, field := shelves(t, declared)
	var got wanted
	o := operation.Search("find", func(_ context.Context, _ *operation.Call, w wanted) (operation.Page, error) {
		got = w
		return operation.Page{}, nil
	})
	require.NoError(t, o.Check(c, field))
	b, err := o.Bind(map[string]any{
		"shelf": map[string]any{"ref": "S"}, "near": map[string]any{"row": 9.0}, "deep": []any{[]any{"a", nil}, nil}, "any": map[string]any{"x": 1}, "sure": true,
		"steps": []any{map[string]any{"name": "a", "count": 3}, map[string]any{"name": "b"}}, "first": 7,
	})
	require.NoError(t, err)
	require.Equal(t, 2, b.Most("x"))
	require.Len(t, b.Keys, 1)
	require.Equal(t, []any{"shelf", map[string]any{"ref": "S"}}, []any{b.Keys[0].Name, b.Keys[0].Value})
	b.Keys[0].Found("17")
	_, err = b.Answer(t.Context(), nil)
	require.NoError(t, err)
	require.Equal(t, catalogue.ID("17"), got.Shelf.ID)
	require.Equal(t, 9.0, got.Near.Row)
	require.Equal(t, [][]string{{"a", ""}, nil}, got.Deep)
	require.Equal(t, []any{"a", 3, "b"}, []any{got.Steps[0].Name, *got.Steps[0].Count, got.Steps[1].Name})
	require.Nil(t, got.Steps[1].Count)
	require.Equal(t, []any{map[string]any{"x": 1}, true}, []any{got.Any, got.Sure})

	b, err = o.Bind(map[string]any{"near": nil})
	require.NoError(t, err)
	require.Empty(t, b.Keys, "what is not given points at nothing")
	_, err = o.Bind(map[string]any{"near": map[string]any{"row": 9.5}})
	require.ErrorContains(t, err, "row must be 9 or less, not 9.5")
	require.Equal(t, "near.row", fault.Of(err).Field)
}

func answer[A any](context.Context, *operation.Call, A) (operation.Page, error) {
	return operation.Page{}, nil
}

func TestArgumentsThatDoNotFitAreNamed(t *testing.T) {
	t.Parallel()
	for want, field := range map[string]string{
		"find: nothing takes the argument more":              "find(shelf: ShelfKey!, near: PlaceInput, steps: [StepInput!]!, deep: [[String]], any: Json, sure: Boolean, more: Int, first: Int): FindConnection",
		"find: the catalogue declares no argument near":      "find(shelf: ShelfKey!, steps: [StepInput!]!, deep: [[String]], any: Json, sure: Boolean, first: Int): FindConnection",
		"find: want an argument first":                       "find(shelf: ShelfKey!): FindConnection",
		"find.deep: a string does not take a [String]":       "find(shelf: ShelfKey!, near: PlaceInput, steps: [StepInput!]!, deep: [[[String]]], any: Json, sure: Boolean, first: Int): FindConnection",
		"find.sure: a bool does not take a Int":              "find(shelf: ShelfKey!, near: PlaceInput, steps: [StepInput!]!, deep: [[String]], any: Json, sure: Int, first: Int): FindConnection",
		"find.shelf: a operation.Key does not take a String": "find(shelf: String, near: PlaceInput, steps: [StepInput!]!, deep: [[String]], any: Json, sure: Boolean, first: Int): FindConnection",
		"find.steps: nothing takes the argument row":         "find(shelf: ShelfKey!, near: PlaceInput, steps: [PlaceInput!]!, deep: [[String]], any: Json, sure: Boolean, first: Int): FindConnection",
	} {
		c, op := shelves(t, field)
		require.ErrorContains(t, operation.Search("find", answer[wanted]).Check(c, op), want)
	}
	c, op := shelves(t, "find(near: PlaceInput, first: Int): FindConnection")
	type sure struct {
		Near place `arg:"near"`
	}
	require.ErrorContains(t, operation.Search("find", answer[sure]).Check(c, op), "does not take a PlaceInput", "null would read as a place")
}

func TestDeclarationsOfArguments(t *testing.T) {
	t.Parallel()
	require.Panics(t, func() { operation.Search("x", answer[struct{ Ref string }]) }, "without a name")
	require.Panics(t, func() {
		operation.Search("x", answer[struct {
			Shelf *operation.Key `arg:"shelf"`
		}])
	})
	require.Panics(t, func() {
		operation.Search("x", answer[struct {
			N int `arg:"n" least:"few"`
		}])
	})
	require.Panics(t, func() {
		operation.Search("x", answer[struct {
			In struct {
				Shelf operation.Key `arg:"shelf"`
			} `arg:"in"`
		}])
	}, "a key inside is not found")
}
