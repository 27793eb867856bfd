package state

import "github.com/hashicorp/go-memdb"

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
