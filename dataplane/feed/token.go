package feed

import (
	"encoding/base64"
	"encoding/binary"
	"hash/fnv"
	"time"

	"github.com/fluent-oms/fluent/dataplane/store"
	"github.com/fluent-oms/fluent/domain/catalogue"
	"github.com/fluent-oms/fluent/domain/fault"
)

// token is how far a follower is. It names nothing but rows of the account, which move with it.
type token struct {
	place store.FeedPlace
	seen  time.Time // up to when all that was committed has been read
	list  *listing  // what was there at the beginning is still being listed; nil: no more
}

// listing is how far the list of what there was is.
type listing struct {
	of    int    // which one of the types
	after string // the store's mark of the last entity; empty: none yet
}

// On the wire a token is base64url of: a version, whether it lists, the row's time and id, how much of the row was read, seen, which type and the mark;
// and four bytes of a checksum over that, the account and the types.
const (
	tokenVersion = 1
	sumSize      = 4
	markSize     = 64 // bytes of a mark, at most
)

var tokenText = base64.RawURLEncoding.Strict()

var errToken = fault.Invalidf("from", "This is no token that the feed of these types handed out in this account: give it as it was, for the same types, or begin with start or now")

func (t *token) text(account, types string) string {
	lists := byte(0)
	if t.list != nil {
		lists = 1
	}
	b := append(make([]byte, 0, 64), tokenVersion, lists)
	b = binary.BigEndian.AppendUint64(b, uint64(t.place.At.UnixMicro()))
	id, _ := store.ParseUUID(catalogue.ID(t.place.ID))
	b = append(b, id[:]...)
	b = binary.BigEndian.AppendUint32(b, uint32(t.place.Read+1)) // 0: all
	b = binary.BigEndian.AppendUint64(b, uint64(t.seen.UnixMicro()))
	if t.list != nil {
		b = append(b, byte(t.list.of))
		b = append(b, t.list.after...)
	}
	return tokenText.EncodeToString(binary.BigEndian.AppendUint32(b, checksum(b, account, types)))
}

// headSize is what each token has in front of what it lists.
const headSize = 2 + 8 + 16 + 4 + 8

// parseToken reads a token of an account and of so many types.
func parseToken(text, account, types string, count int) (*token, error) {
	raw, err := tokenText.DecodeString(text)
	if err != nil || len(raw) < headSize+sumSize || len(raw) > headSize+sumSize+1+markSize || raw[0] != tokenVersion {
		return nil, errToken
	}
	b, sum := raw[:len(raw)-sumSize], binary.BigEndian.Uint32(raw[len(raw)-sumSize:])
	at, read, seen := binary.BigEndian.Uint64(b[2:]), binary.BigEndian.Uint32(b[26:]), binary.BigEndian.Uint64(b[30:])
	if sum != checksum(b, account, types) || b[1] > 1 || at > lastMicros || seen > lastMicros || read > 1<<31 {
		return nil, errToken
	}
	t := &token{seen: time.UnixMicro(int64(seen)).UTC(), place: store.FeedPlace{
		At: time.UnixMicro(int64(at)).UTC(), ID: string(store.FormatUUID([16]byte(b[10:26]))), Read: int(read) - 1,
	}}
	switch rest := b[headSize:]; {
	case b[1] == 0 && len(rest) > 0, b[1] == 1 && (len(rest) == 0 || int(rest[0]) >= count):
		return nil, errToken
	case b[1] == 1:
		t.list = &listing{of: int(rest[0]), after: string(rest[1:])}
	}
	return t, nil
}

const lastMicros = 253_402_300_800_000_000 // the year 10000

func checksum(b []byte, account, types string) uint32 {
	h := fnv.New64a()
	for _, part := range [][]byte{[]byte(account), {0}, []byte(types), {0}, b} {
		_, _ = h.Write(part) // never fails
	}
	sum := h.Sum64()
	return uint32(sum>>32) ^ uint32(sum)
}
