package operation

import (
	"google.golang.org/protobuf/proto"

	"github.com/fluent-oms/fluent/controlplane/state"
	cpv1 "github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/v1"
)

// NodesTake reports whether nodes have a method that takes a request.
func NodesTake(request proto.Message) bool {
	_, known := methods[request.ProtoReflect().Descriptor().FullName()]
	return known
}

// Lanes are lanes that no provisioner has.
type Lanes struct{ lanes }

// NewLanes makes lanes that tell freed when there is room.
func NewLanes(freed chan<- struct{}) *Lanes {
	return &Lanes{lanes{freed: freed, busy: map[string]int{}}}
}

// Enter is lanes.enter.
func (l *Lanes) Enter(ready []*cpv1.Node, attempt int) (*cpv1.Node, func()) {
	return l.enter(ready, attempt)
}

// Room is lanes.room.
func (l *Lanes) Room(ready []*cpv1.Node) bool { return l.room(ready) }

// Busy is how many nodes have preparations under way.
func (l *Lanes) Busy() int { return len(l.busy) }

// MayGoOn reports whether an operation would be taken while each of some nodes has so many preparations under way.
func MayGoOn(v state.View, o *cpv1.Operation, each int, nodes ...string) bool {
	d := &driver{lanes: lanes{busy: map[string]int{}}}
	for _, n := range nodes {
		d.lanes.busy[n] = each
	}
	return d.mayGoOn(v, o, map[string]bool{})
}
