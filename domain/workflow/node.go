package workflow

import (
	"bytes"
	"encoding/json"
	"fmt"
)

// node is one JSON value and its place. Its readers report a value of the wrong shape once, and give the zero value instead.
type node struct {
	p     *parser
	place string
	raw   json.RawMessage
}

func (n node) null() bool {
	return len(n.raw) == 0 || bytes.Equal(bytes.TrimSpace(n.raw), []byte("null"))
}

func (n node) at(name string) string {
	if n.place == "" {
		return name
	}
	return n.place + "." + name
}

// shape names the kind of the JSON value for messages.
func (n node) shape() string {
	raw := bytes.TrimSpace(n.raw)
	if len(raw) == 0 {
		return "nothing"
	}
	switch raw[0] {
	case '{':
		return "an object"
	case '[':
		return "an array"
	case '"':
		return "a string"
	case 't', 'f':
		return "a boolean"
	case 'n':
		return "null"
	}
	return "a number"
}

func (n node) text(limit int) string {
	var s string
	if err := json.Unmarshal(n.raw, &s); err != nil {
		n.p.refuse(n.place, "want a string, got %s", n.shape())
		return ""
	}
	if tooLong(s, limit) {
		n.p.refuse(n.place, "at most %d characters", limit)
	}
	return s
}

// object is a JSON object's members.
type object struct {
	node
	members map[string]json.RawMessage
}

func (n node) object() object {
	var m map[string]json.RawMessage
	if err := json.Unmarshal(n.raw, &m); err != nil || m == nil {
		n.p.refuse(n.place, "want an object, got %s", n.shape())
	}
	return object{node: n, members: m}
}

func (o object) member(name string) node {
	return node{p: o.p, place: o.at(name), raw: o.members[name]}
}

// missing reports an absent or null member, and says so to the author where it is required.
func (o object) missing(m node, required bool) bool {
	if !m.null() {
		return false
	}
	if required && o.members != nil {
		o.p.refuse(m.place, "is required")
	}
	return true
}

func (o object) text(name string, limit int, required bool) string {
	m := o.member(name)
	if o.missing(m, required) {
		return ""
	}
	s := m.text(limit)
	if s == "" && required && m.shape() == "a string" {
		o.p.refuse(m.place, "is required")
	}
	return s
}

// id reads a string or a number as the text of an identifier.
func (o object) id(name string, required bool) string {
	m := o.member(name)
	if o.missing(m, required) {
		return ""
	}
	if s := m.shape(); s != "a number" && s != "a string" {
		o.p.refuse(m.place, "want a string or a number, got %s", s)
		return ""
	}
	return o.scalar(name)
}

// scalar reads a string, number or boolean as text; null is "".
func (o object) scalar(name string) string {
	m := o.member(name)
	if m.null() {
		return ""
	}
	switch m.shape() {
	case "a string":
		return m.text(maxVersionComment)
	case "an object", "an array":
		return string(m.raw)
	}
	return string(bytes.TrimSpace(m.raw))
}

func (o object) bool(name string) bool {
	m := o.member(name)
	if m.null() {
		return false
	}
	var b bool
	if err := json.Unmarshal(m.raw, &b); err != nil {
		o.p.refuse(m.place, "want a boolean, got %s", m.shape())
	}
	return b
}

func (o object) list(name string, required bool) []node {
	m := o.member(name)
	if o.missing(m, required) {
		return nil
	}
	var raws []json.RawMessage
	if err := json.Unmarshal(m.raw, &raws); err != nil {
		o.p.refuse(m.place, "want an array, got %s", m.shape())
		return nil
	}
	out := make([]node, len(raws))
	for i, raw := range raws {
		out[i] = node{p: o.p, place: fmt.Sprintf("%s[%d]", m.place, i), raw: raw}
	}
	return out
}

// raws reads an object whose values may have any shape.
func (o object) raws(name string) map[string]json.RawMessage {
	m := o.member(name)
	if m.null() {
		return nil
	}
	return m.object().members
}

// texts reads an object of scalars.
func (o object) texts(name string) map[string]string {
	m := o.member(name)
	if m.null() {
		return nil
	}
	x := m.object()
	out := make(map[string]string, len(x.members))
	for k := range x.members {
		out[k] = x.scalar(k)
	}
	return out
}
