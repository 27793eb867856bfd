package desired

import (
	"sync"
	"sync/atomic"

	nodev1 "github.com/fluent-oms/fluent/proto/gen/fluent/node/v1"
)

// State is the current View and the file that keeps it. Readers call View; one follower calls Apply.
type State struct {
	current atomic.Pointer[View]
	next    *draft // snapshot being received
	found   error  // what was wrong with the file when it was opened

	mu      sync.Mutex
	changed chan struct{}

	disk    sync.Mutex // orders writers of the file and of the view; readers take no part
	journal journal
	unkept  error // why the view is not in the file
}

// View is the state as of now.
func (s *State) View() *View { return s.current.Load() }

// Found is what was wrong with the file when it was opened; nil: nothing.
func (s *State) Found() error { return s.found }

// Changed returns a channel that is closed when the view after this call differs.
func (s *State) Changed() <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.changed
}

// Begin says that the next frame is the first of a new stream: half a snapshot of an earlier one is of no use.
func (s *State) Begin() { s.next = nil }

// progress is a view to which frames of a stream are being applied.
type progress struct {
	base    *View
	next    *draft                  // snapshot being received
	changed *draft                  // what base has become; nil: nothing changed
	whole   bool                    // a snapshot has taken base's place
	log     []*nodev1.WatchResponse // what led from base to changed, unless whole
}

// take applies one frame, and reports whether the stream must be opened anew without a resume token.
func (p *progress) take(frame *nodev1.WatchResponse) (reset bool) {
	switch f := frame.GetFrame().(type) {
	case *nodev1.WatchResponse_Snapshot:
		if p.next == nil {
			p.next = draftOf(&View{})
		}
		p.next.put(f.Snapshot, false)
	case *nodev1.WatchResponse_SnapshotEnd:
		if p.next != nil { // else the stream was resumed: nothing was sent anew
			p.changed, p.next, p.whole = p.next, nil, true
		}
		d := p.draft(frame)
		d.view.Incarnation, d.view.Index = f.SnapshotEnd.GetIncarnation(), f.SnapshotEnd.GetIndex()
	case *nodev1.WatchResponse_Change:
		d := p.draft(frame)
		d.put(f.Change.GetResource(), f.Change.GetDeleted())
		d.view.Index = f.Change.GetIndex()
		if f.Change.GetIncarnation() != "" {
			d.view.Incarnation = f.Change.GetIncarnation()
		}
	case *nodev1.WatchResponse_Reset_:
		p.next = nil
		return true
	}
	return false
}

// draft is the view to change for a frame.
func (p *progress) draft(frame *nodev1.WatchResponse) *draft {
	if p.changed == nil {
		p.changed = draftOf(p.base)
	}
	if p.whole {
		p.log = nil
	} else {
		p.log = append(p.log, frame)
	}
	return p.changed
}

// Apply takes frames of the control plane's stream in their order. What they change is on disk before it is visible, and is written
// once for all of them: those who have many frames at hand give them together. Where it cannot be written it is visible all the same, and
// Unkept says so: a process that starts from an older file only learns again what it had missed, and one that stood still would refuse
// tenants whom others serve. It reports whether the stream must be opened anew without a resume token; frames after the one that said so
// are not taken.
func (s *State) Apply(frames ...*nodev1.WatchResponse) (reset bool) {
	p := progress{base: s.View(), next: s.next}
	for _, frame := range frames {
		if reset = p.take(frame); reset {
			break
		}
	}
	s.next = p.next
	if p.changed != nil {
		s.publish(p.changed.finish(), &p)
	}
	return reset
}

// Forget drops the resume point, so that the next stream begins with a snapshot. What is known stays in use until then.
func (s *State) Forget() {
	s.disk.Lock()
	defer s.disk.Unlock()
	v := *s.View()
	v.Incarnation, v.Index = "", 0
	s.current.Store(&v)
}

// publish keeps a view and makes it the current one.
func (s *State) publish(v *View, p *progress) {
	s.disk.Lock()
	if p.whole {
		s.unkept = s.journal.rewrite(v)
	} else {
		s.unkept = s.journal.append(p.log, v)
	}
	s.current.Store(v)
	s.disk.Unlock()
	s.mu.Lock()
	close(s.changed)
	s.changed = make(chan struct{})
	s.mu.Unlock()
	s.disk.Lock()
	defer s.disk.Unlock()
	s.journal.settle(v) // after the change is seen: nobody waits for it
}

// Unkept writes again what could not be written, and says why it still cannot be; nil when all is on disk.
func (s *State) Unkept() error {
	s.disk.Lock()
	defer s.disk.Unlock()
	if s.unkept != nil {
		s.unkept = s.journal.append(nil, s.View())
	}
	return s.unkept
}
