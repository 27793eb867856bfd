package desired

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"

	"google.golang.org/protobuf/encoding/protodelim"

	nodev1 "github.com/fluent-oms/fluent/proto/gen/fluent/node/v1"
)

// State is the current View and the file that keeps it. Readers call View; one follower calls Apply.
type State struct {
	path    string // empty: memory only
	current atomic.Pointer[View]
	next    *View // snapshot being received

	mu      sync.Mutex
	changed chan struct{}

	disk   sync.Mutex // held while the file and the view change
	unkept error      // why the view is not in the file
}

// Open reads the state that path kept, if it is there. The folder of path must exist; an empty path keeps nothing.
func Open(path string) (*State, error) {
	s := &State{path: path, changed: make(chan struct{})}
	s.current.Store(newView())
	if path == "" {
		return s, nil
	}
	file, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return s, nil
	}
	if err != nil {
		return nil, fmt.Errorf("open the desired state: %w", err)
	}
	defer file.Close()
	view, err := read(bufio.NewReader(file))
	if err != nil {
		return nil, fmt.Errorf("read the desired state in %s: %w", path, err)
	}
	s.current.Store(view)
	return s, nil
}

// View is the state as of now.
func (s *State) View() *View { return s.current.Load() }

// Changed returns a channel that is closed when the view after this call differs.
func (s *State) Changed() <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.changed
}

// Begin says that the next frame is the first of a new stream: half a snapshot of an earlier one is of no use.
func (s *State) Begin() { s.next = nil }

// Apply takes frames of the control plane's stream in their order. What they change is on disk before it is visible, and is written
// once for all of them: those who have many frames at hand give them together. Where it cannot be written it is visible all the same, and
// Unkept says so: a process that starts from an older file only learns again what it had missed, and one that stood still would refuse
// tenants whom others serve. It reports whether the stream must be opened anew without a resume token; frames after the one that said so
// are not taken.
func (s *State) Apply(frames ...*nodev1.WatchResponse) (reset bool) {
	var changed *View
	for _, frame := range frames {
		switch f := frame.GetFrame().(type) {
		case *nodev1.WatchResponse_Snapshot:
			if s.next == nil {
				s.next = newView()
			}
			s.next.put(f.Snapshot, false)
		case *nodev1.WatchResponse_SnapshotEnd:
			if s.next != nil { // else the stream was resumed: nothing was sent anew
				changed, s.next = s.next, nil
			}
			changed = s.from(changed)
			changed.Incarnation, changed.Index = f.SnapshotEnd.GetIncarnation(), f.SnapshotEnd.GetIndex()
		case *nodev1.WatchResponse_Change:
			changed = s.from(changed)
			changed.put(f.Change.GetResource(), f.Change.GetDeleted())
			changed.Index = f.Change.GetIndex()
			if f.Change.GetIncarnation() != "" {
				changed.Incarnation = f.Change.GetIncarnation()
			}
		case *nodev1.WatchResponse_Reset_:
			s.next = nil
			s.publish(changed)
			return true
		}
	}
	s.publish(changed)
	return false
}

// from is the view to change: the one that earlier frames changed, or a copy of what is visible.
func (s *State) from(changed *View) *View {
	if changed == nil {
		return s.View().clone()
	}
	return changed
}

// Forget drops the resume point, so that the next stream begins with a snapshot. What is known stays in use until then.
func (s *State) Forget() {
	v := s.View().clone()
	v.Incarnation, v.Index = "", 0
	s.current.Store(v)
}

// publish makes a view the current one; nil changes nothing.
func (s *State) publish(v *View) {
	if v == nil {
		return
	}
	s.disk.Lock()
	s.unkept = s.keep(v)
	s.current.Store(v)
	s.disk.Unlock()
	s.mu.Lock()
	defer s.mu.Unlock()
	close(s.changed)
	s.changed = make(chan struct{})
}

// Unkept writes again what could not be written, and says why it still cannot be; nil when all is on disk.
func (s *State) Unkept() error {
	s.disk.Lock()
	defer s.disk.Unlock()
	if s.unkept != nil {
		s.unkept = s.keep(s.View())
	}
	return s.unkept
}

// keep writes the view beside the file and renames it, so that a crash leaves either the old state or the new one.
func (s *State) keep(v *View) error {
	if s.path == "" {
		return nil
	}
	file, err := os.CreateTemp(filepath.Dir(s.path), ".desired-*")
	if err != nil {
		return fmt.Errorf("keep the desired state: %w", err)
	}
	defer os.Remove(file.Name()) // gone already when the rename succeeded
	w := bufio.NewWriter(file)
	end := &nodev1.SnapshotEnd{Incarnation: v.Incarnation, Index: v.Index}
	_, err = protodelim.MarshalTo(w, end)
	for _, r := range v.resources() {
		if err == nil {
			_, err = protodelim.MarshalTo(w, r)
		}
	}
	if err = errors.Join(err, w.Flush(), file.Sync(), file.Close()); err == nil {
		err = os.Rename(file.Name(), s.path)
	}
	if err != nil {
		return fmt.Errorf("keep the desired state: %w", err)
	}
	return nil
}

func read(r *bufio.Reader) (*View, error) {
	var end nodev1.SnapshotEnd
	if err := protodelim.UnmarshalFrom(r, &end); err != nil {
		return nil, err
	}
	view := newView()
	view.Incarnation, view.Index = end.GetIncarnation(), end.GetIndex()
	for {
		resource := &nodev1.Resource{}
		err := protodelim.UnmarshalFrom(r, resource)
		if errors.Is(err, io.EOF) {
			return view, nil
		}
		if err != nil {
			return nil, err
		}
		view.put(resource, false)
	}
}
