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
		rule.New(plugin, "SetAttribute", "Writes an attribute of the entity.", setAttribute),
		rule.New(plugin, "UpdateAttributeFromEvent", "Writes attributes of the entity from values of the event.", attributesFromEvent),
		rule.New(plugin, "CreateComment", "Attaches a comment to the entity; {path} in the text is replaced by the value there.", createComment),
	}
}

// SetAttributes merges attributes into the entity's.
func SetAttributes(c *rule.Context, entity any, with ...catalogue.Attribute) {
	t := c.Types.TypeOf(entity)
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

type newAttribute struct {
	Name  string `prop:"name,required" doc:"Name of the attribute."`
	Value any    `prop:"value,required" doc:"Its value."`
	Type  string `prop:"type" doc:"Its type; that of the value if left out."`
}

func setAttribute(_ context.Context, c *rule.Context, p newAttribute) error {
	if c.Entity == nil {
		return errNoEntity
	}
	a := Attribute(p.Name, rule.Copy(p.Value))
	if p.Type != "" {
		a.Type = p.Type
	}
	SetAttributes(c, c.Entity, a)
	return nil
}

type attributesFrom struct {
	Mapping map[string]string `prop:"mapping,required" doc:"Name of the attribute → path of the value."`
}

func attributesFromEvent(_ context.Context, c *rule.Context, p attributesFrom) error {
	if c.Entity == nil {
		return errNoEntity
	}
	for name, from := range p.Mapping {
		if v, ok := c.Value(from); ok {
			SetAttributes(c, c.Entity, Attribute(name, v))
		}
	}
	return nil
}

var placeholder = regexp.MustCompile(`\{([A-Za-z0-9_.\[\]]+)\}`)

// maxComment is the longest comment.
const maxComment = 200

type newComment struct {
	Text string `prop:"text,required" doc:"The comment."`
}

func createComment(ctx context.Context, c *rule.Context, p newComment) error {
	return comment(ctx, c, placeholder.ReplaceAllStringFunc(p.Text, func(at string) string {
		v, _ := c.Value(at[1 : len(at)-1])
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
