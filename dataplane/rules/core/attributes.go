package core

import (
	"context"
	"fmt"
	"regexp"

	"github.com/fluent-oms/fluent/dataplane/rule"
	"github.com/fluent-oms/fluent/domain/catalogue"
	"github.com/fluent-oms/fluent/domain/foundation"
	"github.com/fluent-oms/fluent/domain/path"
)

func attributes() []rule.Rule {
	return []rule.Rule{
		{Name: "SetAttribute", Doc: "Writes an attribute of the entity.",
			Props: []rule.Prop{text("name", "Name of the attribute."), {Name: "value", Type: "JSON", Required: true, Doc: "Its value."}, optional("type", "STRING", "Its type.")},
			Run:   setAttribute},
		{Name: "UpdateAttributeFromEvent", Doc: "Writes attributes of the entity from values of the event.",
			Props: []rule.Prop{{Name: "mapping", Type: "JSON", Required: true, Doc: "Name of the attribute → path of the value."}}, Run: attributesFromEvent},
		{Name: "CreateComment", Doc: "Attaches a comment to the entity; {path} in the text is replaced by the value there.",
			Props: []rule.Prop{text("text", "The comment.")}, Run: createComment},
	}
}

// SetAttributes merges attributes into the entity's.
func SetAttributes(c *rule.Context, entity any, with ...catalogue.Attribute) {
	t := rule.TypeOf(entity)
	if t == nil || t.Field("attributes") == nil {
		return
	}
	have, _ := t.Field("attributes").Get(entity).(catalogue.Attributes)
	c.Turn.Set(entity, map[string]any{"attributes": have.Merge(with)})
}

// Attribute makes an attribute with the type that its value has.
func Attribute(name string, value any) catalogue.Attribute {
	kind := "JSON"
	switch value.(type) {
	case string:
		kind = "STRING"
	case int, int64:
		kind = "INTEGER"
	case float64:
		kind = "FLOAT"
	case bool:
		kind = "BOOLEAN"
	}
	return catalogue.Attribute{Name: name, Type: kind, Value: value}
}

func setAttribute(_ context.Context, c *rule.Context) error {
	if c.Entity == nil {
		return errNoEntity
	}
	name, err := c.Props.Text("name")
	if err != nil {
		return err
	}
	value, err := wanted(c.Props, "value")
	if err != nil {
		return err
	}
	a := Attribute(name, value)
	if kind, err := c.Props.Text("type"); err != nil {
		return err
	} else if kind != "" {
		a.Type = kind
	}
	SetAttributes(c, c.Entity, a)
	return nil
}

func attributesFromEvent(_ context.Context, c *rule.Context) error {
	if c.Entity == nil {
		return errNoEntity
	}
	mapping := map[string]string{}
	if err := c.Props.Into("mapping", &mapping); err != nil {
		return err
	}
	for name, from := range mapping {
		if v, ok := c.Value(from); ok {
			SetAttributes(c, c.Entity, Attribute(name, v))
		}
	}
	return nil
}

var placeholder = regexp.MustCompile(`\{([A-Za-z0-9_.\[\]]+)\}`)

// maxComment is the longest comment.
const maxComment = 200

func createComment(ctx context.Context, c *rule.Context) error {
	text, err := c.Props.Text("text")
	if err != nil {
		return err
	}
	return comment(ctx, c, placeholder.ReplaceAllStringFunc(text, func(p string) string {
		v, _ := c.Value(p[1 : len(p)-1])
		return path.Text(v)
	}))
}

func comment(ctx context.Context, c *rule.Context, text string) error {
	if r := []rune(text); len(r) > maxComment {
		text = string(r[:maxComment])
	}
	e := &foundation.Comment{EntityType: c.Event.EntityType, EntityID: catalogue.ID(c.Event.EntityID), Text: text}
	if err := c.Turn.Create(ctx, e); err != nil {
		return fmt.Errorf("create a comment: %w", err)
	}
	return nil
}
