package state

import (
	"errors"
	"fmt"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/fluent-oms/fluent/domain/fault"
	statev1 "github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/state/v1"
)

// ErrUnknownCommand says that the log holds a command of a newer release. Going on would make this server's state differ from the
// others', so the server has to stop.
var ErrUnknownCommand = errors.New("a command that this release does not understand")

// Result is what became of a command.
type Result struct {
	Index    Index
	Message  proto.Message // the handler's answer; nil for some kinds
	Replayed bool          // the request had been done before; Message is the first answer
	Err      error         // a fault: the command was refused and nothing changed
}

// Tx is the one change that a command makes: all of it or nothing.
type Tx struct {
	View
	before   View // of before the command
	index    Index
	meta     *statev1.Meta
	resource string // what the audit record names
	detail   string
}

// now is the command's time.
func (tx *Tx) now() *timestamppb.Timestamp { return tx.meta.GetTime() }

// touch names the resource that the command changes, for the audit. A command that touches nothing leaves no record.
func (tx *Tx) touch(kind, name string) { tx.resource = kind + "/" + name }

// Apply applies the command at an index. The error is ErrUnknownCommand, a command that cannot be decoded, or Unreadable; refusals are in Result.Err.
func (s *Store) Apply(index Index, encoded []byte) (_ Result, err error) {
	defer Readable(&err)
	command, h, err := decode(encoded)
	if err != nil {
		return Result{}, fmt.Errorf("log entry %d: %w", index, err)
	}
	g := s.current.Load()
	txn := g.db.Txn(true)
	defer txn.Abort()
	txn.TrackChanges()
	tx := &Tx{View: View{txn: txn, generation: g}, before: View{txn: g.db.Txn(false), generation: g}, index: index, meta: command.GetMeta()}
	result := tx.run(command, h)
	if result.Err != nil {
		txn.Abort() // nothing of a refused command stays, but the index moves on
		txn = g.db.Txn(true)
		defer txn.Abort()
		tx = &Tx{View: View{txn: txn, generation: g}}
	}
	if err := txn.Insert(indexTable, &row{key: indexKey, index: uint64(index)}); err != nil {
		return Result{}, fmt.Errorf("note index %d: %w", index, err)
	}
	published := desiredChanges(tx, index)
	txn.Commit()
	g.feed.publish(published)
	return result, nil
}

// DryRun tells what Apply would answer, and changes nothing.
func (s *Store) DryRun(command *statev1.Command) (_ proto.Message, err error) {
	defer Readable(&err)
	known, found := commandsByKind[command.GetKind()]
	if !found {
		return nil, ErrUnknownCommand
	}
	g := s.current.Load()
	txn := g.db.Txn(true)
	defer txn.Abort()
	view := View{txn: txn, generation: g}
	tx := &Tx{View: view, index: view.Index() + 1, meta: command.GetMeta()}
	return tx.guarded(known.handler, command)
}

func decode(encoded []byte) (*statev1.Command, handler, error) {
	command := &statev1.Command{}
	if err := proto.Unmarshal(encoded, command); err != nil {
		return nil, handler{}, fmt.Errorf("decode a command: %w", err)
	}
	known, found := commandsByKind[command.GetKind()]
	if !found || command.GetSchema() > Schema {
		return nil, handler{}, fmt.Errorf("%w: kind %d of schema %d, known is schema %d", ErrUnknownCommand, command.GetKind(), command.GetSchema(), Schema)
	}
	return command, known.handler, nil
}

// run answers a repeated request with the first answer, and runs the handler otherwise.
func (tx *Tx) run(command *statev1.Command, h handler) Result {
	result := Result{Index: tx.index}
	if seen, ok := requests.Get(tx.View, requestKey(tx.meta)); ok && tx.meta.GetRequestId() != "" {
		result.Replayed = true
		result.Message, result.Err = replay(seen, tx.meta)
		return result
	}
	result.Message, result.Err = tx.guarded(h, command)
	if result.Err == nil {
		result.Err = tx.remember(result.Message)
	}
	if result.Err == nil {
		result.Err = tx.audit(command.GetKind())
	}
	return result
}

// guarded refuses a command whose handler panics. The log would bring it back after every restart, on every server alike. Tables that cannot be read
// are no refusal: other servers may have applied the command.
func (tx *Tx) guarded(h handler, command *statev1.Command) (message proto.Message, err error) {
	defer func() {
		problem := recover()
		if unreadable, ok := problem.(Unreadable); ok {
			panic(unreadable)
		}
		if problem != nil {
			message, err = nil, fault.New(fault.Internal, "The command %s failed.", command.GetKind()).Wrap(fmt.Errorf("panic: %v", problem))
		}
	}()
	return h.apply(tx, command.GetBody())
}

// canonical encodes messages alike on every server.
var canonical = proto.MarshalOptions{Deterministic: true}

// stamp sets etag and times of a resource that is about to be stored. before is what it replaces; nil for a new one.
func stamp[T proto.Message](tx *Tx, resource T, before T) {
	m, fields := resource.ProtoReflect(), resource.ProtoReflect().Descriptor().Fields()
	set := func(name protoreflect.Name, value *timestamppb.Timestamp) {
		if f := fields.ByName(name); f != nil && value != nil {
			m.Set(f, protoreflect.ValueOfMessage(value.ProtoReflect()))
		}
	}
	created := tx.now()
	if old := before.ProtoReflect(); old.IsValid() {
		f := fields.ByName("create_time")
		created, _ = old.Get(f).Message().Interface().(*timestamppb.Timestamp)
	}
	set("create_time", created)
	set("update_time", tx.now())
	if f := fields.ByName("etag"); f != nil {
		m.Set(f, protoreflect.ValueOfString(etag(tx.index)))
	}
}
