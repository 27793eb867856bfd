package document

import (
	"bytes"
	"encoding/json"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// plain reads a body in one pass that is a request as nearly all are: an object whose members query, operationName and variables, spelt like this,
// stand there once at most and are of the right kind. It says false of every other body, which the standard library then reads or refuses. The
// body is UTF-8 and not nested too deep.
func plain(body []byte) (req Request, ok bool) {
	p := plainReader{text: body}
	if !p.sign('{') {
		return Request{}, false
	}
	var seen [3]bool
	for first := true; !p.sign('}'); first = false {
		if !first && !p.sign(',') {
			return Request{}, false
		}
		name, ok := p.name()
		if !ok || !p.member(&req, name, &seen) {
			return Request{}, false
		}
	}
	p.space()
	return req, p.at == len(p.text) && req.Query != ""
}

// member reads the value of one of a request's members.
func (p *plainReader) member(req *Request, name string, seen *[3]bool) bool {
	for i, known := range [...]string{"query", "operationName", "variables"} {
		if name == known && !seen[i] {
			seen[i] = true
			return p.known(req, i)
		}
		if strings.EqualFold(name, known) {
			return false
		}
	}
	_, ok := p.value()
	return ok
}

func (p *plainReader) known(req *Request, which int) bool {
	value, ok := p.value()
	if !ok || value == nil {
		return ok
	}
	switch which {
	case 0:
		req.Query, ok = value.(string)
	case 1:
		req.OperationName, ok = value.(string)
	default:
		req.Variables, ok = value.(map[string]any)
	}
	return ok
}

// plainReader reads JSON into the values that encoding/json makes of it, numbers as json.Number. What says false, as of broken JSON, ends it.
type plainReader struct {
	text []byte
	at   int
}

func (p *plainReader) space() {
	for p.at < len(p.text) {
		switch p.text[p.at] {
		case ' ', '\t', '\n', '\r':
			p.at++
		default:
			return
		}
	}
}

// sign takes a character, and space before it, if it is the next one.
func (p *plainReader) sign(c byte) bool {
	p.space()
	if p.at < len(p.text) && p.text[p.at] == c {
		p.at++
		return true
	}
	return false
}

// word takes letters if they are the next ones.
func (p *plainReader) word(w string) bool {
	end := p.at + len(w)
	if end > len(p.text) || string(p.text[p.at:end]) != w {
		return false
	}
	p.at = end
	return true
}

// name takes the name of a member and the colon.
func (p *plainReader) name() (string, bool) {
	p.space()
	name, ok := p.string()
	return name, ok && p.sign(':')
}

func (p *plainReader) value() (any, bool) {
	p.space()
	if p.at == len(p.text) {
		return nil, false
	}
	switch p.text[p.at] {
	case '"':
		return p.string()
	case '{':
		p.at++
		return p.object()
	case '[':
		p.at++
		return p.list()
	case 't':
		return true, p.word("true")
	case 'f':
		return false, p.word("false")
	case 'n':
		return nil, p.word("null")
	}
	return p.number()
}

func (p *plainReader) object() (any, bool) {
	out := map[string]any{}
	for first := true; !p.sign('}'); first = false {
		if !first && !p.sign(',') {
			return nil, false
		}
		name, ok := p.name()
		if !ok {
			return nil, false
		}
		if out[name], ok = p.value(); !ok {
			return nil, false
		}
	}
	return out, true
}

func (p *plainReader) list() (any, bool) {
	out := []any{}
	for first := true; !p.sign(']'); first = false {
		if !first && !p.sign(',') {
			return nil, false
		}
		value, ok := p.value()
		if !ok {
			return nil, false
		}
		out = append(out, value)
	}
	return out, true
}

// number takes -?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?
func (p *plainReader) number() (any, bool) {
	begin := p.at
	p.word("-")
	if !p.word("0") && !p.digits() {
		return nil, false
	}
	if p.word(".") && !p.digits() {
		return nil, false
	}
	if p.word("e") || p.word("E") {
		if !p.word("+") {
			p.word("-")
		}
		if !p.digits() {
			return nil, false
		}
	}
	return json.Number(p.text[begin:p.at]), true
}

// digits takes one or more.
func (p *plainReader) digits() bool {
	begin := p.at
	for p.at < len(p.text) && '0' <= p.text[p.at] && p.text[p.at] <= '9' {
		p.at++
	}
	return p.at > begin
}

func (p *plainReader) string() (string, bool) {
	if !p.word(`"`) {
		return "", false
	}
	begin, escaped := p.at, false
	for ; p.at < len(p.text); p.at++ {
		switch c := p.text[p.at]; {
		case c == '"':
			raw := p.text[begin:p.at]
			p.at++
			if escaped {
				return unescaped(raw)
			}
			return string(raw), true
		case c == '\\':
			escaped = true
			p.at++
		case c < ' ':
			return "", false
		}
	}
	return "", false
}

// unescaped is a string whose escapes are resolved.
func unescaped(raw []byte) (string, bool) {
	var out strings.Builder
	out.Grow(len(raw))
	for {
		at := bytes.IndexByte(raw, '\\')
		if at < 0 {
			out.Write(raw)
			return out.String(), true
		}
		out.Write(raw[:at])
		size := 2
		switch c := raw[at+1]; c { // where the string ended, the escape had its second character
		case '"', '\\', '/':
			out.WriteByte(c)
		case 'b', 'f', 'n', 'r', 't':
			out.WriteByte("\b\f\n\r\t"[strings.IndexByte("bfnrt", c)])
		case 'u':
			var letter rune
			if letter, size = codePoint(raw[at:]); size == 0 {
				return "", false
			}
			out.WriteRune(letter)
		default:
			return "", false
		}
		raw = raw[at+size:]
	}
}

// codePoint reads the letter that raw begins with, as one escape or as two that stand for it together; no bytes if there is none.
func codePoint(raw []byte) (letter rune, size int) {
	unit := unit16(raw)
	switch {
	case unit < 0:
		return 0, 0
	case !utf16.IsSurrogate(unit):
		return unit, 6
	}
	if letter = utf16.DecodeRune(unit, unit16(raw[6:])); letter == utf8.RuneError {
		return 0, 0
	}
	return letter, 12
}

// unit16 is what \u and four digits stand for; -1 if raw does not begin with that.
func unit16(raw []byte) rune {
	if len(raw) < 6 || raw[0] != '\\' || raw[1] != 'u' {
		return -1
	}
	n, err := strconv.ParseUint(string(raw[2:6]), 16, 16)
	if err != nil {
		return -1
	}
	return rune(n)
}
