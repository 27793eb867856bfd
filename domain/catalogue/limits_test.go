package catalogue_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/domain/catalogue"
	"github.com/fluent-oms/fluent/domain/fault"
)

func TestBounds(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		tag  string
		v    float64
		want string // empty: allowed
	}{
		{"least=0", 0, ""},
		{"least=0", -0.5, "hours must not be negative"},
		{"least=2", 2, ""},
		{"least=2", 1, "hours must be 2 or more, not 1"},
		{"most=90", 90, ""},
		{"most=90", 90.25, "hours must be 90 or less, not 90.25"},
		{"least=-90,most=90", -90, ""},
		{"least=-90,most=90", -91, "hours must be -90 to 90, not -91"},
		{"least=-90,most=90", 91, "hours must be -90 to 90, not 91"},
		{"", -1e300, ""},
	} {
		tag, err := catalogue.ParseTag(c.tag)
		require.NoError(t, err)
		err = tag.Check("hours", c.v)
		if c.want == "" {
			require.NoError(t, err, "%s: %v", c.tag, c.v)
			continue
		}
		require.True(t, fault.Is(err, fault.Invalid))
		require.Equal(t, "C0122E", fault.Of(err).Code)
		require.EqualError(t, err, c.want)
	}
	_, err := catalogue.ParseTag("least=much")
	require.EqualError(t, err, "least=much: want a number")
}

func TestOnlyNumbersHaveBounds(t *testing.T) {
	t.Parallel()
	type Text struct {
		catalogue.Node
		Word string `oms:"least=1"`
	}
	_, err := catalogue.New(catalogue.Spec{Types: []catalogue.TypeSpec{{Go: Text{}}}})
	require.ErrorContains(t, err, "Text.Word: least= and most= are for numbers")
	type Value struct {
		Word string `json:"word" oms:"most=1"`
	}
	_, err = catalogue.New(catalogue.Spec{Values: []catalogue.ValueSpec{{Go: Value{}}}})
	require.ErrorContains(t, err, "Value.Word: least= and most= are for numbers")
}

// What is one of an enumeration is one of its values by whichever door it comes.
func TestAnEnumerationIsWhatTheDoorOfEntitiesAllows(t *testing.T) {
	t.Parallel()
	type Thing struct {
		catalogue.Node
		Size string `oms:"!,enum=Size,nosearch"`
	}
	c, err := catalogue.New(catalogue.Spec{
		Types: []catalogue.TypeSpec{{Go: Thing{}, Create: true}}, Enums: []catalogue.EnumSpec{{Name: "Size", Values: "S M"}},
		Inputs: []catalogue.InputSpec{{Name: "DateRange", Fields: []string{"from: DateTime"}}},
	})
	require.NoError(t, err)
	size := c.Type("Thing").Field("size")
	require.Equal(t, []string{"S", "M"}, size.Among)
	require.Same(t, c.Enum("Size"), size.Enum)
	require.Equal(t, []string{"Size!", "Size!"}, []string{size.GraphQL, c.Type("Thing").Create.Input.Field("size").Type})
	require.True(t, size.Enum.Has("M"))
	require.False(t, size.Enum.Has("m"))
}

func TestEnumerationsAreDeclaredOnceAndForTexts(t *testing.T) {
	t.Parallel()
	type Thing struct {
		catalogue.Node
		Size int    `oms:"enum=Size"`
		Hue  string `oms:"enum=Hue"`
		Tone string `oms:"!,enum=Tone"`
	}
	size := catalogue.EnumSpec{Name: "Size", Values: "S M"}
	_, err := catalogue.New(catalogue.Spec{Types: []catalogue.TypeSpec{{Go: Thing{}}}, Enums: []catalogue.EnumSpec{size, size, {Name: "Tone"}}})
	for _, want := range []string{"Thing.Size: enum= is for texts", "no enumeration Hue", "Size: declared twice", "Tone: an enumeration without values"} {
		require.ErrorContains(t, err, want)
	}
}

func TestLengthsOfSharedFields(t *testing.T) {
	t.Parallel()
	c, err := catalogue.New(shop())
	require.NoError(t, err)
	require.Zero(t, c.Type("Box").Field("type").MaxLen)
	spec := shop()
	spec.Types[0].Lengths = "type=50 status=30"
	c, err = catalogue.New(spec)
	require.NoError(t, err)
	box := c.Type("Box")
	require.Equal(t, []int{50, 30, 50}, []int{box.Field("type").MaxLen, box.Field("status").MaxLen, box.Create.Input.Field("type").MaxLen})

	spec.Types[0].Lengths = "type=x gone=5 count=5"
	_, err = catalogue.New(spec)
	for _, want := range []string{"Box: lengths: type=x:", "Box: lengths: gone=5:", "Box: lengths: count=5:"} {
		require.ErrorContains(t, err, want)
	}
}
