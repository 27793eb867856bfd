// Package catalogue derives, once at start, what every entity type is: its table, its GraphQL type, arguments and inputs, its
// permission names and its personal-data marks. The single source is a Go struct per entity in the packages beside this one;
// nothing else declares a field. The package is pure: it reads struct types and returns descriptions.
//
// # Declaring an entity
//
// An entity is a struct that embeds Node, whose stored fields carry an `oms` tag, and whose connections are Many fields:
//
//	type OrderItem struct {
//		catalogue.Node
//		Ref      string         `oms:"create=!"`                     // String, required when created
//		Quantity int            `oms:"!,create=!"`                   // Int!
//		Order    catalogue.ID   `oms:"ref=Order,create=! key"`       // an OrderItem's order; column order_id
//		...
//	}
//
// The tag grammar is documented at Tag.
package catalogue

import (
	"reflect"
	"time"
)

// ID is an entity's identifier as it travels on the wire: a decimal string for numbered types, a canonical UUID for the rest.
// The empty ID means none.
type ID string

// IDKind says how a type's ids are made. See docs/architecture.md, "Identifiers".
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

// Orchestrated is embedded by entities whose life a workflow drives.
type Orchestrated struct {
	Type            string `oms:"type,!,create=!"`
	Status          string `oms:"status,create=-"`
	WorkflowRef     string `oms:"workflowRef,!,create=-,update=-"`     // ORDER::HD
	WorkflowVersion int    `oms:"workflowVersion,!,create=-,update=-"` // major × 10000 + minor
}

// Attribute is a named, typed JSON value that callers hang on an entity. Names are unique within the entity; updates merge by
// name and never delete.
type Attribute struct {
	Name  string `json:"name"`
	Type  string `json:"type"`
	Value any    `json:"value"`
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

// ValueKind is how a field's value is stored and compared.
type ValueKind int

// The value kinds and their columns.
const (
	Text    ValueKind = iota // TEXT
	Int                      // INT8; GraphQL Int, 32 bits
	Float                    // FLOAT8
	Bool                     // BOOL
	Time                     // TIMESTAMPTZ, UTC
	JSON                     // JSONB: attributes, embedded value objects, lists, Json
	IDValue                  // INT8 or UUID, by the IDKind of the field's Ref (or of the type itself for id)
)

// Field is one stored value of an entity.
type Field struct {
	Name     string    // GraphQL name: totalPrice
	Column   string    // SQL name: total_price; references end in _id
	Kind     ValueKind //
	GraphQL  string    // output type text: Float, ID!, [Attribute], Location (for references)
	Null     bool      // the column may be NULL: the Go field is a pointer, slice, or optional reference
	Ref      *Type     // the type that an IDValue points at; nil for id itself
	Argument string    // type text of its search argument, such as [String!] or DateRange; empty: not searchable
	MaxLen   int       // characters; 0: 255 for Text, no limit otherwise
	Personal bool      // personal data: never logged, erased on request
	Hidden   bool      // stored but not in the API, such as a password hash
	Doc      string    //
	index    []int     // path in the Go struct
}

// Get reads the field from a pointer to its entity's struct.
func (f *Field) Get(entity any) any {
	return reflect.ValueOf(entity).Elem().FieldByIndex(f.index).Interface()
}

// Pointer returns a pointer to the field inside a pointer to its entity's struct, for scanning and setting.
func (f *Field) Pointer(entity any) any {
	return reflect.ValueOf(entity).Elem().FieldByIndex(f.index).Addr().Interface()
}

// Edge is a connection from a type to another: one to many by a reference of the target, or many to many by a link table.
type Edge struct {
	Name   string // GraphQL name: items
	Target *Type
	By     *Field // the target's reference to the owner; nil for link tables
	Link   *Link  // the link table; nil for By
	Doc    string
}

// Link is a many-to-many table: account_id, one id column for each side, primary key over all.
type Link struct {
	Table       string // location_networks
	OwnerColumn string // location_id
	Target      string // network_id
}

// Type describes one entity type.
type Type struct {
	Name       string     // GraphQL name: Order
	Plural     string     // search field: orders
	EntityType string     // name in events and permissions: ORDER; empty where no event can name it
	Table      string     // orders
	IDKind     IDKind     //
	Key        []*Field   // natural key besides id: [ref], [ref catalogue], [name]; unique in the account
	Root       *Field     // reference that leads towards the workflow's root; nil: it is its own root (or has no workflow)
	Workflow   bool       // orchestrated: has workflowRef and friends, and events can address it
	Fires      bool       // creation sends a CREATE event
	Interfaces []string   // Node, Orchestrateable, …
	Fields     []*Field   // in GraphQL order
	Edges      []*Edge    //
	Gets       []Get      // single reads
	Create     *Mutation  // nil: none
	Update     *Mutation  // nil: none
	Removes    []*Removal // removeXFromY mutations
	Doc        string
	Go         reflect.Type // the struct

	fields map[string]*Field
}

// New returns a pointer to a new zero entity of the type.
func (t *Type) New() any { return reflect.New(t.Go).Interface() }

// Field finds a field by its GraphQL name; nil if there is none.
func (t *Type) Field(name string) *Field { return t.fields[name] }

// Get is one single-entity query: its name and which fields are its arguments.
type Get struct {
	Name string
	Args []GetArg
}

// GetArg is an argument of a Get: a field of the key, and the argument's type text (ID!, String, ProductCatalogueKey!).
type GetArg struct {
	Field *Field
	Type  string
}

// Mutation is a create or update operation with its input.
type Mutation struct {
	Name  string // createOrder
	Input *Input
}

// Input is a GraphQL input type and how each of its fields lands in an entity.
type Input struct {
	Name   string // CreateOrderInput
	Of     *Type  // the entity that it makes or changes; nil for keys and value objects
	Fields []*InputField
}

// InputField is one field of an Input. Exactly one of Field (alone), Key and Children says what becomes of the value.
type InputField struct {
	Name      string // GraphQL name, which may differ from the target's: taxType → tax
	Type      string // type text: String!, [AttributeInput], ProductCatalogueKey!
	Required  bool
	Identify  bool   // part of the key that finds the row to update
	Field     *Field // scalar, embedded value, or reference to set; nil for write-only values without a column
	Key       *Input // reference given by id or natural key (RetailerId, ProductCatalogueKey): resolve, then set Field or link Edge
	Children  *Input // inline children: create or update rows of Children.Of along Edge (or the single row that Field refers to)
	Edge      *Edge
	WriteOnly bool
	MaxLen    int
	Doc       string
}

// Removal is a mutation that takes links away: removeLocationsFromNetwork.
type Removal struct {
	Name   string
	Input  *Input
	Owner  *InputField // key of the owner
	Items  *InputField // keys of what to unlink
	Edge   *Edge
	Output string // name of the output type { status }
}

// Catalogue is the set of all types.
type Catalogue struct {
	types  []*Type
	byName map[string]*Type
	byKind map[string][]*Type
}

// Types lists all types in declaration order.
func (c *Catalogue) Types() []*Type { return c.types }

// Type finds a type by GraphQL name; nil if there is none.
func (c *Catalogue) Type(name string) *Type { return c.byName[name] }

// EntityTypes finds the types that events of an entity type address; PRODUCT has several.
func (c *Catalogue) EntityTypes(entityType string) []*Type { return c.byKind[entityType] }
