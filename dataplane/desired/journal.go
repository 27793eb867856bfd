package desired

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	nodev1 "github.com/fluent-oms/fluent/proto/gen/fluent/node/v1"
)

// shortest is how long the changes in the file may become before it is written anew, however short its snapshot is.
const shortest = 256 << 10 // bytes

// syncEvery is how often at the most appended changes are forced to the disk. A process that dies loses none of them; a machine that does
// may lose those of the last while, and the stream then goes on from the change before. Each sync that makes a file longer waits for the file
// system's own log, and with it whoever else writes to that disk: the database, where all of this runs on one machine.
const syncEvery = time.Second

// journal is the file that keeps a view: a snapshot, and the changes since. A burst of changes costs one write of its own length; when the
// changes are longer than the snapshot, the file is written anew, so that it stays below twice what it holds.
//
// It is opened for each write and never held: a folder that was taken away and put back, or was made anew, is met as it is then.
type journal struct {
	path    string      // empty: nothing is kept
	info    fs.FileInfo // of the file that the following speak of; nil: it must be written whole
	base    int64       // where its snapshot ends
	end     int64       // where the next record goes; what follows in the file is a write that was cut short
	compact int64       // end at which it is written anew
	pending []byte      // records that could not be appended yet
	synced  time.Time   // when it was forced to the disk last
}

// append adds changes to the file, and those that earlier could not be added. The view is what they lead to.
func (j *journal) append(frames []*nodev1.WatchResponse, v *View) (err error) {
	if j.path == "" {
		return nil
	}
	for _, f := range frames {
		if j.pending, err = appendRecord(j.pending, f); err != nil {
			return fmt.Errorf("keep the desired state: %w", err)
		}
	}
	if j.info == nil || int64(len(j.pending)) > max(j.base, shortest) {
		return j.rewrite(v)
	}
	file, err := os.OpenFile(j.path, os.O_WRONLY, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return j.rewrite(v)
	}
	if err != nil {
		return fmt.Errorf("keep the desired state: %w", err)
	}
	info, err := file.Stat()
	if err == nil && (!os.SameFile(info, j.info) || info.Size() < j.end) { // it is not the file that was written
		return errors.Join(file.Close(), j.rewrite(v))
	}
	if err == nil && info.Size() > j.end {
		err = file.Truncate(j.end)
	}
	if err == nil {
		if _, err = file.WriteAt(j.pending, j.end); err != nil {
			err = errors.Join(err, file.Truncate(j.end)) // else the next try does
		} else if now := time.Now(); now.Sub(j.synced) >= syncEvery {
			if err = file.Sync(); err != nil {
				j.info = nil // what of it is on disk nobody knows
			}
			j.synced = now
		}
	}
	if err = errors.Join(err, file.Close()); err != nil {
		return fmt.Errorf("keep the desired state: %w", err)
	}
	j.end += int64(len(j.pending))
	j.pending = nil
	return nil
}

// settle writes the file anew if its changes have become long. Where that fails nothing is lost, and it is tried again when they have
// grown by as much again.
func (j *journal) settle(v *View) {
	if j.path == "" || j.info == nil || j.end < j.compact {
		return
	}
	kept := *j
	if err := j.rewrite(v); err != nil {
		*j = kept
		j.compact = j.end + max(j.base, shortest)
	}
}

// rewrite writes the view beside the file and renames it, so that a crash leaves either the old file or the new one.
func (j *journal) rewrite(v *View) error {
	j.info, j.pending = nil, nil
	if j.path == "" {
		return nil
	}
	beside := j.path + ".new"
	file, err := os.OpenFile(beside, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return fmt.Errorf("keep the desired state: %w", err)
	}
	size, err := writeSnapshot(file, v)
	info, statErr := file.Stat()
	err = errors.Join(err, statErr, file.Sync(), file.Close())
	if err == nil {
		err = os.Rename(beside, j.path)
	}
	if err == nil {
		err = syncFolder(filepath.Dir(j.path))
	}
	if err != nil {
		_ = os.Remove(beside) // what is left of it is overwritten by the next try
		return fmt.Errorf("keep the desired state: %w", err)
	}
	j.info, j.base, j.end, j.compact = info, size, size, size+max(size, shortest)
	return nil
}

// writeSnapshot writes a view as a stream would send it, and returns its length in bytes.
func writeSnapshot(file io.Writer, v *View) (size int64, err error) {
	out := bufio.NewWriterSize(file, 64<<10)
	n, err := out.WriteString(mark)
	size = int64(n)
	var text []byte
	write := func(frame *nodev1.WatchResponse) {
		if err != nil {
			return
		}
		if text, err = appendRecord(text[:0], frame); err == nil {
			n, err = out.Write(text)
			size += int64(n)
		}
	}
	for r := range v.resources() {
		write(&nodev1.WatchResponse{Frame: &nodev1.WatchResponse_Snapshot{Snapshot: r}})
	}
	write(&nodev1.WatchResponse{Frame: &nodev1.WatchResponse_SnapshotEnd{
		SnapshotEnd: &nodev1.SnapshotEnd{Incarnation: v.Incarnation, Index: v.Index}}})
	return size, errors.Join(err, out.Flush())
}

// syncFolder makes a rename last.
func syncFolder(path string) error {
	folder, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(folder.Sync(), folder.Close())
}
