package state

import (
	"fmt"
	"strconv"
	"strings"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/fluent-oms/fluent/domain/fault"
	statev1 "github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/state/v1"
)

// command is a row of the table of commands. Kinds are only ever added.
type command struct {
	kind    statev1.Kind
	since   uint32 // the oldest schema that understands it
	handler handler
}

// handler applies one kind of command.
type handler struct {
	body  protoreflect.FullName // of the message that is its body, and no other command's
	apply func(tx *Tx, body []byte) (proto.Message, error)
	needs func(body proto.Message) uint32 // the schema that what was added to the body later needs; nil: nothing was
}

// handle makes a handler of a function over a typed command. needs says which schema a body needs in which fields are set that were added after the
// command's first.
func handle[T any, P interface {
	*T
	proto.Message
}](apply func(*Tx, P) (proto.Message, error), needs ...func(P) uint32) handler {
	h := handler{body: P(nil).ProtoReflect().Descriptor().FullName()}
	h.apply = func(tx *Tx, body []byte) (proto.Message, error) {
		command := P(new(T))
		if err := proto.Unmarshal(body, command); err != nil {
			return nil, fault.New(fault.Internal, "The command cannot be read.").Wrap(err)
		}
		return apply(tx, command)
	}
	for _, n := range needs {
		h.needs = func(body proto.Message) uint32 { return n(body.(P)) }
	}
	return h
}

// The commands of all resources, by what names them in the log and by their bodies.
var commandsByKind, commandsByBody = indexed(resources)

func indexed(all []resource) (map[statev1.Kind]command, map[protoreflect.FullName]command) {
	byKind, byBody := map[statev1.Kind]command{}, map[protoreflect.FullName]command{}
	for _, r := range all {
		for _, c := range r.commands {
			byKind[c.kind], byBody[c.handler.body] = c, c
		}
	}
	return byKind, byBody
}

// Command makes the command that has a body of this type. One that no command has, or that cannot be encoded, is a programmer's mistake and comes back as
// an error.
func Command(meta *statev1.Meta, body proto.Message) (*statev1.Command, error) {
	name := body.ProtoReflect().Descriptor().FullName()
	c, known := commandsByBody[name]
	if !known {
		return nil, fmt.Errorf("no command has the body %s", name)
	}
	encoded, err := canonical.Marshal(body)
	if err != nil {
		return nil, fmt.Errorf("encode %s: %w", c.kind, err)
	}
	schema := c.since
	if c.handler.needs != nil {
		schema = max(schema, c.handler.needs(body))
	}
	return &statev1.Command{Kind: c.kind, Schema: schema, Meta: meta, Body: encoded}, nil
}

// etag names a version of a resource by the index of the command that wrote it.
func etag(index Index) string { return strconv.FormatUint(uint64(index), 10) }

// checkEtag refuses a change that was decided on another version. An empty given accepts any.
func checkEtag(what, name, given, have string) error {
	if given == "" || given == have {
		return nil
	}
	return fault.New(fault.Conflict, "The %s %s has changed since you read it; read it again.", what, name).
		At("etag").With("etag", have)
}

func notFound(what, name string) error {
	if account, number, ok := strings.Cut(name, "/"); ok {
		name = account + "/" + strings.TrimLeft(number, "0") // numbers in keys have leading zeros
	}
	return fault.NotFoundf("There is no %s %q.", what, name)
}

func exists(what, name string) error {
	return fault.New(fault.Exists, "The name %q is taken: the %s exists already.", name, what).WithCode(fault.CodeExists)
}

// create reports whether a put makes something new, and refuses one that does not fit what is there.
func create(what, name, given string, have interface{ GetEtag() string }, found bool) (bool, error) {
	switch {
	case !found && given == "":
		return true, nil
	case !found:
		return false, notFound(what, name)
	case given == "":
		return false, exists(what, name)
	default:
		return false, checkEtag(what, name, given, have.GetEtag())
	}
}
