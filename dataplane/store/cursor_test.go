package store

import (
	"testing"

	"github.com/fluent-oms/fluent/domain/fault"
)

// FuzzCursor is inside the package, for cursors have no door of their own: a text that a client made up is refused with its place,
// and what is taken prints as it was.
func FuzzCursor(f *testing.F) {
	for _, kind := range []sqlKind{kindNumberID, kindUUID} {
		f.Add(cursor{micros: 1_700_000_000_000_000, kind: kind, number: 7}.String(), kind == kindUUID)
	}
	f.Add("zzz", false)
	f.Fuzz(func(t *testing.T, text string, uuid bool) {
		kind := kindNumberID
		if uuid {
			kind = kindUUID
		}
		c, err := parseCursor(text, "after", kind)
		if err != nil {
			if !fault.Is(err, fault.Invalid) || fault.Of(err).Field != "after" {
				t.Fatalf("%q: %v", text, err)
			}
			return
		}
		if c.String() != text {
			t.Fatalf("%q came back as %q", text, c)
		}
	})
}
