package catalogue_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/domain/catalogue"
)

// summed is the shop with a list of sums of what is in a box.
func summed(total catalogue.TotalSpec) catalogue.Spec {
	s := shop()
	s.Objects = append(s.Objects, catalogue.ObjectSpec{Name: "HowWide", Fields: []string{"ref: String", "radius: Int"}})
	total.Name, total.Object = "widths", "HowWide"
	s.Types[0].Totals = []catalogue.TotalSpec{total}
	return s
}

func TestWrongTotalsAreFound(t *testing.T) {
	t.Parallel()
	for want, wrong := range map[string]catalogue.TotalSpec{
		"Box.widths: want a connection without a link table, an object, and a weight": {Of: "labels", By: "ref", Sum: "radius", Weight: 1},
		"Box.widths: want a connection":                                               {Of: "things", By: "ref", Sum: "radius"},
		"Box.widths: colour: want a field of Round":                                   {Of: "things", By: "colour", Sum: "radius", Weight: 1},
		"Box.widths: radius: want a field of Round, and the":                          {Of: "things", By: "radius", Sum: "ref", Weight: 1},
		"Box.widths: want a whole number to add up, and no oth":                       {Of: "things", By: "ref", Sum: "radius", Weight: 1},
	} {
		_, err := catalogue.New(summed(wrong))
		require.ErrorContains(t, err, want)
	}
}
