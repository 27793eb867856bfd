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

// A snapshot is a stream of length-prefixed messages: a header, the rows table by table, and an end with their number and a checksum of all before it,
// so that one that was cut short is never taken for a whole.
const (
	snapshotFormat = 1
	longestRecord  = 64 << 20 // bytes
)

// ErrSnapshot says that a snapshot is damaged or of a newer release.
var ErrSnapshot = errors.New("snapshot cannot be used")

// Persist writes a view. The same state gives the same bytes on every server. Until an upgrade is finalised, older servers can read it.
func Persist(v View, to io.Writer) (err error) {
	defer Readable(&err)
	w := &snapshotWriter{to: bufio.NewWriter(to), sum: sha256.New()}
	if err := w.message(&statev1.SnapshotHeader{Format: snapshotFormat, Schema: max(1, v.Cluster().GetSchemaFloor()), Index: uint64(v.Index())}); err != nil {
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
	w.sum.Write(encoded)
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
	header, sum := &statev1.SnapshotHeader{}, sha256.New()
	encoded, err := readMessage(r, header)
	if err != nil {
		return err
	}
	sum.Write(encoded)
	if header.GetFormat() != snapshotFormat || header.GetSchema() > Schema {
		return fmt.Errorf("%w: format %d, schema %d; known are %d and %d", ErrSnapshot, header.GetFormat(), header.GetSchema(), snapshotFormat, Schema)
	}
	g, err := newGeneration(Index(header.GetIndex()))
	if err != nil {
		return err
	}
	txn := g.db.Txn(true)
	defer txn.Abort()
	if err := restoreRows(View{txn: txn, generation: g}, r, sum); err != nil {
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

func restoreRows(v View, r *bufio.Reader, sum hash.Hash) error {
	byName := map[string]anyTable{}
	for _, t := range tables() {
		byName[t.Name()] = t
	}
	count := uint64(0)
	for {
		record := &statev1.SnapshotRecord{}
		encoded, err := readMessage(r, record)
		if err != nil {
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
		sum.Write(encoded)
		count++
		if err := t.restore(v, Index(record.GetIndex()), record.GetMessage()); err != nil {
			return errors.Join(ErrSnapshot, err)
		}
	}
}

// readMessage reads the next message and returns its bytes too.
func readMessage(r *bufio.Reader, m proto.Message) ([]byte, error) {
	size, err := binary.ReadUvarint(r)
	if err != nil {
		return nil, fmt.Errorf("%w: it ends too early: %w", ErrSnapshot, err)
	}
	if size > longestRecord {
		return nil, fmt.Errorf("%w: a record of %d bytes", ErrSnapshot, size)
	}
	encoded := make([]byte, size)
	if _, err := io.ReadFull(r, encoded); err != nil {
		return nil, fmt.Errorf("%w: it ends too early: %w", ErrSnapshot, err)
	}
	if err := proto.Unmarshal(encoded, m); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrSnapshot, err)
	}
	return encoded, nil
}
