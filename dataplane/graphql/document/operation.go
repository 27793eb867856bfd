package document

import (
	"errors"
	"fmt"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
)

// Operation is one operation of a document with its variables: what a request asks to run.
type Operation struct {
	Schema *ast.Schema
	Def    *ast.OperationDefinition
	Vars   map[string]any // coerced; variables that were left out and have no default are absent
	doc    *Document
}

// Field is one response name of a selection set: all selections of that name merged.
type Field struct {
	Key   string // response name: the alias or the name
	Name  string
	Def   *ast.FieldDefinition
	Nodes []*ast.Field // at least one; the first gives arguments and position
}

// Prepare chooses the operation and coerces its variables. With one operation in the document its name may be left out and
// a wrong name does no harm.
func Prepare(schema *ast.Schema, doc *Document, req Request) (*Operation, gqlerror.List) {
	def, err := choose(doc.QueryDocument, req.OperationName)
	if err != nil {
		return nil, gqlerror.List{withCode(err, CodeValidate)}
	}
	op := &Operation{Schema: schema, Def: def, Vars: make(map[string]any, len(def.VariableDefinitions)), doc: doc}
	var errs gqlerror.List
	for _, v := range def.VariableDefinitions {
		if err := op.variable(v, req.Variables); err != nil {
			errs = append(errs, variableError(v, err))
		}
	}
	if len(errs) > 0 {
		return nil, errs
	}
	return op, nil
}

func choose(doc *ast.QueryDocument, name string) (*ast.OperationDefinition, *gqlerror.Error) {
	switch {
	case len(doc.Operations) == 0:
		return nil, gqlerror.Errorf("the document has no operation")
	case len(doc.Operations) == 1:
		return doc.Operations[0], nil
	case name == "":
		return nil, gqlerror.Errorf("operationName is required: the document has %d operations", len(doc.Operations))
	}
	if op := doc.Operations.ForName(name); op != nil {
		return op, nil
	}
	return nil, gqlerror.Errorf("the document has no operation named %s", name)
}

func (o *Operation) variable(v *ast.VariableDefinition, given map[string]any) error {
	c := coercer{schema: o.Schema}
	value, ok := given[v.Variable]
	if !ok && v.DefaultValue != nil {
		d, err := c.fromLiteral(v.Type, v.DefaultValue, variable(v.Variable))
		if err != nil {
			return err
		}
		o.Vars[v.Variable] = d
		return nil
	}
	if !ok && !v.Type.NonNull {
		return nil
	}
	coerced, err := c.fromJSON(v.Type, value, variable(v.Variable))
	if err != nil {
		return err
	}
	o.Vars[v.Variable] = coerced
	return nil
}

func variableError(v *ast.VariableDefinition, err error) *gqlerror.Error {
	e := gqlerror.ErrorPosf(v.Position, "Variable %s", err.Error())
	e.Extensions = map[string]any{"code": CodeInput}
	var input *InputError
	if errors.As(err, &input) {
		e.Extensions = map[string]any{"code": input.Code, "field": input.Place}
	}
	return e
}

// Args coerces the arguments of a field. Arguments whose variable was left out are absent; defaults of the schema are filled in.
// The error is an *InputError.
func (o *Operation) Args(f *Field) (map[string]any, error) {
	if len(f.Def.Arguments) == 0 {
		return nil, nil
	}
	c := coercer{schema: o.Schema, vars: o.Vars}
	given := f.Nodes[0].Arguments
	out := make(map[string]any, len(given))
	for _, def := range f.Def.Arguments {
		arg := given.ForName(def.Name)
		value := def.DefaultValue
		if arg != nil && !c.unset(arg.Value) {
			value = arg.Value
		}
		if value == nil {
			if def.Type.NonNull {
				return nil, &InputError{Code: CodeMissing, Place: def.Name, Detail: fmt.Sprintf("a value of type %s is required", def.Type)}
			}
			continue
		}
		v, err := c.fromLiteral(def.Type, value, named(def.Name))
		if err != nil {
			return nil, err
		}
		out[def.Name] = v
	}
	return out, nil
}

// Collect lists the fields that an object of a type answers for some selection sets, in the order of the request, with
// @include, @skip and fragments applied and selections of one response name merged.
func (o *Operation) Collect(object *ast.Definition, sets ...ast.SelectionSet) []*Field {
	col := collector{op: o, object: object}
	for _, set := range sets {
		col.add(set)
	}
	return col.fields
}

// Sub lists the fields below a field for an object of a type.
func (o *Operation) Sub(object *ast.Definition, f *Field) []*Field {
	col := collector{op: o, object: object}
	for _, n := range f.Nodes {
		col.add(n.SelectionSet)
	}
	return col.fields
}

type collector struct {
	op     *Operation
	object *ast.Definition
	fields []*Field
	index  map[string]int  // by response name, once there are many
	spread map[string]bool // fragments that were visited
}

func (c *collector) add(set ast.SelectionSet) {
	for _, s := range set {
		switch s := s.(type) {
		case *ast.Field:
			if c.op.included(s.Directives) {
				c.field(s)
			}
		case *ast.InlineFragment:
			if c.op.included(s.Directives) && c.applies(s.TypeCondition) {
				c.add(s.SelectionSet)
			}
		case *ast.FragmentSpread:
			if !c.op.included(s.Directives) || c.spread[s.Name] {
				continue
			}
			if c.spread == nil {
				c.spread = map[string]bool{}
			}
			c.spread[s.Name] = true
			if c.applies(s.Definition.TypeCondition) {
				c.add(s.Definition.SelectionSet)
			}
		}
	}
}

func (c *collector) field(n *ast.Field) {
	if i := c.find(n.Alias); i >= 0 {
		c.fields[i].Nodes = append(c.fields[i].Nodes, n)
		return
	}
	if c.index != nil {
		c.index[n.Alias] = len(c.fields)
	}
	c.fields = append(c.fields, &Field{Key: n.Alias, Name: n.Name, Def: c.definition(n), Nodes: []*ast.Field{n}})
}

// fewFields is how many fields are looked through one by one: most selections have no more, and an index costs more than that.
const fewFields = 32

// find returns the position of a response name, or -1.
func (c *collector) find(key string) int {
	if c.index == nil && len(c.fields) > fewFields {
		c.index = make(map[string]int, 2*len(c.fields))
		for i, f := range c.fields {
			c.index[f.Key] = i
		}
	}
	if c.index != nil {
		if i, ok := c.index[key]; ok {
			return i
		}
		return -1
	}
	for i, f := range c.fields {
		if f.Key == key {
			return i
		}
	}
	return -1
}

// definition finds a field in the object itself, for a selection through an interface names the interface's field.
func (c *collector) definition(n *ast.Field) *ast.FieldDefinition {
	if def := c.object.Fields.ForName(n.Name); def != nil {
		return def
	}
	return n.Definition
}

func (c *collector) applies(condition string) bool {
	if condition == "" || condition == c.object.Name {
		return true
	}
	def := c.op.Schema.Types[condition]
	if def == nil || !def.IsAbstractType() {
		return false
	}
	for _, possible := range c.op.Schema.GetPossibleTypes(def) {
		if possible.Name == c.object.Name {
			return true
		}
	}
	return false
}

func (o *Operation) included(directives ast.DirectiveList) bool {
	for _, d := range directives {
		if (d.Name == "skip" && o.flag(d)) || (d.Name == "include" && !o.flag(d)) {
			return false
		}
	}
	return true
}

// flag is the value of a directive's if argument; validation has made sure that it is a Boolean.
func (o *Operation) flag(d *ast.Directive) bool {
	arg := d.Arguments.ForName("if")
	if arg == nil {
		return false
	}
	if arg.Value.Kind == ast.Variable {
		b, _ := o.Vars[arg.Value.Raw].(bool)
		return b
	}
	return arg.Value.Raw == "true"
}
