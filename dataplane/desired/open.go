package desired

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"google.golang.org/protobuf/encoding/protodelim"

	nodev1 "github.com/fluent-oms/fluent/proto/gen/fluent/node/v1"
)

// Open reads the state that path kept, if it is there. The folder of path must exist; an empty path keeps nothing. Reading changes
// nothing on disk: the state of a process that runs can be read beside it.
//
// A file that is damaged is not believed: the state is then empty, as before the first snapshot, and the next stream brings it anew.
// Found says so. The error is of the file system only.
func Open(path string) (*State, error) {
	s := &State{journal: journal{path: path}, changed: make(chan struct{})}
	s.current.Store(&View{})
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
	info, err := file.Stat()
	if err != nil {
		return nil, fmt.Errorf("open the desired state: %w", err)
	}
	in := bufio.NewReaderSize(file, 64<<10)
	if first, _ := in.Peek(len(mark)); string(first) == mark {
		err = s.replay(file, in, info.Size())
	} else {
		err = s.readOld(in)
	}
	if errors.Is(err, errDamaged) {
		s.found = fmt.Errorf("the desired state in %s cannot be read and is left aside; the control plane sends it anew: %w", path, err)
		return s, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the desired state in %s: %w", path, err)
	}
	if s.journal.end > 0 {
		s.journal.info = info
	}
	return s, nil
}

// errDamaged marks a file whose content is not what was written.
var errDamaged = errors.New("the file is damaged")

// replay applies a file's records. What follows the last whole record is a write that was cut short, unless another whole one follows it.
func (s *State) replay(file io.ReaderAt, in *bufio.Reader, size int64) error {
	if _, err := in.Discard(len(mark)); err != nil {
		return err
	}
	d := &decoder{in: in, at: int64(len(mark))}
	p := progress{base: &View{}}
	for {
		frame, err := d.next()
		if errors.Is(err, io.EOF) || errors.Is(err, errBroken) {
			break
		}
		if err != nil {
			return err
		}
		p.take(frame)
		if frame.GetSnapshotEnd() != nil && s.journal.base == 0 {
			s.journal.base = d.at
		}
	}
	rest := make([]byte, max(size-d.at, 0))
	if _, err := file.ReadAt(rest, d.at); err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	if s.journal.base == 0 { // a snapshot is renamed into place whole
		return fmt.Errorf("%w: its snapshot ends at byte %d of %d", errDamaged, d.at, size)
	}
	if len(rest) > 0 && holdsRecord(rest[1:]) {
		s.journal.base = 0
		return fmt.Errorf("%w: there is no whole record at byte %d of %d, but further on", errDamaged, d.at, size)
	}
	if len(rest) > 0 {
		s.found = fmt.Errorf("the last write to the desired state in %s was cut short; %d bytes after byte %d are left out, and the control plane sends again what they said",
			s.journal.path, len(rest), d.at)
	}
	s.current.Store(p.changed.finish())
	j := &s.journal
	j.end, j.compact = d.at, j.base+max(j.base, shortest)
	return nil
}

// readOld reads a file of a release that kept a snapshot only. The first change writes the file in its new form.
func (s *State) readOld(in *bufio.Reader) error {
	var end nodev1.SnapshotEnd
	if err := protodelim.UnmarshalFrom(in, &end); err != nil {
		return fmt.Errorf("%w: %w", errDamaged, err)
	}
	view := draftOf(&View{Incarnation: end.GetIncarnation(), Index: end.GetIndex()})
	for {
		resource := &nodev1.Resource{}
		err := protodelim.UnmarshalFrom(in, resource)
		if errors.Is(err, io.EOF) {
			s.current.Store(view.finish())
			return nil
		}
		if err != nil {
			return fmt.Errorf("%w: %w", errDamaged, err)
		}
		view.put(resource, false)
	}
}
