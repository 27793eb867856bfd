package catalogue

import "time"

// ID is an entity's identifier as it travels on the wire: a decimal string for numbered types, a canonical UUID for the rest.
// The empty ID means none.
type ID string

// IDKind says how a type's ids are made. See docs/decisions/data.md, "Entities".
type IDKind int

// The kinds of identifier.
const (
	Number IDKind = iota // counted per account, 32 bits; column INT8
	UUID                 // version 8: four shard bits, a millisecond time, then randomness; column UUID
)

// Node is embedded by every entity: the three fields that all have.
type Node struct {
	ID        ID        `oms:"id,!,create=-,update=-"`
	CreatedOn time.Time `oms:"createdOn,create=-,update=-"`
	UpdatedOn time.Time `oms:"updatedOn,create=-,update=-"`
}

// Row is embedded instead of Node by entities whose API shows an id but no times; the times are stored all the same.
type Row struct {
	ID        ID        `oms:"id,!,create=-,update=-"`
	CreatedOn time.Time `oms:"createdOn,hidden"`
	UpdatedOn time.Time `oms:"updatedOn,hidden"`
}

// Bare is embedded instead of Node by entities whose API shows neither id nor times; they are stored all the same.
type Bare struct {
	ID        ID        `oms:"id,hidden,create=-,update=-"`
	CreatedOn time.Time `oms:"createdOn,hidden"`
	UpdatedOn time.Time `oms:"updatedOn,hidden"`
}

// Orchestrated is embedded by entities whose life a workflow drives.
type Orchestrated struct {
	Type            string `oms:"type,!,create=!"`
	Status          string `oms:"status,create=-,default=CREATED" doc:"CREATED at first; then what the workflow says."`
	WorkflowRef     string `oms:"workflowRef,!,create=-,update=-"`     // ORDER::HD
	WorkflowVersion int    `oms:"workflowVersion,!,create=-,update=-"` // major × 10000 + minor
}

// Attribute is a named, typed JSON value that callers hang on an entity. Names are unique within the entity; updates merge by
// name and never delete.
type Attribute struct {
	Name  string `json:"name" oms:"!"`
	Type  string `json:"type" oms:"!" doc:"A free label, such as STRING, INTEGER or JSON; the value is not checked against it."`
	Value any    `json:"value" oms:"!"`
}

// Attributes is an entity's attribute list, in order of first appearance; column jsonb.
type Attributes []Attribute

// Get returns the value of the named attribute and whether it is there.
func (a Attributes) Get(name string) (any, bool) {
	for _, x := range a {
		if x.Name == name {
			return x.Value, true
		}
	}
	return nil, false
}

// Merge returns a copy in which each attribute of with replaces the one of its name or is appended.
func (a Attributes) Merge(with Attributes) Attributes {
	out := append(Attributes(nil), a...)
next:
	for _, w := range with {
		for i := range out {
			if out[i].Name == w.Name {
				out[i] = w
				continue next
			}
		}
		out = append(out, w)
	}
	return out
}

// Many marks a connection; it holds nothing. Its tag says which type it lists and through what.
type Many struct{}

// Lookup marks an object that is found by key instead of by id; it holds nothing. Its tag says which type and which fields match.
type Lookup struct{}

// WriteOnly marks an input value that has no column, such as a password; it holds nothing. What becomes of the value is up to
// the use case that knows its name.
type WriteOnly struct{}
