package wire

import (
	"fmt"
	"strings"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/fluent-oms/fluent/domain/fault"
)

// checkEnums refuses a message that has the number of no enum value somewhere.
func checkEnums(message any) error {
	m, ok := message.(proto.Message)
	if !ok {
		return nil
	}
	if f := strangeNumber(m.ProtoReflect(), ""); f != nil {
		return f
	}
	return nil
}

// strangeNumber finds the first enum field with a number that has no name.
func strangeNumber(m protoreflect.Message, at string) (found *fault.Error) {
	if wellKnown(m.Descriptor()) {
		return nil
	}
	m.Range(func(field protoreflect.FieldDescriptor, value protoreflect.Value) bool {
		found = strangeValue(field, value, join(at, string(field.Name())))
		return found == nil
	})
	return found
}

func strangeValue(field protoreflect.FieldDescriptor, value protoreflect.Value, at string) (found *fault.Error) {
	switch {
	case field.IsMap():
		value.Map().Range(func(key protoreflect.MapKey, one protoreflect.Value) bool {
			found = strangeOne(field.MapValue(), one, fmt.Sprintf("%s[%q]", at, key.String()))
			return found == nil
		})
	case field.IsList():
		for i := 0; i < value.List().Len() && found == nil; i++ {
			found = strangeOne(field, value.List().Get(i), fmt.Sprintf("%s[%d]", at, i))
		}
	default:
		found = strangeOne(field, value, at)
	}
	return found
}

func strangeOne(field protoreflect.FieldDescriptor, value protoreflect.Value, at string) *fault.Error {
	switch {
	case field.Message() != nil:
		return strangeNumber(value.Message(), at)
	case field.Enum() == nil || field.Enum().Values().ByNumber(value.Enum()) != nil:
		return nil
	}
	return unknownValue(field.Enum(), at, fmt.Sprint(value.Enum()))
}

// unknownValue says which value is none of an enum's, and which there are.
func unknownValue(enum protoreflect.EnumDescriptor, at, value string) *fault.Error {
	var names []string
	for i := range enum.Values().Len() {
		names = append(names, string(enum.Values().Get(i).Name()))
	}
	return fault.Invalidf(at, "%s is no %s; there are: %s.", value, enum.Name(), strings.Join(names, ", "))
}

func join(at, name string) string {
	if at == "" {
		return name
	}
	return at + "." + name
}
