package wire

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"connectrpc.com/connect/v2/connectproto"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/fluent-oms/fluent/domain/fault"
)

// The codecs of servers also bound answers: Connect's own bound is on what is left after compression.

// binaryCodec reads requests of which it refuses unknown enum values. Unknown fields pass: a newer process may know more.
type binaryCodec struct{ *connectproto.BinaryCodec }

// UnmarshalRead reads one request.
func (c binaryCodec) UnmarshalRead(ctx context.Context, from io.Reader, message any) error {
	if err := c.BinaryCodec.UnmarshalRead(ctx, from, message); err != nil {
		return err
	}
	return checkEnums(message)
}

// MarshalWrite writes one answer.
func (c binaryCodec) MarshalWrite(ctx context.Context, to io.Writer, message any) error {
	if m, ok := message.(proto.Message); ok && proto.Size(m) > MaxAnswer {
		return answerTooLarge()
	}
	return c.BinaryCodec.MarshalWrite(ctx, to, message)
}

// jsonCodec reads requests of which it refuses unknown fields and enum values: JSON is written by hand, and a word that is spelt wrongly
// must not be read as if it had not been there.
type jsonCodec struct{ *connectproto.JSONCodec }

func newJSONCodec() jsonCodec {
	c := connectproto.NewJSONCodec()
	c.UnmarshalOptions.DiscardUnknown = false
	return jsonCodec{c}
}

// UnmarshalRead reads one request.
func (c jsonCodec) UnmarshalRead(ctx context.Context, from io.Reader, message any) error {
	text, err := io.ReadAll(from)
	if err != nil {
		return err
	}
	if err := c.JSONCodec.UnmarshalRead(ctx, bytes.NewReader(text), message); err != nil {
		return explain(text, message, err)
	}
	return checkEnums(message)
}

// MarshalWrite writes one answer.
func (c jsonCodec) MarshalWrite(ctx context.Context, to io.Writer, message any) error {
	var text bytes.Buffer
	if err := c.JSONCodec.MarshalWrite(ctx, &text, message); err != nil {
		return err
	}
	if text.Len() > MaxAnswer {
		return answerTooLarge()
	}
	_, err := to.Write(text.Bytes())
	return err
}

// explain says what is wrong in a text that could not be read.
func explain(text []byte, message any, cause error) error {
	var tree any
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	if m, ok := message.(proto.Message); ok && d.Decode(&tree) == nil {
		if f := misspelt(m.ProtoReflect().Descriptor(), tree, ""); f != nil {
			return f
		}
	}
	reason := strings.TrimPrefix(strings.ReplaceAll(cause.Error(), "\u00a0", " "), "proto: ")
	return fault.Invalidf("", "The JSON cannot be read: %s", reason).Wrap(cause)
}

// misspelt finds the first field or enum value in a JSON tree that the message does not know.
func misspelt(d protoreflect.MessageDescriptor, tree any, at string) *fault.Error {
	object, ok := tree.(map[string]any)
	if !ok || wellKnown(d) {
		return nil
	}
	for _, key := range slices.Sorted(maps.Keys(object)) {
		field := d.Fields().ByJSONName(key)
		if field == nil {
			field = d.Fields().ByTextName(key)
		}
		if field == nil {
			return fault.Invalidf(join(at, fmt.Sprintf("%.80s", key)), "There is no such field; there are: %s.", strings.Join(fieldNames(d), ", "))
		}
		if f := misspeltValue(field, object[key], join(at, string(field.Name()))); f != nil {
			return f
		}
	}
	return nil
}

func misspeltValue(field protoreflect.FieldDescriptor, value any, at string) *fault.Error {
	if list, ok := value.([]any); ok && field.IsList() {
		for i, one := range list {
			if f := misspeltOne(field, one, fmt.Sprintf("%s[%d]", at, i)); f != nil {
				return f
			}
		}
		return nil
	}
	if entries, ok := value.(map[string]any); ok && field.IsMap() {
		for _, key := range slices.Sorted(maps.Keys(entries)) {
			if f := misspeltOne(field.MapValue(), entries[key], fmt.Sprintf("%s[%q]", at, key)); f != nil {
				return f
			}
		}
		return nil
	}
	return misspeltOne(field, value, at)
}

func misspeltOne(field protoreflect.FieldDescriptor, value any, at string) *fault.Error {
	if field.Message() != nil {
		return misspelt(field.Message(), value, at)
	}
	name, ok := value.(string)
	if field.Enum() == nil || !ok || field.Enum().Values().ByName(protoreflect.Name(name)) != nil {
		return nil
	}
	return unknownValue(field.Enum(), at, fmt.Sprintf("%.80q", name))
}

func wellKnown(d protoreflect.MessageDescriptor) bool {
	return d.FullName().Parent() == "google.protobuf"
}

func fieldNames(d protoreflect.MessageDescriptor) []string {
	var names []string
	for i := range d.Fields().Len() {
		names = append(names, string(d.Fields().Get(i).Name()))
	}
	return names
}
