package load

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"sort"
	"time"
	"unicode/utf8"

	"github.com/tidwall/gjson"

	"github.com/fluent-oms/fluent/domain/catalogue"
	"github.com/fluent-oms/fluent/domain/fault"
	"github.com/fluent-oms/fluent/domain/form"
	"github.com/fluent-oms/fluent/domain/inventory/stock"
	"github.com/fluent-oms/fluent/domain/words"
)

// maxRef is the longest ref that a column takes.
const maxRef = 255

// Parse reads one record of an inventory batch. It never fails: what is wrong is in the row's Problem, so that one bad record
// doesn't cost the others.
func Parse(raw json.RawMessage) Row {
	p, ok := parse(raw)
	if !ok {
		return Row{Problem: "a record must be a JSON object"}
	}
	r := Row{
		ProductRef: p.ref("skuRef", true), LocationRef: p.ref("locationRef", true), Quantity: p.integer("qty"),
		Retailer: p.text("retailerId", false), Type: p.text("type", false), Status: p.text("status", false), Ref: p.ref("ref", false),
		ExternalRef: p.ref("externalRef", false), Condition: p.text("condition", false),
		StorageArea: p.ref("storageAreaRef", false), Supplier: p.text("supplier", false),
		ExpectedOn: p.time("expectedOn"), ExpiresOn: p.time("expiry"), Attributes: p.attributes(),
	}
	r.AsOfText, r.Effective = p.asOf(&r), p.time("effectiveFrom")
	r.Attributes = p.keep(r.Attributes)
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

// In reads a time of count that names no zone in the zone of the row's location, and notes that it did.
func (r *Row) In(zone *time.Location) {
	t := r.AsOf
	r.AsOf = time.Date(t.Year(), t.Month(), t.Day(), t.Hour(), t.Minute(), t.Second(), t.Nanosecond(), zone).UTC()
	r.Note = fmt.Sprintf("asOf %s was read in the location's zone, %s: %s", r.AsOfText, zone, r.AsOf.Format(time.RFC3339))
	r.AsOfText = ""
}

// Know refuses a word of a member that is none of those that are known.
func (r *Row) Know(member, word string, known []string) {
	if word != "" && r.Problem == "" && !slices.Contains(known, word) {
		r.Problem, r.ProblemField = words.Unknown(word, known).Detail, member
	}
}

// asOf is the member, or the attribute, that says when a count was taken.
const asOf = "asOf"

// asOf reads when a count was taken, and gives the text of a time that names no zone.
func (p *parser) asOf(r *Row) (local string) {
	text, field := p.text(asOf, false), asOf
	if v, ok := r.Attributes.Get(asOf); ok && text == "" {
		if text, ok = v.(string); !ok {
			p.fail("attributes."+asOf, "must be a string")
		}
		field = "attributes." + asOf
	}
	if text == "" {
		return ""
	}
	var zoned bool
	if r.AsOf, zoned = p.moment(field, text); zoned {
		return ""
	}
	return text
}

// keep adds what is the caller's own to the record's attributes: it stays on the quantity.
func (p *parser) keep(attributes catalogue.Attributes) catalogue.Attributes {
	for i := range p.members {
		switch name := p.members[i].name; name {
		case "lot", "uom", "effectiveFrom", "parentRef", "correctedQty", "reservedQty", "inventoryId":
			if text := p.text(name, false); text != "" {
				attributes = attributes.Merge(catalogue.Attributes{{Name: name, Type: "STRING", Value: text}})
			}
		}
	}
	return attributes
}

// parser keeps the first problem.
type parser struct {
	members        []member
	problem, field string
}

// member is one of a record's.
type member struct {
	name  string
	value gjson.Result
}

// usual is how many members records have, or fewer.
const usual = 12

// parse splits a record into its members, in one pass: batches bring thousands. ok is false for what is no JSON object.
func parse(raw []byte) (p parser, ok bool) {
	if !gjson.ValidBytes(raw) {
		return p, false
	}
	record := gjson.ParseBytes(raw)
	if !record.IsObject() {
		return p, false
	}
	p.members = make([]member, 0, usual)
	record.ForEach(func(name, value gjson.Result) bool {
		p.members = append(p.members, member{name.Str, value})
		return true
	})
	return p, true
}

// find is what a record says of a member; of two of one name the last counts. given is false for none, and for null.
func (p *parser) find(name string) (value gjson.Result, given bool) {
	for i := len(p.members) - 1; i >= 0; i-- {
		if m := &p.members[i]; m.name == name {
			return m.value, m.value.Type != gjson.Null
		}
	}
	return value, false
}

func (p *parser) fail(field, format string, args ...any) {
	if p.problem == "" {
		p.field, p.problem = field, fmt.Sprintf(format, args...)
	}
}

func (p *parser) text(name string, required bool) string {
	v, given := p.find(name)
	s := v.Str
	if v.Type == gjson.Number {
		s = v.Raw
	}
	switch {
	case !given && required:
		p.fail(name, "is missing")
	case !given:
	case v.Type != gjson.String && v.Type != gjson.Number:
		p.fail(name, "must be a string")
	case required && s == "":
		p.fail(name, "is empty")
	case len(s) > maxRef && utf8.RuneCountInString(s) > maxRef:
		p.fail(name, "is longer than %d characters", maxRef)
	case !utf8.ValidString(s):
		p.fail(name, "is not valid UTF-8")
	}
	return s
}

// ref is a text by which something is found again.
func (p *parser) ref(name string, required bool) string {
	s := p.text(name, required)
	if err := form.Ref.Text(s); err != nil {
		p.fail(name, "%s", fault.Of(err).Detail)
	}
	return s
}

func (p *parser) integer(name string) int {
	v, given := p.find(name)
	switch {
	case !given:
		p.fail(name, "is missing")
	case v.Type != gjson.Number || v.Num != math.Trunc(v.Num):
		p.fail(name, "must be a whole number")
	case v.Num > math.MaxInt32 || v.Num < math.MinInt32:
		p.fail(name, "does not fit 32 bits")
	default:
		return int(v.Num)
	}
	return 0
}

func (p *parser) time(name string) time.Time {
	s := p.text(name, false)
	if s == "" {
		return time.Time{}
	}
	t, _ := p.moment(name, s)
	return t
}

// moment reads a time, in UTC where it names no zone.
func (p *parser) moment(name, s string) (t time.Time, zoned bool) {
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05", "2006-01-02"} {
		t, err := time.Parse(layout, s)
		switch {
		case err != nil || form.CheckMoment(t) != nil:
			continue
		case t.IsZero(): // what programs write that have none. A count without a time is as new as can be
			p.fail(name, "%s is no time that somebody gave: leave it out, or give the time", s)
		}
		return t.UTC(), layout == time.RFC3339Nano
	}
	p.fail(name, "is no ISO time")
	return time.Time{}, true
}

// attributes accepts an object of values or a list of named ones.
func (p *parser) attributes() catalogue.Attributes {
	v, given := p.find("attributes")
	if !given {
		return nil
	}
	var list catalogue.Attributes
	if json.Unmarshal([]byte(v.Raw), &list) == nil {
		for _, a := range list {
			if a.Name == "" {
				p.fail("attributes", "an attribute needs a name")
			}
		}
		return list
	}
	var object map[string]any
	if json.Unmarshal([]byte(v.Raw), &object) != nil {
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
	switch v := v.(type) {
	case string:
		return "STRING"
	case float64:
		if v == math.Trunc(v) {
			return "INTEGER"
		}
		return "FLOAT"
	case bool:
		return "BOOLEAN"
	}
	return "JSON"
}
