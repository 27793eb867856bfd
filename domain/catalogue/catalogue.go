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
//		Ref      string       `oms:"create=!"`                        // String, required when created
//		Quantity int          `oms:"!"`                               // Int!, required when created
//		OrderID  catalogue.ID `oms:"ref=Order,by=OrderKey,create=!"`  // field order; column order_id
//		...
//	}
//
// The tag grammar is documented at Tag; what belongs to a type as a whole (name, keys, operations) is in its TypeSpec.
package catalogue

import (
	"reflect"
	"slices"
	"strings"

	"github.com/fluent-oms/fluent/domain/form"
)

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
	Name       string     // GraphQL name: totalPrice
	Column     string     // SQL name: total_price; references end in _id
	Kind       ValueKind  //
	GraphQL    string     // output type text: Float, ID!, [Attribute], Location (for references)
	Null       bool       // the column may be NULL. The Go field is a pointer, slice, string or ID; "" is NULL in the last two
	Ref        *Type      // the type that an IDValue points at, perhaps an abstract one; nil for id itself
	Value      *ValueType // the value object, or the element of the list of them, that a JSON field holds; nil for the rest
	Wrap       string     // the API shows the value as an object with this one member: fromLocation { ref }; empty: as it is
	Argument   string     // type text of its search argument, such as [String!] or DateRange; empty: not searchable
	Copy       []*Field   // on creation the value is copied along this path: [customer ref], [fromAddress location ref], [username]
	CopyOver   *Edge      // the path begins at what is joined along this connection, where all must agree; nil: at the entity itself
	Among      []string   // the values that a text may have; empty: any
	Names      *Type      // the text is the ref of this type; nil: of none in particular
	Finds      bool       // of a reference: its search argument filters by fields of what it refers to
	Constants  *ValueType // the text is the key of one of this type's rows; nil: of none
	MaxLen     int        // characters; 0: 255 for Text, no limit otherwise
	Personal   bool       // personal data: never logged, erased on request
	Hidden     bool       // stored but not in the API's output, such as a password hash
	Doc        string     //
	Deprecated string     // why callers should not read it any more; empty: they may
	Enum       *Enum      // the values that a text may have; nil: any text
	Bounds                // of a number
	Digits     bool       // an integer that the API shows as a text
	ShowsID    bool       // of a reference, the API shows the id that it holds, as a text
	Numbered   bool       // a reference that the API shows and takes as the number of what it points at
	Exact      bool       // searches take % for itself
	Rare       bool       // seldom has a value; it may be NULL
	Distinct   bool       // elements of a list differ in the members that identify them
	MaxItems   int        // elements of a list; 0: no limit but that of the request
	NoZero     bool       // of an integer, 0 stands for no value: the column is NULL then
	Keyed      bool       // part of the type's natural key
	Form       *form.Form // how the value must look; nil: as it likes
	Words      []string   // those that the platform knows among the values that a text may have; nil: it knows none
	index      []int      // path in the Go struct; nil: the discriminator
	constant   string     // the discriminator's value
}

// Get reads the field from a pointer to its entity's struct.
func (f *Field) Get(entity any) any {
	if f.index == nil {
		return f.constant
	}
	return reflect.ValueOf(entity).Elem().FieldByIndex(f.index).Interface()
}

// Pointer returns a pointer to the field inside a pointer to its entity's struct, for scanning and setting. For a discriminator
// it points nowhere that matters.
func (f *Field) Pointer(entity any) any {
	if f.index == nil {
		return new(string)
	}
	return reflect.ValueOf(entity).Elem().FieldByIndex(f.index).Addr().Interface()
}

// Worded reports whether the field has a word whenever it is given, so that an empty text is a wrong one.
func (f *Field) Worded() bool { return len(f.Among) > 0 || len(f.Words) > 0 && !f.Null }

// Edge is a connection or a list from a type to another: one to many by a reference of the target, or many to many by a link table.
type Edge struct {
	Name   string // GraphQL name: items
	Target *Type
	By     *Field // the target's reference to the owner; nil for link tables
	Link   *Link  // the link table; nil for By
	Plain  bool   // the API lists all at once, without pages and filters
	Pages  bool   // the API's connection takes paging arguments alone, no filters
	Hidden bool   // inputs may give it, but the API does not show it
	Doc    string
}

// KeyRef is an object found by natural key: each Local value of this type equals the Remote one of the target. A key that finds
// nothing gives null.
type KeyRef struct {
	Name    string // GraphQL name: product
	GraphQL string // Product!
	Target  *Type  // often abstract
	Local   []*Field
	Remote  []*Field
	Doc     string
}

// Required reports whether the schema promises that the key finds something.
func (k *KeyRef) Required() bool { return strings.HasSuffix(k.GraphQL, "!") }

// Link is a many-to-many table: account_id, one id column for each side, primary key over all.
type Link struct {
	Table       string // location_networks
	OwnerColumn string // location_id
	Target      string // network_id
}

// Type describes one entity type, or an abstract one: an interface whose members share a table.
type Type struct {
	Name        string     // GraphQL name: Order
	Plural      string     // search field: orders; empty for those that are only found through others, as most abstract types
	EntityType  string     // name in events: ORDER; empty where no event can name it
	Permission  string     // stem of permission names: INVENTORYPOSITION, to which _VIEW, _CREATE, _UPDATE are added
	Table       string     // orders
	IDKind      IDKind     //
	Key         []*Field   // natural key besides id, in the order of its input: [ref], [ref catalogue], [name]
	Uniques     []Unique   // unique indexes; the natural key is among them unless the contract only recommends it
	Indexes     [][]*Field // further indexes that hot reads need, without account_id
	Defaults    []Default  // values of new entities for which nothing is given
	Copies      []*Field   // fields that have Copy
	Agrees      []Agreement
	Versions    *Versions  // rows are versions of one thing; nil: each row is a thing of its own
	Checked     []*Field   // whose values the door of entities looks at, in the order of Fields: others can hold whatever their Go type can
	Settled     []*Field   // that hold value objects which fill in what follows from what was given
	Unserved    []Unserved // what is refused because nothing would come of it
	Secret      bool       // its fields hold secrets, which who may view it reads
	Private     bool       // a row is one person's: that of the rows which refer to it
	Provided    bool       // rows come from the control plane, which gives them their ids
	Writers     []string   // stock roles that create and change it, beside the administrator's
	Claims      bool       // rows take of what their root has
	Guarded     bool       // code decides what callers may do with rows
	AccountWide bool       // rows concern the whole account: the permission to change them must be held there
	Root        *Field     // reference that leads towards the workflow's root; nil: it is its own root (or has no workflow)
	OwnRoot     bool       // where Root leads nowhere, it is its own root
	Workflow    bool       // orchestrated: has workflowRef and friends, and events can address it
	Fires       bool       // creation sends a CREATE event
	Driven      bool       // a workflow must drive it
	Quiet       bool       // but not where it comes to be with its parent
	Parts       *PartTree  // what hangs on a root and is read with it; nil: it is read alone
	Interfaces  []string   // Node, Orchestrateable, Product, …
	Fields      []*Field   // in GraphQL order; hidden ones and the discriminator included
	KeyRefs     []*KeyRef  //
	Edges       []*Edge    //
	Gets        []Get      // single reads
	Create      *Mutation  // nil: none
	Update      *Mutation  // nil: none
	Removes     []*Removal // removeXFromY mutations
	Bulk        []*Bulk    // mutations of many rows at once
	Totals      []*Total   // lists of sums
	Doc         string
	Go          reflect.Type // the struct; nil for abstract types

	Composites []*Composite
	Precises   []*PreciseField

	FoldsCase  bool // wildcards of searches ignore case
	Remembered bool // what a natural key leads to is remembered for a moment: there are few rows, and their keys stay

	// Discriminator is the column that says which type a row of a shared table has; its value is the type's name. Rows of other
	// types are never this type's. nil: the table is not shared.
	Discriminator *Field
	// Members are the concrete types of an abstract type; empty for concrete types.
	Members []*Type

	// How a scope that is limited to some retailers reaches the type. At most one is set; all nil: account-wide.
	Retailer     *Field // holds the retailer's id; or, when its Kind is JSON, a list of retailers' refs (or ids), empty for all
	RetailerVia  *Field // reference to a type that says; NULL reaches everybody
	RetailerEdge *Edge  // connection to retailers
	Owner        *Owner // what a row is about says

	Document *DocumentTree // of a root: what is kept of it in one row; nil: nothing

	Places *Places // how roles at locations reach the type; nil: not at all, or as what a row is about

	fields   map[string]*Field
	declared []*declaration
	unshown  []*Edge // connections that only a tree of parts names
}

// Owner says what a row is about where that may be of several types: a comment's entityType and entityId, a setting's context and
// contextId. Rows about what is not among Kinds, as a setting's ACCOUNT, reach everybody, and are the account's to write.
type Owner struct {
	Kind, ID *Field
	Kinds    []OwnerKind
}

// OwnerKind is one value of an owner's kind and the type that it stands for.
type OwnerKind struct {
	Name string
	Type *Type
}

// Limited reports whether a scope with retailers sees only part of the type's rows.
func (t *Type) Limited() bool {
	return t.Retailer != nil || t.RetailerVia != nil || t.RetailerEdge != nil || t.Owner != nil || slices.ContainsFunc(t.Members, (*Type).Limited)
}

// Unique is a unique index: no two rows of an account agree in all fields (NULLs never agree).
type Unique struct {
	Name   string // of the index, as constraint violations name it: orders_ref_key
	Fields []*Field
	Taken  string // platform code of the fault that it is taken
}

// Names are those of the fields, as faults tell them.
func (u Unique) Names() string {
	names := make([]string, len(u.Fields))
	for i, f := range u.Fields {
		names[i] = f.Name
	}
	return strings.Join(names, ", ")
}

// New returns a pointer to a new zero entity of the type. Abstract types have none.
func (t *Type) New() any { return reflect.New(t.Go).Interface() }

// Abstract reports whether the type is an interface over Members.
func (t *Type) Abstract() bool { return len(t.Members) > 0 }

// Field finds a field by its GraphQL name, hidden ones by their Go name in lower camel case; nil if there is none.
func (t *Type) Field(name string) *Field { return t.fields[name] }

// Edge finds a connection by its GraphQL name; nil if there is none.
func (t *Type) Edge(name string) *Edge {
	for _, e := range t.Edges {
		if e.Name == name {
			return e
		}
	}
	return nil
}

// KeyRef finds an object found by key by its GraphQL name; nil if there is none.
func (t *Type) KeyRef(name string) *KeyRef {
	for _, k := range t.KeyRefs {
		if k.Name == name {
			return k
		}
	}
	return nil
}

// Member finds the concrete type of a row by its discriminator's value; nil if there is none. A concrete type is its own member.
func (t *Type) Member(name string) *Type {
	for _, m := range t.Members {
		if m.Name == name {
			return m
		}
	}
	if !t.Abstract() && t.Name == name {
		return t
	}
	return nil
}

// ValueType is a value object that JSON columns hold: Price, TaxType, UserRole. It has no id and no table.
type ValueType struct {
	Name    string // GraphQL name: Price
	Input   *Input // PriceInput; nil: never written through the API
	Fields  []*ValueField
	MergeBy []string // members that identify an element of a list
	Doc     string
	Go      reflect.Type
	Rows    []*Constant // all that there are, by key; nil: they are given where they are used
	Key     string      // of Rows: the member that tells them apart
	Settles bool        // it is a Settler
}

// ValueField is one member of a value object.
type ValueField struct {
	Name    string // GraphQL name and JSON name
	GraphQL string // output type text
	Ref     *Type  // the member holds this type's id: a user's role; nil for plain values
	Enum    *Enum  // the values that a text may have; nil: any text
	MaxLen  int    // characters of a text; 0: 255

	Constants *ValueType // the text is the key of one of this type's rows; nil: of none
	Personal  bool       // of a person, where the field that holds the object is
	Form      *form.Form // how the value must look; nil: as it likes
	Bounds               // of a number
	Value     *ValueType // nested value object or list of them
	Doc       string
	names     string // the name of the type of Constants
}

// Object is an output type that no entity or value object stands for: LocationLink, UpdateStatusOutput, VirtualInventory.
type Object struct {
	Name   string
	Fields []Arg
	Doc    string
}

// Arg is a name with a type text.
type Arg struct {
	Name string
	Type string
	Doc  string
}

// Operation is a root field that is declared by itself. Those that make something follow from their declaration; what answers the others is a row
// of a module's manifest, or the API's own.
type Operation struct {
	Name   string
	Args   []Arg
	Type   string // result type text; a name ending in Connection is a connection of the type before it
	Paged  bool   // takes first, last, before, after besides Args
	Entity *Type  // whose permission it needs; nil: see its documentation
	Of     *Field // whose values it lists, of Entity; nil: it is no such list
	Makes  *Input // of a mutation: its only argument, from which it makes an entity of the type that it returns; nil: it does something else
	Doc    string
}

// Interface is a GraphQL interface: its name and what all implementers show.
type Interface struct {
	Name   string
	Fields []*Field // as the first implementer has them
	Doc    string
}

// Catalogue is the set of all types.
type Catalogue struct {
	types      []*Type
	abstract   []*Type
	interfaces []*Interface
	values     []*ValueType
	enums      []*Enum
	inputs     []*Input
	objects    []*Object
	queries    []*Operation
	mutations  []*Operation
	byName     map[string]*Type
	byGo       map[reflect.Type]*Type
	byEvent    map[string][]*Type
	byInput    map[string]*Input
	byValue    map[string]*ValueType
	byEnum     map[string]*Enum
	byObject   map[string]*Object
	extra      []string
}

// Types lists all concrete types in declaration order.
func (c *Catalogue) Types() []*Type { return c.types }

// Abstract lists the interfaces whose members share a table: Product, Address.
func (c *Catalogue) Abstract() []*Type { return c.abstract }

// Interfaces lists all GraphQL interfaces, those of Abstract included.
func (c *Catalogue) Interfaces() []*Interface { return c.interfaces }

// Values lists the value objects.
func (c *Catalogue) Values() []*ValueType { return c.values }

// Inputs lists all input types by name.
func (c *Catalogue) Inputs() []*Input { return c.inputs }

// Objects lists the output types that no entity or value object stands for.
func (c *Catalogue) Objects() []*Object { return c.objects }

// Queries lists the root query fields that follow no pattern.
func (c *Catalogue) Queries() []*Operation { return c.queries }

// Query finds a root query field that follows no pattern by name; nil if there is none.
func (c *Catalogue) Query(name string) *Operation {
	i := slices.IndexFunc(c.queries, func(op *Operation) bool { return op.Name == name })
	if i < 0 {
		return nil
	}
	return c.queries[i]
}

// Mutations lists the root mutation fields that follow no pattern.
func (c *Catalogue) Mutations() []*Operation { return c.mutations }

// Type finds a type by GraphQL name, abstract ones too; nil if there is none.
func (c *Catalogue) Type(name string) *Type { return c.byName[name] }

// RetailerType is the type of retailers; nil in a catalogue without.
func (c *Catalogue) RetailerType() *Type { return c.byName["Retailer"] }

// TypeOf is the type of a pointer to an entity's struct; nil if it is none.
func (c *Catalogue) TypeOf(entity any) *Type {
	rt := reflect.TypeOf(entity)
	if rt == nil || rt.Kind() != reflect.Pointer {
		return nil
	}
	return c.byGo[rt.Elem()]
}

// OwnName is the type's name as events would spell it: STANDARD_PRODUCT, though what addresses one is a PRODUCT.
func (t *Type) OwnName() string { return strings.ToUpper(snake(t.Name)) }

// EntityTypes finds the types that events of an entity type address; PRODUCT has several.
func (c *Catalogue) EntityTypes(entityType string) []*Type { return c.byEvent[entityType] }

// Input finds an input type by name; nil if there is none.
func (c *Catalogue) Input(name string) *Input { return c.byInput[name] }

// Value finds a value object by name; nil if there is none.
func (c *Catalogue) Value(name string) *ValueType { return c.byValue[name] }

// Object finds an output type by name; nil if there is none.
func (c *Catalogue) Object(name string) *Object { return c.byObject[name] }
