package desired

import (
	"hash/maphash"
	"iter"
	"maps"
)

// shards is how many parts a table has. A change copies one of them: at 10,000 entries that is about forty.
const shards = 256

var seed = maphash.MakeSeed()

// table is a map that never changes. An edit makes another one that shares with it all shards but those that it touched. The zero value
// is an empty table.
type table[K comparable, V any] struct{ parts *[shards]map[K]V }

func shardOf[K comparable](key K) int { return int(maphash.Comparable(seed, key) % shards) }

func (t table[K, V]) get(key K) (value V, ok bool) {
	if t.parts == nil {
		return value, false
	}
	value, ok = t.parts[shardOf(key)][key]
	return value, ok
}

// all gives the entries in no order.
func (t table[K, V]) all() iter.Seq2[K, V] {
	return func(yield func(K, V) bool) {
		if t.parts == nil {
			return
		}
		for _, part := range t.parts {
			for k, v := range part {
				if !yield(k, v) {
					return
				}
			}
		}
	}
}

func (t table[K, V]) len() (n int) {
	if t.parts == nil {
		return 0
	}
	for _, part := range t.parts {
		n += len(part)
	}
	return n
}

// edit is a table that is being made from another.
type edit[K comparable, V any] struct {
	table[K, V]
	begun bool
	mine  [shards]bool // parts that no other table has
}

// part is the shard of a key, for writing.
func (e *edit[K, V]) part(key K) map[K]V {
	if !e.begun {
		parts := new([shards]map[K]V)
		if e.parts != nil {
			*parts = *e.parts
		}
		e.parts, e.begun = parts, true
	}
	n := shardOf(key)
	if !e.mine[n] {
		e.mine[n] = true
		if e.parts[n] = maps.Clone(e.parts[n]); e.parts[n] == nil {
			e.parts[n] = map[K]V{}
		}
	}
	return e.parts[n]
}

func (e *edit[K, V]) set(key K, value V) { e.part(key)[key] = value }

func (e *edit[K, V]) remove(key K) {
	if _, ok := e.get(key); ok {
		delete(e.part(key), key)
	}
}
