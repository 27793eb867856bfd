package store

import (
	"encoding/binary"
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/domain"
)

// TestValuesComeOutOfDocumentsAsOffTheWire: for values of every kind.
func TestValuesComeOutOfDocumentsAsOffTheWire(t *testing.T) {
	t.Parallel()
	fixed := func(v uint64) []byte { return binary.BigEndian.AppendUint64(nil, v) }
	for kind, values := range map[sqlKind][][]byte{
		kindText:     {{}, []byte("é\x01%"), make([]byte, 300)},
		kindInt:      {fixed(0), fixed(1), fixed(255), fixed(256), fixed(math.MaxInt64), fixed(math.MaxUint64), fixed(1 << 63)},
		kindNumberID: {fixed(0), fixed(7), fixed(math.MaxInt32), fixed(math.MaxInt64)},
		kindFloat:    {fixed(0), fixed(math.Float64bits(-1.5)), fixed(math.Float64bits(math.Inf(1))), fixed(1 << 63)},
		kindBool:     {{0}, {1}},
		kindTime:     {fixed(0), fixed(1 << 50), fixed(math.MaxUint64)},
		kindJSON:     {[]byte("\x01{}"), []byte("\x01[1]"), []byte("null")},
		kindUUID:     {make([]byte, 16), []byte("0123456789abcdef")},
	} {
		columns := []column{{kind: kind}, {kind: kindText}, {kind: kind}}
		for _, raw := range values {
			r := documentReader{rest: string(appendRow(nil, columns, [][]byte{raw, nil, raw}))}
			n := r.node(0)
			require.Empty(t, r.rest)
			got := make([]any, 3)
			require.NoError(t, n.values(columns, []int{2, 0, 1}, got))
			want := decode(kind, raw)
			require.Equal(t, []any{nil, want, want}, got, "kind %d of %x", kind, raw)
		}
	}
}

// FuzzDocument: nothing that may stand in the row of a document does harm, and what reads as one is read to its end.
func FuzzDocument(f *testing.F) {
	db := &DB{}
	require.NoError(f, db.learn(domain.Catalogue()))
	b := db.documents[domain.Catalogue().Type("Order")]
	values := make([][]byte, len(b.model.columns))
	values[b.column["id"]] = binary.BigEndian.AppendUint64(nil, 7)
	root := &documentRow{id: 7, row: appendRow(nil, b.model.columns, values), below: make([][]*documentRow, len(b.below))}
	body, ok := root.body(b.of, 1)
	require.True(f, ok)
	f.Add(string(body))
	item := b.below[0]
	values = make([][]byte, len(item.model.columns))
	values[item.column["created_on"]] = make([]byte, 8)
	root.below[0] = []*documentRow{{id: 1, row: appendRow(nil, item.model.columns, values)}, {id: 2, row: appendRow(nil, item.model.columns, values)}}
	body, _ = root.body(b.of, 1)
	f.Add(string(body))
	f.Fuzz(func(t *testing.T, body string) {
		root, ok := b.of.open(body, 0, 7)
		if !ok {
			return
		}
		var walk func(b *documentBranch, n documentNode)
		walk = func(b *documentBranch, n documentNode) {
			at := make([]int, len(b.model.columns))
			for i := range at {
				at[i] = i
			}
			_ = n.values(b.model.columns, at, make([]any, len(at)))
			_, _ = b.position(n)
			for _, below := range b.below {
				count, nodes := n.list(below.place)
				require.LessOrEqual(t, count, len(nodes.rest))
				for range count {
					walk(below, nodes.node(len(below.below)))
				}
			}
		}
		walk(b, root)
	})
}
