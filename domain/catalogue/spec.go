package catalogue

// Spec is one part of the catalogue, as a domain package declares it. New puts the parts together.
type Spec struct {
	Types       []TypeSpec
	Values      []ValueSpec
	Enums       []EnumSpec
	Interfaces  []InterfaceSpec
	Inputs      []InputSpec
	Objects     []ObjectSpec
	Queries     []OperationSpec
	Mutations   []OperationSpec
	Permissions []string // names of permissions that no entity stands for
}

// TypeSpec declares what belongs to an entity type as a whole. Field lists are words separated by spaces, GraphQL names; hidden
// fields by their Go name in lower camel case.
type TypeSpec struct {
	Go          any      // a zero value of the struct: Order{}
	Doc         string   // description that the API shows
	Plural      string   // search field; empty: name + s
	Table       string   // empty: Plural in snake case
	Shared      bool     // the table holds other types too: rows carry their type's name in the column kind
	ID          IDKind   //
	Event       string   // entity type in events; empty: none can address it
	Root        string   // reference towards the workflow's root; empty: it is its own
	OwnRoot     bool     // Root may be empty: then it is its own root, which a workflow of its own type drives
	Fires       bool     // creation sends CREATE
	Driven      bool     // nothing is to be one whose retailer has no workflow for it; one that is there is tried again until there is
	Quiet       bool     // with Fires: but not where it comes to be with its parent, whose CREATE says it
	Parts       string   // of a root: paths to what hangs on it, which is read with it, such as items fulfilments.items; see parts.go
	Document    string   // of a root: such paths, of direct connections, to what is kept with it in one row for those who read it again; see documents.go
	Implements  string   // interfaces
	Key         string   // natural key
	Loose       bool     // the key is only recommended to be unique
	Unique      []string // further unique field lists
	Indexes     []string // further indexes
	Defaults    string   // values of new rows beside those of default= tags, for fields that types share: type=AGENT
	Agrees      []string // pairs of paths that must lead to the same: orderItem.order = fulfilment.order; the second may begin with a connection
	Provided    bool     // rows come from the control plane, which gives them their ids: neither mutations nor rules make any by themselves
	Secret      bool     // its fields hold secrets, which who may view it reads: of the roles that an account begins with, the administrator's alone
	Private     bool     // a row is one person's: that of the rows which refer to it, such as the address of an order
	AccountWide bool     // rows concern the whole account: who changes them needs the permission there
	Writers     string   // of the roles that every account begins with, those that create and change it: INTEGRATION CUSTOMER_SERVICE
	Claims      bool     // rows take of what their root has, as a fulfilment does of an order: what is decided about new ones holds until they are written
	Guarded     bool     // what callers may do with rows rests on more than their permissions: code decides about each; see entity.Guard
	Retailer    string   // how a retailer limit reaches the type: field (retailer, retailerRefs), or reference or edge that leads on
	Owner       string   // or: fields with the kind and the id of what a row is about: entityType entityId, then RETAILER=Retailer; none: any node
	Location    string   // how roles at locations reach the type: paths to where its rows are, fromLocation fulfilments Order.customer; Everywhere or Nowhere
	Elsewhere   bool     // with Location: rows at other locations may be seen, too, and not changed
	Gets        []string // single reads: order(id: ID, ref: String)
	Create      bool     // has createX
	Awaits      string   // argument of createX by which callers ask that the answer waits for the workflow: executionMode: ExecutionMode
	Update      string   // fields that identify the row in updateX, those with a ? where they are given, username=ref where the input has another name; empty: none
	Removes     []RemovalSpec
	Bulk        []BulkSpec
	Totals      []TotalSpec

	KeyInputs  string // inputs that point at it, derived: Id, Key, IdOrKey, LooseKey; see derive_keys.go
	Lengths    string // longest texts of fields that types share, in characters: type=50 status=30
	Words      string // words that the platform knows of fields that types share, as words= of a tag: type=BASE|AGGREGATE
	NoSearch   bool   // there is no search for it: it is found through others only
	FoldsCase  bool   // wildcards of searches ignore case
	Remembered bool   // what a natural key leads to may be remembered for a moment: there are few rows, and their keys stay
	Versioned  bool   // rows with the same ref are versions of one thing; see versions.go
	Taken      string // platform code of the fault that the natural key is taken; empty: C0123E

	// Unserved are fields, and attributes as in attributes.cartRef, that mean something to clients and of which nothing would come yet, with the reason:
	// whoever gives one is refused, but for values of an attribute that ask for nothing more: attributes.shipPolicy=PARTIAL.
	Unserved map[string]string
}

// ValueSpec declares a value object; its struct's fields carry `oms` tags with name, !, out=, enum=, ref=, by=, create=, max=,
// least= and most=, and json tags.
type ValueSpec struct {
	Go      any
	Doc     string
	Input   string // name of its input; empty: none
	MergeBy string // members that identify an element
	Rows    []any  // all that there are, structs like Go, the same for every account and stored nowhere; see constant.go
	Key     string // of Rows: the member that tells them apart, a text
}

// InterfaceSpec declares a GraphQL interface. With Shared, its implementers share a table and references may point at it.
type InterfaceSpec struct {
	Name      string
	Doc       string
	Fields    string
	Shared    bool
	KeyInputs string // as in TypeSpec, of Shared ones
	Plural    string // of Shared ones: the search field for rows of all kinds; empty: none
	Search    string // the fields that it filters by
	Update    string // as in TypeSpec, of Shared ones: one mutation for rows of all kinds
	Kinds     string // with Update: an input that says of which kind the row is, and its words: productType STANDARD=StandardProduct
}

// Base says from which operation's tags an input's fields are taken.
type Base int

// The bases of an input.
const (
	Listed Base = iota // none: the fields are listed
	Create             // the create= tags
	Update             // the update= tags
)

// InputSpec declares an input type: listed field by field, or derived from the tags of a type with some differences. The inputs
// CreateX and UpdateX of the operations need no declaration unless they differ from the tags.
type InputSpec struct {
	Name    string
	Of      string   // the entity type that it makes, changes or points at
	Base    Base     //
	Fields  []string // listed fields: "ref: String! max=100"
	Without string   // derived: fields left out, input names
	Finds   string   // fields that find the row which changes; empty: those of updateX, or the id. Of a part, its key without the whole is enough
	Require string   // derived: fields that are required here
	Relax   string   // derived: fields that are optional here
	Doc     string
}

// ObjectSpec declares an output type: "location: Location".
type ObjectSpec struct {
	Name   string
	Fields []string
	Doc    string
}

// OperationSpec declares a root field by itself: "me: User", "permission(name: String!): Permission". A mutation whose only argument is an input
// of the entity type that it returns makes such an entity: "createOrderAndCustomer(input: CreateOrderAndCustomerInput): Order".
type OperationSpec struct {
	Field  string
	Paged  bool
	Entity string // type whose permission it needs
	Of     string // a field that holds a list of value objects, of which it is a connection over all that differ: Product.prices
	Doc    string
}

// RemovalSpec declares a mutation that takes links or list elements away.
type RemovalSpec struct {
	Name  string // removeLocationsFromNetwork
	Owner string // network: NetworkKey!
	Items string // locations: [LocationKey!]!
	From  string // edge or list field of the owner: locations
	Doc   string
}

// BulkSpec declares a mutation that gives all rows with some values in common the same new values, and returns how many there were. Rows change
// and nothing follows from it.
type BulkSpec struct {
	Name   string // updateInventoryPositionsStatusByLocation
	Filter string // name of the input, derived, that says which rows
	By     string // fields of the type that it has, all required: catalogue locationRef
	Set    string // name of the input, declared, whose fields are the new values: StatusInput
	Output string // name of the object { count }, declared
	Doc    string
}
