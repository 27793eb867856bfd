package load

import (
	"encoding/json"
	"fmt"
	"math"
	"sort"
	"time"
	"unicode/utf8"

	"github.com/fluent-oms/fluent/domain/catalogue"
	"github.com/fluent-oms/fluent/domain/inventory/stock"
)

// maxRef is the longest ref that a column takes.
const maxRef = 255

// Parse reads one record of an inventory batch. It never fails: what is wrong is in the row's Problem, so that one bad record
// doesn't cost the others.
func Parse(raw json.RawMessage) Row {
	var members map[string]json.RawMessage
	if err := json.Unmarshal(raw, &members); err != nil || members == nil {
		return Row{Problem: "a record must be a JSON object"}
	}
	p := parser{members: members}
	r := Row{
		ProductRef: p.text("skuRef", true), LocationRef: p.text("locationRef", true), Quantity: p.integer("qty"),
		Retailer: p.text("retailerId", false), Type: p.text("type", false), Status: p.text("status", false), Ref: p.text("ref", false),
		ExternalRef: p.text("externalRef", false), Condition: p.text("condition", false),
		StorageArea: p.text("storageAreaRef", false), Supplier: p.text("supplier", false),
		AsOf: p.time("asOf"), ExpectedOn: p.time("expectedOn"), ExpiresOn: p.time("expiry"), Attributes: p.attributes(),
	}
	if r.AsOf.IsZero() {
		r.AsOf = asOfAttribute(r.Attributes)
	}
	if r.kind() == stock.LastOnHand && r.Quantity < 0 {
		p.fail("qty", "a count cannot be negative")
	}
	r.Problem, r.ProblemField = p.problem, p.field
	return r
}

// ParseAttributes reads a record that came as the attributes of an event, with the members of a batch's record.
func ParseAttributes(attributes map[string]any) (Row, error) {
	raw, err := json.Marshal(attributes)
	if err != nil {
		return Row{}, fmt.Errorf("read an inventory record: %w", err)
	}
	return Parse(raw), nil
}

func asOfAttribute(attributes catalogue.Attributes) time.Time {
	v, _ := attributes.Get("asOf")
	s, _ := v.(string)
	t, err := time.Parse(time.RFC3339Nano, s)
	if err != nil {
		return time.Time{}
	}
	return t
}

// parser keeps the first problem.
type parser struct {
	members        map[string]json.RawMessage
	problem, field string
}

func (p *parser) fail(field, format string, args ...any) {
	if p.problem == "" {
		p.field, p.problem = field, fmt.Sprintf(format, args...)
	}
}

func (p *parser) given(name string) bool {
	raw, ok := p.members[name]
	return ok && string(raw) != "null"
}

func (p *parser) text(name string, required bool) string {
	if !p.given(name) {
		if required {
			p.fail(name, "is missing")
		}
		return ""
	}
	var v any
	_ = json.Unmarshal(p.members[name], &v) // members are JSON, since they were read as such
	s, ok := v.(string)
	if _, number := v.(float64); number {
		s, ok = string(p.members[name]), true
	}
	switch {
	case !ok:
		p.fail(name, "must be a string")
	case required && s == "":
		p.fail(name, "is empty")
	case len(s) > maxRef:
		p.fail(name, "is longer than %d characters", maxRef)
	case !utf8.ValidString(s):
		p.fail(name, "is not valid UTF-8")
	}
	return s
}

func (p *parser) integer(name string) int {
	if !p.given(name) {
		p.fail(name, "is missing")
		return 0
	}
	var v any
	_ = json.Unmarshal(p.members[name], &v) // as above
	f, ok := v.(float64)
	if !ok || f != math.Trunc(f) {
		p.fail(name, "must be a whole number")
		return 0
	}
	if f > math.MaxInt32 || f < math.MinInt32 {
		p.fail(name, "does not fit 32 bits")
		return 0
	}
	return int(f)
}

func (p *parser) time(name string) time.Time {
	s := p.text(name, false)
	if s == "" {
		return time.Time{}
	}
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05", "2006-01-02"} {
		if t, err := time.Parse(layout, s); err == nil && catalogue.CheckTime(t) == nil {
			return t.UTC()
		}
	}
	p.fail(name, "is no ISO time")
	return time.Time{}
}

// attributes accepts an object of values or a list of named ones.
func (p *parser) attributes() catalogue.Attributes {
	if !p.given("attributes") {
		return nil
	}
	var list catalogue.Attributes
	if json.Unmarshal(p.members["attributes"], &list) == nil {
		for _, a := range list {
			if a.Name == "" {
				p.fail("attributes", "an attribute needs a name")
			}
		}
		return list
	}
	var object map[string]any
	if json.Unmarshal(p.members["attributes"], &object) != nil {
		p.fail("attributes", "must be an object or a list")
		return nil
	}
	for name, v := range object {
		if name == "" {
			p.fail("attributes", "an attribute needs a name")
		}
		list = append(list, catalogue.Attribute{Name: name, Type: kindOf(v), Value: v})
	}
	sort.Slice(list, func(i, j int) bool { return list[i].Name < list[j].Name })
	return list
}

func kindOf(v any) string {
	switch v.(type) {
	case string:
		return "STRING"
	case float64:
		return "FLOAT"
	case bool:
		return "BOOLEAN"
	}
	return "JSON"
}
