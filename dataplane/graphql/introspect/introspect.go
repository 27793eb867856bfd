// Package introspect answers __schema and __type from the schema itself.
package introspect

import (
	"github.com/99designs/gqlgen/graphql/introspection"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/fluent-oms/fluent/dataplane/graphql/answer"
	"github.com/fluent-oms/fluent/dataplane/graphql/document"
)

// Write writes the value of a root field __schema or __type. The error is about the field's arguments.
func Write(w *answer.Writer, op *document.Operation, f *document.Field) error {
	i := &inspector{w: w, op: op}
	if f.Name == "__schema" {
		i.schema(f, introspection.WrapSchema(op.Schema))
		return i.err
	}
	args, err := op.Args(f)
	if err != nil {
		return err
	}
	name, _ := args["name"].(string)
	def := op.Schema.Types[name]
	if def == nil {
		w.Null()
		return nil
	}
	i.typ(f, introspection.WrapTypeFromDef(op.Schema, def))
	return i.err
}

// inspector walks a selection and the schema side by side.
type inspector struct {
	w   *answer.Writer
	op  *document.Operation
	err error // first error of an argument
}

// object writes an object of a meta type: each selected field by the function given, __typename by itself.
func (i *inspector) object(f *document.Field, meta string, field func(*document.Field)) {
	i.w.OpenObject()
	for _, sub := range i.op.Sub(i.op.Schema.Types[meta], f) {
		i.w.Name(sub.Key)
		if sub.Name == "__typename" {
			i.w.String(meta)
			continue
		}
		field(sub)
	}
	i.w.CloseObject()
}

func (i *inspector) deprecated(f *document.Field) bool {
	args, err := i.op.Args(f)
	if err != nil && i.err == nil {
		i.err = err
	}
	yes, _ := args["includeDeprecated"].(bool)
	return yes
}

func (i *inspector) optional(s *string) {
	if s == nil {
		i.w.Null()
		return
	}
	i.w.String(*s)
}

func (i *inspector) schema(f *document.Field, s *introspection.Schema) {
	i.object(f, "__Schema", func(f *document.Field) {
		switch f.Name {
		case "types":
			types(i, f, s.Types())
		case "queryType":
			i.root(f, i.op.Schema.Query)
		case "mutationType":
			i.root(f, i.op.Schema.Mutation)
		case "subscriptionType":
			i.root(f, i.op.Schema.Subscription)
		case "directives":
			i.directives(f, s.Directives())
		default:
			i.optional(s.Description())
		}
	})
}

func (i *inspector) root(f *document.Field, def *ast.Definition) {
	if def == nil {
		i.w.Null()
		return
	}
	i.typ(f, introspection.WrapTypeFromDef(i.op.Schema, def))
}

func types(i *inspector, f *document.Field, list []introspection.Type) {
	i.w.OpenList()
	for n := range list {
		i.typ(f, &list[n])
	}
	i.w.CloseList()
}

func (i *inspector) typ(f *document.Field, t *introspection.Type) {
	if t == nil {
		i.w.Null()
		return
	}
	i.object(f, "__Type", func(f *document.Field) {
		switch f.Name {
		case "kind":
			i.w.String(t.Kind())
		case "name":
			i.optional(t.Name())
		case "description":
			i.optional(t.Description())
		case "specifiedByURL":
			i.optional(t.SpecifiedByURL())
		case "isOneOf":
			i.w.Bool(t.IsOneOf())
		case "ofType":
			i.typ(f, t.OfType())
		default:
			i.members(f, t)
		}
	})
}

// members writes the lists of a type; by the specification each is null for kinds that don't have it.
func (i *inspector) members(f *document.Field, t *introspection.Type) {
	kind := t.Kind()
	composite := kind == "OBJECT" || kind == "INTERFACE"
	switch {
	case f.Name == "fields" && composite:
		i.fields(f, t.Fields(i.deprecated(f)))
	case f.Name == "interfaces" && composite:
		types(i, f, t.Interfaces())
	case f.Name == "possibleTypes" && (kind == "INTERFACE" || kind == "UNION"):
		types(i, f, t.PossibleTypes())
	case f.Name == "enumValues" && kind == "ENUM":
		i.enumValues(f, t.EnumValues(i.deprecated(f)))
	case f.Name == "inputFields" && kind == "INPUT_OBJECT":
		i.inputs(f, t.VisibleInputFields(i.deprecated(f)))
	default:
		i.w.Null()
	}
}

func (i *inspector) fields(f *document.Field, list []introspection.Field) {
	i.w.OpenList()
	for n := range list {
		x := &list[n]
		i.object(f, "__Field", func(f *document.Field) {
			switch f.Name {
			case "name":
				i.w.String(x.Name)
			case "description":
				i.optional(x.Description())
			case "args":
				i.inputs(f, x.VisibleArgs(i.deprecated(f)))
			case "type":
				i.typ(f, x.Type)
			case "isDeprecated":
				i.w.Bool(x.IsDeprecated())
			default:
				i.optional(x.DeprecationReason())
			}
		})
	}
	i.w.CloseList()
}

func (i *inspector) inputs(f *document.Field, list []introspection.InputValue) {
	i.w.OpenList()
	for n := range list {
		x := &list[n]
		i.object(f, "__InputValue", func(f *document.Field) {
			switch f.Name {
			case "name":
				i.w.String(x.Name)
			case "description":
				i.optional(x.Description())
			case "type":
				i.typ(f, x.Type)
			case "defaultValue":
				i.optional(x.DefaultValue)
			case "isDeprecated":
				i.w.Bool(x.IsDeprecated())
			default:
				i.optional(x.DeprecationReason())
			}
		})
	}
	i.w.CloseList()
}

func (i *inspector) enumValues(f *document.Field, list []introspection.EnumValue) {
	i.w.OpenList()
	for n := range list {
		x := &list[n]
		i.object(f, "__EnumValue", func(f *document.Field) {
			switch f.Name {
			case "name":
				i.w.String(x.Name)
			case "description":
				i.optional(x.Description())
			case "isDeprecated":
				i.w.Bool(x.IsDeprecated())
			default:
				i.optional(x.DeprecationReason())
			}
		})
	}
	i.w.CloseList()
}

func (i *inspector) directives(f *document.Field, list []introspection.Directive) {
	i.w.OpenList()
	for n := range list {
		x := &list[n]
		i.object(f, "__Directive", func(f *document.Field) {
			switch f.Name {
			case "name":
				i.w.String(x.Name)
			case "description":
				i.optional(x.Description())
			case "isRepeatable":
				i.w.Bool(x.IsRepeatable)
			case "locations":
				i.w.OpenList()
				for _, l := range x.Locations {
					i.w.String(l)
				}
				i.w.CloseList()
			default:
				i.inputs(f, x.VisibleArgs(i.deprecated(f)))
			}
		})
	}
	i.w.CloseList()
}
