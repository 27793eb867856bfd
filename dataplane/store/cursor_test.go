package store

import (
	"slices"
	"testing"

	"github.com/fluent-oms/fluent/domain/fault"
)

// FuzzCursor is inside the package, for cursors have no door of their own: a text that a client made up is refused with its place,
// and what is taken prints as it was.
func FuzzCursor(f *testing.F) {
	for _, kind := range []sqlKind{kindNumberID, kindUUID} {
		at := position{micros: 1_700_000_000_000_000, kind: kind, number: 7}
		f.Add(at.plain(), kind == kindUUID)
		for _, c := range []cursor{
			{at: at, base: at}, {at: at, base: at, asOf: at.micros + 1}, {at: at, base: before(at.micros-9, kind), seen: []seenRow{{at.micros - 9, 3}, {at.micros, at.mark()}}},
		} {
			text, _ := c.text(nil, 0)
			f.Add(text, kind == kindUUID)
		}
	}
	f.Add("zzz", false)
	f.Fuzz(func(t *testing.T, text string, uuid bool) {
		kind := kindNumberID
		if uuid {
			kind = kindUUID
		}
		c, err := parseCursor(text, "after", kind, 0)
		if err != nil {
			if !fault.Is(err, fault.Invalid) || fault.Of(err).Field != "after" {
				t.Fatalf("%q: %v", text, err)
			}
			return
		}
		again, fits := c.text(nil, 0)
		if plain := c.at.plain(); plain != text && again != text && fits && slices.IsSortedFunc(c.seen, seenRow.compare) {
			t.Fatalf("%q came back as %q", text, again)
		}
	})
}
