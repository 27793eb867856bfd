package catalogue_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/domain/catalogue"
)

// Parcel uses words that few types do, each where it fits.
type Parcel struct {
	catalogue.Node
	Ref     string       `oms:"!"`
	LabelID catalogue.ID `oms:"labelId,!,ref=Label,out=Int,update=-"`
	OtherID catalogue.ID `oms:"otherId,ref=Label,out=Int"`
	Lane    string       `oms:"exact,rare"`
	Faults  []Colour     `oms:"append"`
	Colours []Colour     `oms:"items=2"`
	Shelf   string       `oms:""`
	catalogue.Orchestrated
	Attributes catalogue.Attributes `oms:"merge=name"`
}

func parcels(change func(s *catalogue.TypeSpec)) (*catalogue.Catalogue, error) {
	s := catalogue.TypeSpec{
		Go: Parcel{}, Key: "ref shelf", Event: "PARCEL", Fires: true, Create: true, Awaits: "mode: Mode", Update: "ref shelf?",
		Unserved: map[string]string{"shelf": "there are none", "attributes.gift": "nothing is wrapped"},
	}
	if change != nil {
		change(&s)
	}
	return catalogue.New(catalogue.Spec{
		Types:  []catalogue.TypeSpec{s, {Go: Label{}}},
		Values: []catalogue.ValueSpec{{Go: Colour{}, Input: "ColourInput"}, {Go: catalogue.Attribute{}, Input: "AttributeInput", MergeBy: "name"}},
		Enums:  []catalogue.EnumSpec{{Name: "Mode", Values: "WAIT"}},
		Inputs: []catalogue.InputSpec{{Name: "DateRange", Fields: []string{"from: DateTime"}}},
	})
}

func TestWordsThatFewTypesUse(t *testing.T) {
	t.Parallel()
	c, err := parcels(nil)
	require.NoError(t, err)
	p := c.Type("Parcel")
	number := p.Field("labelId")
	require.Equal(t, []any{"Int!", "[Int!]", true, c.Type("Label"), "label_id"}, []any{number.GraphQL, number.Argument, number.Numbered, number.Ref, number.Column})
	require.Equal(t, []any{"Int", "[Int]", true}, []any{p.Field("otherId").GraphQL, p.Field("otherId").Argument, p.Field("otherId").Null})
	require.Equal(t, "Int!", p.Create.Input.Field("labelId").Type)
	require.Nil(t, p.Create.Input.Field("labelId").Key)
	require.Nil(t, p.Update.Input.Field("labelId"))
	require.Equal(t, "Int", p.Update.Input.Field("otherId").Type)

	require.True(t, p.Field("lane").Exact && p.Field("lane").Rare)
	require.True(t, p.Update.Input.Field("faults").Append)
	require.Equal(t, 2, p.Field("colours").MaxItems)

	ref, shelf := p.Update.Input.Field("ref"), p.Update.Input.Field("shelf")
	require.Equal(t, []any{"String!", true, "String", true}, []any{ref.Type, ref.Identify, shelf.Type, shelf.Identify})
	require.Equal(t, &catalogue.Arg{Name: "mode", Type: "Mode"}, p.Create.Await)
	require.Equal(t, []catalogue.Unserved{
		{Field: p.Field("attributes"), Attribute: "gift", Why: "nothing is wrapped"}, {Field: p.Field("shelf"), Why: "there are none"},
	}, p.Unserved)
}

func TestWordsWhereTheyDoNotFit(t *testing.T) {
	t.Parallel()
	type Counted struct {
		catalogue.Node
		ID2 catalogue.ID `oms:"number,ref=Uuid,out=Int"`
	}
	type Uuid struct{ catalogue.Node }
	type Listed struct {
		catalogue.Node
		A string `oms:"items=3"`
	}
	type Added struct {
		catalogue.Node
		A []string `oms:"append"`
	}
	type Exactly struct {
		catalogue.Node
		A int `oms:"exact"`
	}
	type Seldom struct {
		catalogue.Node
		A string `oms:"!,rare"`
	}
	for want, types := range map[string][]catalogue.TypeSpec{
		"Counted.ID2: out=Int is for references to what has numbers":      {{Go: Counted{}}, {Go: Uuid{}, ID: catalogue.UUID}},
		"Listed.A: items= is for lists":                                   {{Go: Listed{}}},
		"Added.A: append is for lists of value objects that do not merge": {{Go: Added{}}},
		"Exactly.A: exact is for texts":                                   {{Go: Exactly{}}},
		"Seldom.A: rare is for what may lack":                             {{Go: Seldom{}}},
	} {
		_, err := catalogue.New(catalogue.Spec{Types: types})
		require.ErrorContains(t, err, want)
	}
	for want, change := range map[string]func(s *catalogue.TypeSpec){
		"Parcel: awaits: mode: Lost: want an enumeration": func(s *catalogue.TypeSpec) { s.Awaits = "mode: Lost" },
		"whose creation sends an event":                   func(s *catalogue.TypeSpec) { s.Fires = false },
		"Parcel: unserved: lost: want a field":            func(s *catalogue.TypeSpec) { s.Unserved["lost"] = "why" },
		"Parcel: unserved: shelf.top: want a field":       func(s *catalogue.TypeSpec) { s.Unserved["shelf.top"] = "why" },
		"Parcel: unserved: lane: want a field":            func(s *catalogue.TypeSpec) { s.Unserved["lane"] = "" },
		"Parcel: unserved: attributes: want a field":      func(s *catalogue.TypeSpec) { s.Unserved["attributes"] = "why" },
	} {
		_, err := parcels(change)
		require.ErrorContains(t, err, want)
	}
	for _, text := range []string{"items=0", "items=x", "max=0"} {
		_, err := catalogue.ParseTag(text)
		require.ErrorContains(t, err, text+": want a positive number")
	}
}

// Recipe has versions.
type Recipe struct {
	catalogue.Node
	Ref     string   `oms:"!"`
	Version int      `oms:"version,create=-"`
	Status  string   `oms:"create=-,default=DRAFT"`
	Steps   []Colour `oms:"distinct"`
}

func recipes(change func(s *catalogue.TypeSpec), mergeBy string) (*catalogue.Catalogue, error) {
	s := catalogue.TypeSpec{Go: Recipe{}, Key: "ref version", Versioned: true, Create: true}
	if change != nil {
		change(&s)
	}
	return catalogue.New(catalogue.Spec{
		Types: []catalogue.TypeSpec{s}, Values: []catalogue.ValueSpec{{Go: Colour{}, Input: "ColourInput", MergeBy: mergeBy}},
		Inputs: []catalogue.InputSpec{{Name: "DateRange", Fields: []string{"from: DateTime"}}},
	})
}

func TestVersionsAreDeclared(t *testing.T) {
	t.Parallel()
	c, err := recipes(nil, "name")
	require.NoError(t, err)
	r := c.Type("Recipe")
	require.Equal(t, []*catalogue.Field{r.Field("ref"), r.Field("version"), r.Field("status")}, []*catalogue.Field{r.Versions.Of, r.Versions.Number, r.Versions.Status})
	require.Equal(t, "activateRecipe", r.Versions.Activate.Name)
	require.Equal(t, map[string]string{"ref": "String!", "version": "Int!"}, fieldTypes(r.Versions.Activate.Input))
	require.True(t, r.Versions.Activate.Input.Field("version").Identify)
	require.True(t, r.Field("steps").Distinct)
	for _, change := range []func(s *catalogue.TypeSpec){
		func(s *catalogue.TypeSpec) { s.Key = "version ref" }, func(s *catalogue.TypeSpec) { s.Update = "id" },
	} {
		_, err := recipes(change, "name")
		require.ErrorContains(t, err, "Recipe: versioned: want the key ref version, a status, no update and no workflow")
	}
	_, err = recipes(nil, "")
	require.ErrorContains(t, err, "Recipe.Steps: distinct is for lists of value objects that members identify")
}
