package store

import (
	"bytes"
	"cmp"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"strconv"
	"strings"
	"time"

	"github.com/fluent-oms/fluent/domain/catalogue"
	"github.com/fluent-oms/fluent/domain/fault"
)

// position is a place in the order (created_on, id).
type position struct {
	micros int64 // of created_on, since 1970
	kind   sqlKind
	number int64
	uuid   [16]byte
}

// compare orders positions as the database does.
func (p position) compare(q position) int {
	return cmp.Or(cmp.Compare(p.micros, q.micros), cmp.Compare(p.number, q.number), bytes.Compare(p.uuid[:], q.uuid[:]))
}

// mark tells rows of one created_on apart: the number, or the half of a UUID that is random.
func (p position) mark() uint64 {
	if p.kind == kindUUID {
		return binary.BigEndian.Uint64(p.uuid[8:])
	}
	return uint64(p.number)
}

func (p position) time() time.Time { return time.UnixMicro(p.micros).UTC() }

func (p position) idArg() any {
	if p.kind == kindUUID {
		return p.uuid
	}
	return p.number
}

// before is the place in front of all rows of a time.
func before(micros int64, kind sqlKind) position {
	return position{micros: micros, kind: kind, number: -1}
}

// cursor is a row of a page, and what its reader has seen: all up to base, and beyond it the rows of seen. Where the row is older than the horizon
// base is the row itself; else rows may still appear before it, and base is where the horizon was.
type cursor struct {
	at   position
	base position
	seen []seenRow // in order
	asOf int64     // of a search by updated_on: where the horizon was when the first page was read; 0: no such search
}

// seenRow is a row that was shown beyond base.
type seenRow struct {
	micros int64
	mark   uint64
}

func (r seenRow) compare(o seenRow) int {
	return cmp.Or(cmp.Compare(r.micros, o.micros), cmp.Compare(r.mark, o.mark))
}

// On the wire a cursor is base64url of: a byte for the kind of id, one for what follows, at, asOf, base, seen (how many, then differences of times
// and numbers), and four bytes of a checksum over all that and over what was asked. The build before wrote the kind and at alone.
const (
	cursorNumber = 1
	cursorUUID   = 2
	sealedNumber = 3
	sealedUUID   = 4

	hasAsOf = 1
	hasSeen = 2

	sealSize   = 4
	seenSize   = 4 << 10                 // most bytes of seen: a page ends before a row whose cursor would need more
	lastMicros = 253_402_300_800_000_000 // the year 10000
)

var cursorText = base64.RawURLEncoding.Strict()

// plain is the cursor without what was seen, for reads of our own.
func (p position) plain() string {
	var b [25]byte
	kind := byte(cursorNumber)
	if p.kind == kindUUID {
		kind = cursorUUID
	}
	return cursorText.EncodeToString(p.append(append(b[:0], kind)))
}

func (p position) append(b []byte) []byte {
	b = binary.BigEndian.AppendUint64(b, uint64(p.micros))
	if p.kind == kindUUID {
		return append(b, p.uuid[:]...)
	}
	return binary.BigEndian.AppendUint64(b, uint64(p.number))
}

// text prints the cursor for those who ask the same again; false: it has too much in it.
func (c *cursor) text(room []byte, seal uint64) (string, bool) {
	kind, has := byte(sealedNumber), byte(0)
	if c.at.kind == kindUUID {
		kind = sealedUUID
	}
	if c.asOf != 0 {
		has |= hasAsOf
	}
	if len(c.seen) > 0 {
		has |= hasSeen
	}
	b := c.at.append(append(room[:0], kind, has))
	if has&hasAsOf != 0 {
		b = binary.BigEndian.AppendUint64(b, uint64(c.asOf))
	}
	if has&hasSeen != 0 {
		size := len(b)
		if b = c.appendSeen(b); len(b)-size > seenSize {
			return "", false
		}
	}
	return cursorText.EncodeToString(binary.BigEndian.AppendUint32(b, sum(seal, b))), true
}

func (c *cursor) appendSeen(b []byte) []byte {
	b = binary.AppendUvarint(c.base.append(b), uint64(len(c.seen)))
	last := seenRow{micros: c.base.micros}
	for _, r := range c.seen {
		b = binary.AppendUvarint(b, uint64(r.micros-last.micros))
		if c.at.kind == kindUUID {
			b = binary.BigEndian.AppendUint64(b, r.mark)
		} else {
			b = binary.AppendVarint(b, int64(r.mark-last.mark))
		}
		last = r
	}
	return b
}

// sum goes on from a seal over the bytes of a cursor (FNV-1a).
func sum(seal uint64, b []byte) uint32 {
	seal = fold(seal, b)
	return uint32(seal ^ seal>>32)
}

func fold[T []byte | string](h uint64, b T) uint64 {
	for i := range len(b) {
		h = (h ^ uint64(b[i])) * 1099511628211
	}
	return h
}

// seal is what a checksum begins with: cursors of another account, of another connection or of another search have another one.
func seal(account string, q *Query) uint64 {
	h := uint64(14695981039346656037)
	edge := ""
	if q.Parents != nil {
		edge = q.Parents.Edge.Name
	}
	for _, text := range []string{account, q.Type.Name, edge, q.Asked} {
		h = fold(fold(h, text), "\x00")
	}
	return h
}

// parseCursor reads what a caller gave as the argument named field; what no page of the same search could have handed out is fault Invalid.
func parseCursor(text, field string, kind sqlKind, seal uint64) (*cursor, error) {
	b, err := cursorText.DecodeString(text)
	if err == nil && len(b) > 0 && !strings.ContainsAny(text, "\r\n") { // which the decoder leaves out, also a strict one
		r := cursorReader{kind: kind, rest: b[1:]}
		uuid := kind == kindUUID
		switch b[0] {
		case cursorNumber, cursorUUID:
			if c := r.plain(); uuid == (b[0] == cursorUUID) && r.done() {
				return c, nil
			}
		case sealedNumber, sealedUUID:
			if uuid != (b[0] == sealedUUID) || len(b) <= sealSize {
				break
			}
			body := b[:len(b)-sealSize]
			r.rest = body[1:]
			if c := r.sealed(); binary.BigEndian.Uint32(b[len(body):]) == sum(seal, body) && r.done() {
				return c, nil
			}
		}
	}
	return nil, fault.Invalidf(field, "the cursor is not one that this connection handed out in this account for these filters: give it as it was, with the same filters, or begin without one")
}

// cursorReader reads the bytes of a cursor.
type cursorReader struct {
	kind sqlKind
	rest []byte
	bad  bool
}

// done reports whether all was read, and was such that the database can hold it.
func (r *cursorReader) done() bool { return !r.bad && len(r.rest) == 0 }

func (r *cursorReader) take(n int) []byte {
	if r.bad = r.bad || len(r.rest) < n; r.bad {
		return make([]byte, n)
	}
	b := r.rest[:n]
	r.rest = r.rest[n:]
	return b
}

func (r *cursorReader) uvarint() uint64 {
	v, n := binary.Uvarint(r.rest)
	if r.bad = r.bad || n <= 0; r.bad {
		return 0
	}
	r.rest = r.rest[n:]
	return v
}

func (r *cursorReader) micros() int64 {
	v := binary.BigEndian.Uint64(r.take(8))
	r.bad = r.bad || v >= lastMicros
	return int64(v)
}

func (r *cursorReader) position() position {
	p := position{micros: r.micros(), kind: r.kind}
	if r.kind == kindUUID {
		copy(p.uuid[:], r.take(16))
	} else {
		p.number = int64(binary.BigEndian.Uint64(r.take(8)))
	}
	return p
}

func (r *cursorReader) plain() *cursor {
	at := r.position()
	return &cursor{at: at, base: at}
}

func (r *cursorReader) sealed() *cursor {
	has := r.take(1)[0]
	c := r.plain()
	if has&hasAsOf != 0 {
		c.asOf = r.micros()
	}
	if has&hasSeen == 0 {
		return c
	}
	c.base = r.position()
	n := r.uvarint()
	if r.bad = r.bad || n > seenSize; r.bad {
		return c
	}
	last := seenRow{micros: c.base.micros}
	for range n {
		last.micros += int64(r.uvarint() & (1<<62 - 1))
		if r.kind == kindUUID {
			last.mark = binary.BigEndian.Uint64(r.take(8))
		} else {
			v, n := binary.Varint(r.rest)
			r.take(max(n, 1))
			last.mark += uint64(v)
		}
		c.seen = append(c.seen, last)
	}
	return c
}

// parseNumber reads a numbered id; false: no such id can be.
func parseNumber(id catalogue.ID) (int64, bool) {
	n, err := strconv.ParseInt(string(id), 10, 64)
	return n, err == nil && n >= 0 && len(id) > 0 && id[0] != '+'
}

// parseUUID reads the canonical form, in either case; false: not one.
func parseUUID(id catalogue.ID) (u [16]byte, ok bool) {
	if len(id) != 36 || id[8] != '-' || id[13] != '-' || id[18] != '-' || id[23] != '-' {
		return u, false
	}
	var digits [32]byte
	n := 0
	for i := 0; i < 36; i++ {
		if i == 8 || i == 13 || i == 18 || i == 23 {
			continue
		}
		digits[n] = id[i]
		n++
	}
	_, err := hex.Decode(u[:], digits[:])
	return u, err == nil
}

func formatUUID(u [16]byte) catalogue.ID {
	var b [36]byte
	hex.Encode(b[:8], u[:4])
	b[8] = '-'
	hex.Encode(b[9:13], u[4:6])
	b[13] = '-'
	hex.Encode(b[14:18], u[6:8])
	b[18] = '-'
	hex.Encode(b[19:23], u[8:10])
	b[23] = '-'
	hex.Encode(b[24:], u[10:])
	return catalogue.ID(b[:])
}

// idArg turns an id into what the driver sends; nil: no row can have this id.
func idArg(kind sqlKind, id catalogue.ID) any {
	if kind == kindUUID {
		if u, ok := parseUUID(id); ok {
			return u
		}
		return nil
	}
	if n, ok := parseNumber(id); ok {
		return n
	}
	return nil
}
