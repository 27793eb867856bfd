package answer

import (
	"math"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/fluent-oms/fluent/domain/fault"
)

// MaxBytes is how long the data of an answer may be. Documents within all limits can ask for the same rows, or for the schema,
// under thousands of names.
const MaxBytes = 32 << 20

// spared is what Fits leaves for the names and nulls of the fields that follow.
const spared = 4 << 20

// full is panicked with when an answer grows over MaxBytes: it is found where a name is written, many calls inside its run.
type full struct{}

// TooLong turns the panic of a Writer that is full into an error; it is deferred by whoever owns the Writer.
func TooLong(err *error) {
	switch cause := recover(); cause.(type) {
	case nil:
	case full:
		*err = errTooLong()
	default:
		panic(cause)
	}
}

func errTooLong() error {
	return fault.New(fault.Invalid, "The answer is longer than %d bytes; ask for smaller pages or fewer fields", MaxBytes).WithCode(fault.CodeTooMuch)
}

// Fits is an error if so many bytes cannot be added to the writer's answer.
func (w *Writer) Fits(more int) error {
	if len(w.buf)+more > MaxBytes-spared {
		return errTooLong()
	}
	return nil
}

// Writer appends JSON to a buffer, in the order in which it is told to. Callers balance Open and Close calls, and defer TooLong.
type Writer struct {
	buf   []byte
	comma bool // a value was written at this level
}

// mostReady is how many bytes a Writer makes room for at most before anything is written.
const mostReady = 64 << 10

// Expect makes room for about so many bytes: an answer that is longer grows, and is copied, on its way.
func (w *Writer) Expect(length int) {
	if length > 0 {
		w.buf = make([]byte, 0, min(length+length/8, mostReady))
	}
}

// Mark is a place in the output to which a writer can go back.
type Mark struct {
	length int
	comma  bool
}

// Bytes is what was written.
func (w *Writer) Bytes() []byte { return w.buf }

// Mark notes the present end.
func (w *Writer) Mark() Mark { return Mark{length: len(w.buf), comma: w.comma} }

// Rewind forgets everything written since the mark.
func (w *Writer) Rewind(m Mark) { w.buf, w.comma = w.buf[:m.length], m.comma }

func (w *Writer) separate() {
	if w.comma {
		w.buf = append(w.buf, ',')
	}
	w.comma = true
}

// OpenObject begins an object.
func (w *Writer) OpenObject() { w.separate(); w.buf = append(w.buf, '{'); w.comma = false }

// CloseObject ends an object.
func (w *Writer) CloseObject() { w.buf = append(w.buf, '}'); w.comma = true }

// OpenList begins a list.
func (w *Writer) OpenList() { w.separate(); w.buf = append(w.buf, '['); w.comma = false }

// CloseList ends a list.
func (w *Writer) CloseList() { w.buf = append(w.buf, ']'); w.comma = true }

// Name writes the name of an object's next property.
func (w *Writer) Name(name string) {
	if len(w.buf) > MaxBytes {
		panic(full{})
	}
	w.separate()
	w.buf = append(append(append(w.buf, '"'), name...), '"', ':') // GraphQL names need no escaping
	w.comma = false
}

// Null writes null.
func (w *Writer) Null() { w.separate(); w.buf = append(w.buf, "null"...) }

// Raw writes a JSON value as it is.
func (w *Writer) Raw(value []byte) { w.separate(); w.buf = append(w.buf, value...) }

// String writes a string.
func (w *Writer) String(s string) { w.separate(); w.buf = appendString(w.buf, s) }

// Int writes an integer.
func (w *Writer) Int(n int64) { w.separate(); w.buf = strconv.AppendInt(w.buf, n, 10) }

// Bool writes true or false.
func (w *Writer) Bool(b bool) { w.separate(); w.buf = strconv.AppendBool(w.buf, b) }

// Float writes a number in its shortest exact form. What JSON has no number for is written as null.
func (w *Writer) Float(f float64) {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		w.Null()
		return
	}
	w.separate()
	format := byte('f')
	if a := math.Abs(f); a != 0 && (a < 1e-6 || a >= 1e21) {
		format = 'e'
	}
	w.buf = strconv.AppendFloat(w.buf, f, format, -1, 64)
}

// Time writes a moment in UTC with milliseconds: 2019-09-19T01:01:42.448Z.
func (w *Writer) Time(t time.Time) {
	w.separate()
	w.buf = append(appendTime(append(w.buf, '"'), t.UTC()), '"')
}

// appendTime has the time package write whole seconds, for which it reads no layout: lists have two times for each row.
func appendTime(buf []byte, t time.Time) []byte {
	buf = t.AppendFormat(buf, time.RFC3339)
	milli := t.Nanosecond() / int(time.Millisecond)
	return append(buf[:len(buf)-len("Z")], '.', byte('0'+milli/100), byte('0'+milli/10%10), byte('0'+milli%10), 'Z')
}

func appendString(buf []byte, s string) []byte {
	const hex = "0123456789abcdef"
	buf = append(buf, '"')
	start := 0
	for i := 0; i < len(s); {
		c := s[i]
		if c >= utf8.RuneSelf {
			r, n := utf8.DecodeRuneInString(s[i:])
			if r == utf8.RuneError && n == 1 {
				buf = append(append(buf, s[start:i]...), `\ufffd`...)
				start = i + 1
			}
			i += n
			continue
		}
		if c >= ' ' && c != '"' && c != '\\' {
			i++
			continue
		}
		buf = append(buf, s[start:i]...)
		switch c {
		case '"', '\\':
			buf = append(buf, '\\', c)
		case '\n':
			buf = append(buf, '\\', 'n')
		case '\r':
			buf = append(buf, '\\', 'r')
		case '\t':
			buf = append(buf, '\\', 't')
		default:
			buf = append(buf, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
		}
		i++
		start = i
	}
	return append(append(buf, s[start:]...), '"')
}
