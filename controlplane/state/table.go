package state

import (
	"fmt"
	"strings"

	"github.com/hashicorp/go-memdb"
	"google.golang.org/protobuf/proto"
)

// Table reads one table. Messages that it returns are shared by all readers: clone before changing one. A read that the table library refuses
// panics with Unreadable.
type Table[T proto.Message] struct {
	name   string
	key    func(T) string
	groups func(T) []string // what else rows are found and watched by; nil: nothing
}

// Name is the table's name, as in snapshots.
func (t Table[T]) Name() string { return t.name }

// Get reads a row by its key.
func (t Table[T]) Get(v View, key string) (T, bool) {
	message, found, _ := t.Watch(v, key)
	return message, found
}

// Watch is Get with a channel that is closed when the row changes, appears or disappears.
func (t Table[T]) Watch(v View, key string) (T, bool, <-chan struct{}) {
	changed, raw, err := v.txn.FirstWatch(t.name, "id", key)
	check(t.name, err)
	r, ok := raw.(*row)
	if !ok {
		var none T
		return none, false, changed
	}
	return r.message.(T), true, changed
}

// Page chooses rows of a list: those whose keys begin with Prefix, after (or, in reverse, before) the key After, at most Limit.
type Page struct {
	Prefix  string
	After   string
	Limit   int // rows; 0: all
	Bytes   int // of rows in binary, but for the first; 0: as many as there are
	Reverse bool
}

// List reads rows in the order of their keys and says after which key the next page begins; "" means that there is none.
func (t Table[T]) List(v View, p Page) ([]T, string) {
	return t.Filter(v, p, func(T) bool { return true })
}

// Filter is List of the rows that keep likes.
func (t Table[T]) Filter(v View, p Page, keep func(T) bool) ([]T, string) {
	rows, err := t.walk(v, p)
	check(t.name, err)
	var out []T
	last, size := "", 0
	for raw := rows.Next(); raw != nil; raw = rows.Next() {
		r := raw.(*row)
		if !strings.HasPrefix(r.key, p.Prefix) {
			if !p.Reverse || r.key < p.Prefix {
				break
			}
			continue
		}
		if r.key == p.After || !keep(r.message.(T)) {
			continue
		}
		if p.Bytes > 0 {
			size += proto.Size(r.message)
		}
		if len(out) > 0 && (len(out) == p.Limit || size > p.Bytes) {
			return out, last
		}
		out, last = append(out, r.message.(T)), r.key
	}
	return out, ""
}

func (t Table[T]) walk(v View, p Page) (memdb.ResultIterator, error) {
	switch {
	case p.Reverse && p.After != "":
		return v.txn.ReverseLowerBound(t.name, "id", p.After)
	case p.Reverse:
		return v.txn.GetReverse(t.name, "id")
	case p.After != "":
		return v.txn.LowerBound(t.name, "id", p.After)
	default:
		return v.txn.Get(t.name, "id_prefix", p.Prefix)
	}
}

// Group reads the rows of a group in the order of their keys, with a channel that is closed when a row of the group changes, comes or
// goes. Other groups don't disturb it.
func (t Table[T]) Group(v View, group string) ([]T, <-chan struct{}) {
	rows, err := v.txn.Get(t.name, "group", group)
	check(t.name, err)
	var out []T
	for raw := rows.Next(); raw != nil; raw = rows.Next() {
		out = append(out, raw.(*row).message.(T))
	}
	return out, rows.WatchCh()
}

// All reads a whole table with a channel that is closed by any change of it.
func (t Table[T]) All(v View) ([]T, <-chan struct{}) {
	rows, err := v.txn.Get(t.name, "id_prefix", "")
	check(t.name, err)
	var out []T
	for raw := rows.Next(); raw != nil; raw = rows.Next() {
		out = append(out, raw.(*row).message.(T))
	}
	return out, rows.WatchCh()
}

func (t Table[T]) put(tx *Tx, message T) error {
	return t.store(tx.View, message, tx.index)
}

func (t Table[T]) store(v View, message T, index Index) error {
	r := &row{key: t.key(message), index: uint64(index), message: message}
	if t.groups != nil {
		r.groups = t.groups(message)
	}
	if err := v.txn.Insert(t.name, r); err != nil {
		return fmt.Errorf("write %s %s: %w", t.name, r.key, err)
	}
	return nil
}

func (t Table[T]) remove(tx *Tx, key string) error {
	raw, err := tx.txn.First(t.name, "id", key)
	check(t.name, err)
	if raw == nil {
		return nil
	}
	if err := tx.txn.Delete(t.name, raw); err != nil {
		return fmt.Errorf("delete %s %s: %w", t.name, key, err)
	}
	return nil
}

// restore decodes a row of a snapshot and puts it back.
func (t Table[T]) restore(v View, index Index, encoded []byte) error {
	var none T
	message, _ := none.ProtoReflect().New().Interface().(T)
	if err := proto.Unmarshal(encoded, message); err != nil {
		return fmt.Errorf("decode a row of %s: %w", t.name, err)
	}
	return t.store(v, message, index)
}

// tableSchema is the same for all tables: rows by key, and by groups.
func tableSchema(name string) *memdb.TableSchema {
	return &memdb.TableSchema{Name: name, Indexes: map[string]*memdb.IndexSchema{
		"id":    {Name: "id", Unique: true, Indexer: keyIndexer{}},
		"group": {Name: "group", AllowMissing: true, Indexer: groupIndexer{}},
	}}
}

type keyIndexer struct{}

func (keyIndexer) FromArgs(args ...any) ([]byte, error) {
	s, err := oneString(args)
	return append([]byte(s), 0), err
}

func (keyIndexer) PrefixFromArgs(args ...any) ([]byte, error) {
	s, err := oneString(args)
	return []byte(s), err
}

func (keyIndexer) FromObject(raw any) (bool, []byte, error) {
	r, ok := raw.(*row)
	if !ok || r.key == "" {
		return false, nil, fmt.Errorf("a row without a key: %T", raw)
	}
	return true, append([]byte(r.key), 0), nil
}

type groupIndexer struct{}

func (groupIndexer) FromArgs(args ...any) ([]byte, error) { return keyIndexer{}.FromArgs(args...) }

func (groupIndexer) FromObject(raw any) (bool, [][]byte, error) {
	r, ok := raw.(*row)
	if !ok {
		return false, nil, fmt.Errorf("not a row: %T", raw)
	}
	var out [][]byte
	for _, g := range r.groups {
		out = append(out, append([]byte(g), 0))
	}
	return len(out) > 0, out, nil
}

func oneString(args []any) (string, error) {
	if len(args) != 1 {
		return "", fmt.Errorf("want one key, got %d", len(args))
	}
	s, ok := args[0].(string)
	if !ok {
		return "", fmt.Errorf("want a string as key, got %T", args[0])
	}
	return s, nil
}
