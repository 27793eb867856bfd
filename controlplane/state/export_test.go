package state

import (
	"github.com/hashicorp/go-memdb"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoregistry"

	statev1 "github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/state/v1"
	nodev1 "github.com/fluent-oms/fluent/proto/gen/fluent/node/v1"
)

// NewWithout makes a store whose schema lacks a table, so that the table library refuses all reads of it.
func NewWithout(table string) (*Store, error) {
	tables := schema()
	delete(tables.Tables, table)
	db, err := memdb.NewMemDB(tables)
	if err != nil {
		return nil, err
	}
	s := &Store{}
	s.current.Store(&generation{db: db, feed: newFeed(0), abandoned: make(chan struct{})})
	return s, nil
}

// BodyOf makes an empty body of the command of a kind; nil if there is none.
func BodyOf(kind statev1.Kind) proto.Message {
	c, known := commandsByKind[kind]
	if !known {
		return nil
	}
	t, err := protoregistry.GlobalTypes.FindMessageByName(c.handler.body)
	if err != nil {
		return nil
	}
	return t.New().Interface()
}

// Rows counts the commands of all resources.
func Rows() (n int) {
	for _, r := range resources {
		n += len(r.commands)
	}
	return n
}

// Tables lists the tables of the schema.
func Tables() (names []string) {
	for _, t := range tables() {
		names = append(names, t.Name())
	}
	return names
}

// There are the changes that Next would give without waiting.
func (c *Changes) There() (out []*nodev1.Change) {
	f := c.generation.feed
	f.mu.Lock()
	defer f.mu.Unlock()
	for ; c.at.next != nil; c.at = c.at.next {
		out = append(out, c.at.next.changes...)
	}
	return out
}
