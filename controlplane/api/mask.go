package api

import (
	"slices"
	"strings"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/fieldmaskpb"

	"github.com/fluent-oms/fluent/domain/fault"
)

// merged is current with the masked fields of wanted. Without a mask those fields are taken that are set; "*" takes all that may change.
func merged[T proto.Message](current, wanted T, mask *fieldmaskpb.FieldMask, changeable ...string) (T, error) {
	out := proto.CloneOf(current)
	to, from := out.ProtoReflect(), wanted.ProtoReflect()
	paths := mask.GetPaths()
	if slices.Equal(paths, []string{"*"}) {
		paths = changeable
	}
	if len(paths) == 0 {
		for _, name := range changeable {
			if from.Has(from.Descriptor().Fields().ByName(protoreflect.Name(name))) {
				paths = append(paths, name)
			}
		}
	}
	for _, path := range paths {
		if !slices.Contains(changeable, path) {
			return out, fault.Invalidf("update_mask", "%q cannot be changed; what can is %s.", path, strings.Join(changeable, ", "))
		}
		f := from.Descriptor().Fields().ByName(protoreflect.Name(path))
		if from.Has(f) {
			to.Set(f, from.Get(f))
		} else {
			to.Clear(f)
		}
	}
	return out, nil
}

// retried repeats a read and the change that follows from it while others change the same thing, unless the caller insists on an etag.
func retried(etag string, attempt func() error) error {
	var err error
	for range 5 {
		if err = attempt(); err == nil || etag != "" || !fault.Is(err, fault.Conflict) {
			return err
		}
	}
	return err
}

// first is the first string that is not empty.
func first(candidates ...string) string {
	for _, c := range candidates {
		if c != "" {
			return c
		}
	}
	return ""
}
