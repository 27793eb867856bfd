package store

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
)

// A body is, one behind the other: a byte for the form, the layout, when the database was read for it, the root's id, and the root as a node. A node is a row, and for each
// branch below it how many nodes it has, how many bytes these are, and the nodes, in the order of pages. A row is how many bytes it has, and of each
// column a number, 0 for NULL, else one more than the bytes that follow: those of the database's wire, but for numbers, without the zeros they
// begin with, and JSON, which is its text. Numbers of the body itself are varints.

const (
	documentForm = 1
	// documentMost is the longest body. What is longer is not kept: reading the part that was asked for costs as much.
	documentMost = 64 << 10
)

var errDocument = errors.New("store: a document is not one")

// appendValue adds a value from the wire.
func appendValue(to []byte, kind sqlKind, raw []byte) []byte {
	if raw == nil {
		return append(to, 0)
	}
	switch kind {
	case kindInt, kindNumberID:
		raw = bytes.TrimLeft(raw, "\x00")
	case kindJSON:
		raw = wireJSON(raw)
	}
	return append(binary.AppendUvarint(to, uint64(len(raw)+1)), raw...)
}

// appendRow adds a row of values from the wire, which are of these columns.
func appendRow(to []byte, columns []column, raw [][]byte) []byte {
	var room [1024]byte
	row := room[:0]
	for i, c := range columns {
		row = appendValue(row, c.kind, raw[i])
	}
	return append(binary.AppendUvarint(to, uint64(len(row))), row...)
}

// storedValue is what decode makes of a value that appendValue was given.
func storedValue(kind sqlKind, raw string) (any, error) {
	switch kind {
	case kindInt, kindNumberID:
		var wire [8]byte
		if len(raw) > len(wire) {
			return nil, errDocument
		}
		copy(wire[len(wire)-len(raw):], raw)
		return decode(kind, wire[:]), nil
	case kindText:
		return raw, nil
	case kindJSON:
		return json.RawMessage(raw), nil
	}
	if len(raw) != wireSize[kind] {
		return nil, errDocument
	}
	return decode(kind, []byte(raw)), nil
}

// wireSize is how many bytes values of a kind have that are all of one size.
var wireSize = map[sqlKind]int{kindFloat: 8, kindBool: 1, kindTime: 8, kindUUID: 16}

// documentReader reads a body, or a part of one.
type documentReader struct {
	rest string
	bad  bool
}

func (r *documentReader) number() uint64 {
	var v uint64
	for i := 0; i < len(r.rest) && i < binary.MaxVarintLen64; i++ {
		b := r.rest[i]
		v |= uint64(b&0x7f) << (7 * i)
		if b < 0x80 {
			r.rest = r.rest[i+1:]
			return v
		}
	}
	r.bad, r.rest = true, ""
	return 0
}

func (r *documentReader) take(n uint64) string {
	if n > uint64(len(r.rest)) {
		r.bad, r.rest = true, ""
		return ""
	}
	s := r.rest[:n]
	r.rest = r.rest[n:]
	return s
}

// documentNode is a row in a body, and what follows it: the lists below.
type documentNode struct {
	row   string
	lists string
}

// node reads a node that has so many branches below it.
func (r *documentReader) node(branches int) (n documentNode) {
	n.row = r.take(r.number())
	from := r.rest
	for range branches {
		r.number()
		r.take(r.number())
	}
	n.lists = from[:len(from)-len(r.rest)]
	return n
}

// list is the nodes of a branch below a node: how many, and where to read them.
func (n documentNode) list(place int) (count int, nodes documentReader) {
	r := documentReader{rest: n.lists}
	for ; ; place-- {
		count := r.number()
		nodes := r.take(r.number())
		if place == 0 || r.bad {
			return int(min(count, uint64(len(nodes)))), documentReader{rest: nodes, bad: r.bad}
		}
	}
}

// value is the stored value of a column of a row; false: NULL, or the row is broken.
func (n documentNode) value(column int) (raw string, ok bool) {
	r := documentReader{rest: n.row}
	for ; ; column-- {
		size := r.number()
		if size > 0 {
			raw = r.take(size - 1)
		}
		if column == 0 || r.bad {
			return raw, size > 0 && !r.bad
		}
	}
}

// values puts those columns of a row where at says, at most the first so many; below 0: nowhere.
func (n documentNode) values(columns []column, at []int, to []any) error {
	r := documentReader{rest: n.row}
	for i := range at {
		size := r.number()
		raw := ""
		if size > 0 {
			raw = r.take(size - 1)
		}
		if r.bad {
			return errDocument
		}
		if at[i] < 0 || size == 0 {
			continue
		}
		v, err := storedValue(columns[i].kind, raw)
		if err != nil {
			return err
		}
		to[at[i]] = v
	}
	return nil
}

// appendHead begins a body. as is when the database was read, in microseconds since 1970.
func (d *documented) appendHead(to []byte, as, id int64) []byte {
	to = binary.LittleEndian.AppendUint64(append(to, documentForm), d.layout)
	return binary.AppendUvarint(binary.AppendUvarint(to, uint64(as)), uint64(id))
}

// open reads a body's head; false: it is no document of this root and layout that was read since a time.
func (d *documented) open(body string, since, id int64) (root documentNode, ok bool) {
	r := documentReader{rest: body}
	head := r.take(9)
	if r.bad || head[0] != documentForm || binary.LittleEndian.Uint64([]byte(head[1:])) != d.layout {
		return root, false
	}
	if r.number() <= uint64(since) || r.number() != uint64(id) {
		return root, false
	}
	root = r.node(len(d.root().below))
	return root, !r.bad && r.rest == ""
}
