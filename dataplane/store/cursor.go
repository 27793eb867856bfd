package store

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"strconv"
	"time"

	"github.com/fluent-oms/fluent/domain/catalogue"
	"github.com/fluent-oms/fluent/domain/fault"
)

// cursor is a place in the order (created_on, id). On the wire: base64url of a version byte, the microseconds of created_on since 1970,
// and the id as it is stored.
type cursor struct {
	micros int64
	kind   sqlKind
	number int64
	uuid   [16]byte
}

const (
	cursorNumber = 1
	cursorUUID   = 2
	lastMicros   = 253_402_300_800_000_000 // the year 10000
)

func (c cursor) String() string {
	var b [25]byte
	binary.BigEndian.PutUint64(b[1:], uint64(c.micros))
	n := 17
	if c.kind == kindUUID {
		b[0] = cursorUUID
		n = 9 + copy(b[9:], c.uuid[:])
	} else {
		b[0] = cursorNumber
		binary.BigEndian.PutUint64(b[9:], uint64(c.number))
	}
	return base64.RawURLEncoding.EncodeToString(b[:n])
}

// parseCursor reads what a caller gave as the argument named field; what no page of such ids could have handed out is fault Invalid.
func parseCursor(text, field string, kind sqlKind) (cursor, error) {
	b, err := base64.RawURLEncoding.DecodeString(text)
	c := cursor{kind: kind}
	switch {
	case err != nil:
	case kind == kindUUID && len(b) == 25 && b[0] == cursorUUID:
		c.micros = int64(binary.BigEndian.Uint64(b[1:]))
		copy(c.uuid[:], b[9:])
	case kind != kindUUID && len(b) == 17 && b[0] == cursorNumber:
		c.micros = int64(binary.BigEndian.Uint64(b[1:]))
		c.number = int64(binary.BigEndian.Uint64(b[9:]))
	}
	// Only what prints as it was given is ours, and only times that the database can hold.
	if c.micros >= 0 && c.micros < lastMicros && c.String() == text {
		return c, nil
	}
	return c, fault.Invalidf(field, "the cursor is not one that this connection handed out")
}

func (c cursor) time() time.Time { return time.UnixMicro(c.micros).UTC() }

func (c cursor) idArg() any {
	if c.kind == kindUUID {
		return c.uuid
	}
	return c.number
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
