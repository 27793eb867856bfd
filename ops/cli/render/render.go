// Package render prints what the command line has to say: tables for people, JSON for programs, errors as one clear line.
package render

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/timestamppb"
)

// Format is how results are printed.
type Format string

// The formats.
const (
	Table Format = "table"
	JSON  Format = "json"
)

// ParseFormat reads a format's name.
func ParseFormat(name string) (Format, error) {
	switch f := Format(name); f {
	case Table, JSON:
		return f, nil
	}
	return "", fmt.Errorf("output format %q: want table or json", name)
}

// Column is one column of a table, or one line of a single thing.
type Column[T any] struct {
	Title string
	Value func(T) string
	Wide  bool // shown for a single thing only, not in lists
}

// List prints messages: a table with a line each, or a JSON array.
func List[T proto.Message](w io.Writer, f Format, rows []T, columns []Column[T]) error {
	if f == JSON {
		return jsonList(w, rows)
	}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	var titles []string
	for _, c := range columns {
		if !c.Wide {
			titles = append(titles, c.Title)
		}
	}
	fmt.Fprintln(t, strings.Join(titles, "\t"))
	for _, row := range rows {
		var cells []string
		for _, c := range columns {
			if !c.Wide {
				cells = append(cells, cell(c.Value(row)))
			}
		}
		fmt.Fprintln(t, strings.Join(cells, "\t"))
	}
	return flush(t)
}

// One prints one message: a line per column, or a JSON object.
func One[T proto.Message](w io.Writer, f Format, row T, columns []Column[T]) error {
	if f == JSON {
		return Message(w, row)
	}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, c := range columns {
		fmt.Fprintf(t, "%s\t%s\n", c.Title, cell(c.Value(row)))
	}
	return flush(t)
}

// Message prints a message as a JSON object.
func Message(w io.Writer, m proto.Message) error {
	raw, err := encode(m)
	if err != nil {
		return err
	}
	return indented(w, raw)
}

// Value prints any value as JSON.
func Value(w io.Writer, v any) error {
	raw, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("print JSON: %w", err)
	}
	return indented(w, raw)
}

func jsonList[T proto.Message](w io.Writer, rows []T) error {
	all := make([]json.RawMessage, 0, len(rows))
	for _, row := range rows {
		raw, err := encode(row)
		if err != nil {
			return err
		}
		all = append(all, raw)
	}
	return Value(w, all)
}

func encode(m proto.Message) (json.RawMessage, error) {
	raw, err := protojson.Marshal(m)
	if err != nil {
		return nil, fmt.Errorf("print JSON: %w", err)
	}
	return raw, nil
}

// indented prints JSON with the same spaces every time, which protojson alone does not.
func indented(w io.Writer, raw []byte) error {
	var buf bytes.Buffer
	if err := json.Indent(&buf, raw, "", "  "); err != nil {
		return fmt.Errorf("print JSON: %w", err)
	}
	buf.WriteByte('\n')
	if _, err := buf.WriteTo(w); err != nil {
		return fmt.Errorf("print JSON: %w", err)
	}
	return nil
}

func flush(t *tabwriter.Writer) error {
	if err := t.Flush(); err != nil {
		return fmt.Errorf("print table: %w", err)
	}
	return nil
}

// cell keeps a value on its line and shows that an empty one is empty.
func cell(s string) string {
	s = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, s)
	if s == "" {
		return "-"
	}
	return s
}

// Enum is the short name of a protobuf enum's value: READY for NODE_STATE_READY.
func Enum(e protoreflect.Enum) string {
	name := string(e.Descriptor().Name())
	value := e.Descriptor().Values().ByNumber(e.Number())
	if value == nil {
		return fmt.Sprint(e.Number())
	}
	short := strings.TrimPrefix(string(value.Name()), snake(name)+"_")
	if short == "UNSPECIFIED" {
		return ""
	}
	return short
}

// snake turns AccountState into ACCOUNT_STATE.
func snake(camel string) string {
	var b strings.Builder
	for i, r := range camel {
		if i > 0 && r >= 'A' && r <= 'Z' {
			b.WriteByte('_')
		}
		b.WriteRune(r)
	}
	return strings.ToUpper(b.String())
}

// Clock is how a moment is printed: with its offset from UTC, for logs and colleagues may be in another zone.
const Clock = "2006-01-02 15:04:05Z07:00"

// Time is a moment in the reader's time zone, to the second; empty when it is not set.
func Time(t *timestamppb.Timestamp) string {
	if t == nil {
		return ""
	}
	return t.AsTime().Local().Format(Clock)
}

// Span is how long something took, or has taken until now when it has no end; empty before its start.
func Span(start, end *timestamppb.Timestamp, now time.Time) string {
	if start == nil {
		return ""
	}
	last := now
	if end != nil {
		last = end.AsTime()
	}
	return max(0, last.Sub(start.AsTime())).Round(time.Millisecond).String()
}
