package desired

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"

	"google.golang.org/protobuf/proto"

	nodev1 "github.com/fluent-oms/fluent/proto/gen/fluent/node/v1"
)

// The file is a mark and then records: frames of the control plane's stream, in the order in which they were applied. It begins with a
// snapshot and its end; changes follow. A record is its length, the checksum of what follows these twelve bytes, the checksum of the
// eight bytes before (each four bytes, little endian, CRC-32C), and the frame.
const (
	mark        = "FDESIRE1" // no file of an earlier release begins so
	recordHead  = 12
	longestText = 64 << 20 // of a record; the stream's frames are shorter
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// errBroken says that there is no whole record where one was looked for.
var errBroken = errors.New("there is no whole record")

// appendRecord adds a frame's record to a text.
func appendRecord(text []byte, frame *nodev1.WatchResponse) ([]byte, error) {
	at := len(text)
	text = append(text, make([]byte, recordHead)...)
	text, err := proto.MarshalOptions{Deterministic: true}.MarshalAppend(text, frame)
	if err != nil {
		return text[:at], err
	}
	head, body := text[at:at+recordHead], text[at+recordHead:]
	binary.LittleEndian.PutUint32(head, uint32(len(body)))
	binary.LittleEndian.PutUint32(head[4:], crc32.Checksum(body, castagnoli))
	binary.LittleEndian.PutUint32(head[8:], crc32.Checksum(head[:8], castagnoli))
	return text, nil
}

// length reads a record's head; false if it is none.
func length(head []byte) (n int64, sum uint32, ok bool) {
	n, sum = int64(binary.LittleEndian.Uint32(head)), binary.LittleEndian.Uint32(head[4:])
	return n, sum, binary.LittleEndian.Uint32(head[8:]) == crc32.Checksum(head[:8], castagnoli) && n > 0 && n <= longestText
}

// decoder reads records.
type decoder struct {
	in   *bufio.Reader
	at   int64 // where the next record begins
	body bytes.Buffer
}

// next reads one record. The error is io.EOF at the end, errBroken where a record is not whole or not as it was written, or of reading.
func (d *decoder) next() (*nodev1.WatchResponse, error) {
	var head [recordHead]byte
	switch n, err := io.ReadFull(d.in, head[:]); {
	case n == 0 && errors.Is(err, io.EOF):
		return nil, io.EOF
	case errors.Is(err, io.ErrUnexpectedEOF):
		return nil, errBroken
	case err != nil:
		return nil, err
	}
	n, sum, ok := length(head[:])
	if !ok {
		return nil, errBroken
	}
	d.body.Reset()
	switch _, err := io.CopyN(&d.body, d.in, n); { // the buffer grows with what is there, not with what the head says
	case errors.Is(err, io.EOF):
		return nil, errBroken
	case err != nil:
		return nil, err
	}
	frame := &nodev1.WatchResponse{}
	if crc32.Checksum(d.body.Bytes(), castagnoli) != sum || proto.Unmarshal(d.body.Bytes(), frame) != nil {
		return nil, errBroken
	}
	d.at += recordHead + n
	return frame, nil
}

// holdsRecord reports whether a whole record begins anywhere in a text. Where one does, what is broken before it is no write that was
// cut short: it was whole once.
func holdsRecord(text []byte) bool {
	for ; len(text) >= recordHead; text = text[1:] {
		n, sum, ok := length(text[:recordHead])
		if ok && n <= int64(len(text)-recordHead) && crc32.Checksum(text[recordHead:recordHead+n], castagnoli) == sum {
			return true
		}
	}
	return false
}
