package state

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"hash"
	"io"

	"google.golang.org/protobuf/proto"

	statev1 "github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/state/v1"
)

// A snapshot is a stream of length-prefixed messages: a header, the rows table by table, and an end with their number and checksum,
// so that one that was cut short is never taken for a whole.
const (
	snapshotFormat  = 1
	longestSnapshot = 64 << 20 // bytes of one row
)

// ErrSnapshot says that a snapshot is damaged or of a newer release.
var ErrSnapshot = errors.New("snapshot cannot be used")

// Persist writes a view. The same state gives the same bytes on every server.
func Persist(v View, to io.Writer) error {
	w := &snapshotWriter{to: bufio.NewWriter(to), sum: sha256.New()}
	if err := w.message(&statev1.SnapshotHeader{Format: snapshotFormat, Schema: 1, Index: uint64(v.Index())}); err != nil {
		return err
	}
	for _, t := range tables() {
		if err := w.table(v, t.Name()); err != nil {
			return err
		}
	}
	if err := w.message(&statev1.SnapshotRecord{Count: w.count, Checksum: w.sum.Sum(nil)}); err != nil {
		return err
	}
	return w.to.Flush()
}

type snapshotWriter struct {
	to    *bufio.Writer
	sum   hash.Hash
	count uint64
}

func (w *snapshotWriter) table(v View, name string) error {
	rows, err := v.txn.Get(name, "id_prefix", "")
	if err != nil {
		return fmt.Errorf("walk table %s: %w", name, err)
	}
	for raw := rows.Next(); raw != nil; raw = rows.Next() {
		r := raw.(*row)
		encoded, err := canonical.Marshal(r.message)
		if err != nil {
			return fmt.Errorf("encode %s %s: %w", name, r.key, err)
		}
		w.sum.Write(encoded)
		w.count++
		if err := w.message(&statev1.SnapshotRecord{Table: name, Index: r.index, Message: encoded}); err != nil {
			return err
		}
	}
	return nil
}

func (w *snapshotWriter) message(m proto.Message) error {
	encoded, err := canonical.Marshal(m)
	if err != nil {
		return fmt.Errorf("encode a snapshot record: %w", err)
	}
	if _, err := w.to.Write(binary.AppendUvarint(nil, uint64(len(encoded)))); err != nil {
		return fmt.Errorf("write a snapshot: %w", err)
	}
	if _, err := w.to.Write(encoded); err != nil {
		return fmt.Errorf("write a snapshot: %w", err)
	}
	return nil
}

// Restore replaces the whole state by a snapshot. The old state stays in place if the snapshot cannot be used; otherwise all who wait on
// it are woken.
func (s *Store) Restore(from io.Reader) error {
	r := bufio.NewReader(from)
	header := &statev1.SnapshotHeader{}
	if err := readMessage(r, header); err != nil {
		return err
	}
	if header.GetFormat() != snapshotFormat || header.GetSchema() > Schema {
		return fmt.Errorf("%w: format %d, schema %d; known are %d and %d", ErrSnapshot, header.GetFormat(), header.GetSchema(), snapshotFormat, Schema)
	}
	g, err := newGeneration(Index(header.GetIndex()))
	if err != nil {
		return err
	}
	txn := g.db.Txn(true)
	defer txn.Abort()
	if err := restoreRows(View{txn: txn, generation: g}, r); err != nil {
		return err
	}
	if err := txn.Insert(indexTable, &row{key: indexKey, index: header.GetIndex()}); err != nil {
		return fmt.Errorf("note the snapshot's index: %w", err)
	}
	txn.Commit()
	old := s.current.Swap(g)
	close(old.abandoned)
	return nil
}

func restoreRows(v View, r *bufio.Reader) error {
	byName := map[string]anyTable{}
	for _, t := range tables() {
		byName[t.Name()] = t
	}
	sum, count := sha256.New(), uint64(0)
	for {
		record := &statev1.SnapshotRecord{}
		if err := readMessage(r, record); err != nil {
			return err
		}
		if record.GetTable() == "" {
			if record.GetCount() != count || !bytes.Equal(record.GetChecksum(), sum.Sum(nil)) {
				return fmt.Errorf("%w: it is damaged: %d of %d rows, or their checksum is wrong", ErrSnapshot, count, record.GetCount())
			}
			return nil
		}
		t, known := byName[record.GetTable()]
		if !known {
			return fmt.Errorf("%w: table %q is not known to this release", ErrSnapshot, record.GetTable())
		}
		sum.Write(record.GetMessage())
		count++
		if err := t.restore(v, Index(record.GetIndex()), record.GetMessage()); err != nil {
			return errors.Join(ErrSnapshot, err)
		}
	}
}

func readMessage(r *bufio.Reader, m proto.Message) error {
	size, err := binary.ReadUvarint(r)
	if err != nil {
		return fmt.Errorf("%w: it ends too early: %w", ErrSnapshot, err)
	}
	if size > longestSnapshot {
		return fmt.Errorf("%w: a record of %d bytes", ErrSnapshot, size)
	}
	encoded := make([]byte, size)
	if _, err := io.ReadFull(r, encoded); err != nil {
		return fmt.Errorf("%w: it ends too early: %w", ErrSnapshot, err)
	}
	if err := proto.Unmarshal(encoded, m); err != nil {
		return fmt.Errorf("%w: %w", ErrSnapshot, err)
	}
	return nil
}
