package catalogue

// Get is one single-entity query: its name and which fields are its arguments. All that are given must match.
type Get struct {
	Name string
	Args []GetArg
}

// GetArg is an argument of a Get: a field of the key, by its output or its input name, and the argument's type text (ID!, String,
// ProductCatalogueKey!).
type GetArg struct {
	Name  string
	Field *Field
	Type  string
	Key   *Input // for references: the key input that Type names
}

// Mutation is a create or update operation with its input.
type Mutation struct {
	Name  string // createOrder
	Input *Input
	Await *Arg   // the argument by which callers ask that the answer waits for the workflow; nil: there is none
	Kinds *Kinds // of updates of an abstract type: how the row's own type takes the input; nil: Input.Of is the row's type
}

// Kinds says how the kinds of an abstract type take an input that changes a row of any of them.
type Kinds struct {
	Inputs map[*Type]*Input // by the type of the row
	Word   string           // the input's field that says which kind the row is: productType; empty: none does
	Words  map[string]*Type // its values
}

// Identifying is the part of an update's input that finds the row.
func (in *Input) Identifying() *Input {
	out := &Input{Name: in.Name, Of: in.Of}
	for _, f := range in.Fields {
		if f.Identify {
			out.Fields = append(out.Fields, f)
		}
	}
	return out
}

// Input is a GraphQL input type and how each of its fields lands in an entity.
type Input struct {
	Name   string // CreateOrderInput
	Of     *Type  // the entity that it makes, changes or points at; nil for value objects and filters
	Fields []*InputField
	Doc    string
}

// Field finds an input field by its name; nil if there is none.
func (in *Input) Field(name string) *InputField {
	for _, f := range in.Fields {
		if f.Name == name {
			return f
		}
	}
	return nil
}

// InputField is one field of an Input. Exactly one of Field (alone), Key, Children and Composite says what becomes of the value.
type InputField struct {
	Name     string // GraphQL name, which may differ from the target's: taxType → tax
	Type     string // type text: String!, [AttributeInput], ProductCatalogueKey!
	Required bool
	Identify bool   // part of the key that finds the row to update
	Field    *Field // scalar, embedded value, or reference to set; nil for write-only values without a column
	// Key points at a row by id or natural key (RetailerId, ProductCatalogueKey): find it among Field.Ref's or Edge.Target's rows,
	// which may be narrower than Key.Of, then set Field or link along Edge.
	Key       *Input
	Children  *Input        // inline children: create or update rows of Children.Of along Edge (or the single row that Field refers to)
	Edge      *Edge         //
	Back      *Field        // with Children and Field: the child's own reference to the row that is written; nil: it has none
	MergeBy   []string      // a list of values merges with the stored one by these members, and never deletes; empty: replaces
	Append    bool          // what an update gives of a list comes after what is stored
	Member    string        // with a wrapped Field: the member of the given object that holds the value
	Composite *Composite    // the members of the given object are values of the entity
	Precise   *PreciseField // the given object is a number, which Precise.Field holds
	WriteOnly bool          // has no column
	Finds     *Input        // with a Composite or a Member: what this key names must be there, though its values alone are kept; nil: it need not
	MaxLen    int
	Doc       string
}

// Bulk is a mutation that gives all rows that a filter finds the same new values: updateInventoryPositionsStatusByLocation.
type Bulk struct {
	Name   string
	Filter *Input // fields of the type, all required; references by their keys
	Set    *Input // fields of the type
	Output string // name of the output type { count }
	Doc    string
}

// Removal is a mutation that takes links, or elements of a list value, away: removeLocationsFromNetwork.
type Removal struct {
	Name   string
	Input  *Input
	Owner  *InputField // key of the owner
	Items  *InputField // keys of what to take away
	Edge   *Edge       // nil: Field
	Field  *Field      // the list value of the owner: a role's permissions, a user's roles; nil: Edge
	Output string      // name of the output type { status }
}
