package door

import (
	"container/list"
	"errors"
	"io"
	"net/http"
	"os"
	"time"

	"github.com/fluent-oms/fluent/domain/fault"
)

// ErrUnknownCaller is wrapped by errors of reading a body of which more can be had once its caller has proved who he is: see Body.Allow.
var ErrUnknownCaller = errors.New("the caller has not proved yet who he is")

func errUnknown(why string) error {
	return fault.New(fault.TooLarge, "Of a body, %d bytes are taken before it is known who calls; %s", UnknownBody, why).At("body").Wrap(ErrUnknownCaller)
}

// Body reads the body of one request within the limits of all. It is not for use by many goroutines.
type Body struct {
	// Provable says that the reader, told ErrUnknownCaller, will prove who calls. Such a body never waits for room among unknown callers'.
	Provable bool

	from       io.Reader
	bodies     *Bodies
	controller http.ResponseController
	declared   int64 // its length; -1: not told
	limit      int64
	received   int64
	unmarked   int64 // of received: since the last progress was noted
	ended      error // what further reads get; nil: there may be more
	ahead      [1]byte
	isAhead    bool // one byte was read beyond the limit

	// Guarded by the bodies' lock.
	class    class
	held     [classes]int64
	progress time.Time
	place    *list.Element // in comingIn, while it comes; else nil
	comingIn *list.List
	cut      bool // it must give way
	closed   bool
}

// Guard makes the reader of a request's body; nil if it has none. Until Allow is called it gives UnknownBody bytes at most. Release must be
// called. What is left unread is then the server's affair, under the deadline that the body had.
func (b *Bodies) Guard(w http.ResponseWriter, r *http.Request) *Body {
	if r.Body == nil || r.Body == http.NoBody || r.ContentLength == 0 {
		return nil
	}
	body := &Body{
		from: r.Body, bodies: b, controller: *http.NewResponseController(w), declared: r.ContentLength, limit: UnknownBody,
	}
	body.setDeadline(b.now().Add(b.limits.Progress))
	return body
}

// Hurry bounds how long a request's body may keep its connection when nobody reads it: a server reads on after an answer, and before some. It is
// for the beginning of what may be refused before its body is guarded.
func (b *Bodies) Hurry(w http.ResponseWriter, r *http.Request) {
	hurry(w, r, b.now().Add(b.limits.Progress))
}

// Hurry is that of a server which guards no bodies, with the patience that servers have.
func Hurry(w http.ResponseWriter, r *http.Request) { hurry(w, r, time.Now().Add(usualPatience)) }

func hurry(w http.ResponseWriter, r *http.Request, until time.Time) {
	if r.ContentLength != 0 {
		_ = http.NewResponseController(w).SetReadDeadline(until) // a connection that has no deadline needs none
	}
}

// Allow says that the caller has proved who he is, and may send so many bytes.
func (b *Body) Allow(limit int64) {
	b.bodies.mu.Lock()
	defer b.bodies.mu.Unlock()
	b.limit, b.class = limit, known // what it holds already stays where it was taken
	b.mark()
}

// Allow says of a request whose body is guarded (see Handler) that the caller has proved who he is, and may send so many bytes.
func Allow(r *http.Request, limit int64) {
	if b, ok := r.Body.(*Body); ok {
		b.Allow(limit)
	}
}

// Handler guards the bodies of the requests that next gets: none reads more than UnknownBody bytes without a call of Allow.
func (b *Bodies) Handler(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body := b.Guard(w, r)
		if body == nil {
			next.ServeHTTP(w, r)
			return
		}
		defer body.Release()
		if _, copied := r.Body.(*pressedBody); !copied {
			guarded := *r // as of press
			r = &guarded
		}
		r.Body = body
		next.ServeHTTP(w, r)
	})
}

// Declared is the length that the caller told; -1 if he did not.
func (b *Body) Declared() int64 { return b.declared }

// Read implements io.Reader. Its errors but io.EOF are faults that can be answered: TooLarge (see ErrUnknownCaller), Invalid for a body that
// comes too slowly or breaks off, Unavailable if there is no room.
func (b *Body) Read(to []byte) (int, error) {
	switch {
	case b.ended != nil:
		return 0, b.ended
	case len(to) == 0:
		return 0, nil
	case b.declared > b.limit || b.isAhead && b.received >= b.limit:
		return 0, b.tooLarge()
	case b.isAhead:
		to[0], b.isAhead = b.ahead[0], false
		b.received++
		return 1, nil
	case b.received >= b.limit:
		return b.lookAhead()
	}
	if _, err := b.Reserve(); err != nil {
		return 0, err
	}
	n, err := b.from.Read(to[:min(int64(len(to)), b.limit-b.received, b.room()-b.received)])
	b.received += int64(n)
	if b.unmarked += int64(n); b.unmarked >= part {
		b.unmarked = 0
		b.bodies.cameOn(b)
	}
	if err != nil {
		err = b.end(err)
	}
	return n, err
}

// Reserve finds room for what comes next, as reading it would, and says how much of the body has room: so large a buffer will do.
func (b *Body) Reserve() (int64, error) {
	if b.received >= b.room() && b.received < b.limit && b.declared <= b.limit && b.ended == nil {
		if err := b.bodies.take(b, b.next()); err != nil {
			if !errors.Is(err, ErrUnknownCaller) {
				b.ended = err
			}
			return 0, err
		}
	}
	return b.room(), nil
}

// room is how much of the body has room. Only the body's own reader changes it, so that it may look without the lock.
func (b *Body) room() int64 { return pocket + b.held[unknown] + b.held[known] }

// next is how much room to ask for: all at once where that is known, so that none holds some while he waits for more.
func (b *Body) next() int64 {
	if b.declared >= 0 {
		return b.declared - b.received
	}
	return min(part, b.limit-b.received)
}

// lookAhead tells whether a body ends at its limit.
func (b *Body) lookAhead() (int, error) {
	n, err := b.from.Read(b.ahead[:])
	if b.isAhead = n == 1; b.isAhead {
		return 0, b.tooLarge()
	}
	if err != nil {
		err = b.end(err)
	}
	return 0, err
}

func (b *Body) tooLarge() error {
	if b.class == unknown {
		return errUnknown("send a bearer token, or less")
	}
	return fault.New(fault.TooLarge, "The body is larger than %d bytes", b.limit).At("body")
}

// end notes that nothing more comes.
func (b *Body) end(cause error) error {
	b.bodies.mu.Lock()
	b.notComing()
	cut := b.cut
	b.bodies.mu.Unlock()
	switch {
	case errors.Is(cause, io.EOF):
		b.ended = io.EOF
		b.setDeadline(time.Time{}) // the server goes on reading, to hear of a caller who hangs up
	case cut:
		b.ended = errCut(cause)
	case errors.Is(cause, os.ErrDeadlineExceeded):
		b.bodies.slow.Add(1)
		b.ended = fault.Invalidf("body", "The body came too slowly: %d bytes, or its end, are expected every %v", part, b.bodies.limits.Progress).Wrap(cause)
	default:
		b.ended = fault.Invalidf("body", "The body could not be read whole").Wrap(cause)
	}
	return b.ended
}

func errCut(cause error) error {
	return fault.New(fault.Unavailable, "The body came too slowly while others waited for its room; try again").WithCode(fault.CodeRetry).At("body").Wrap(cause)
}

// Release gives the room back. It may be called more than once, and of a nil body.
func (b *Body) Release() {
	if b != nil {
		b.bodies.done(b)
	}
}

// Close implements io.Closer.
func (b *Body) Close() error { return nil }

// notComing takes a body from the list of those that come. The lock is held.
func (b *Body) notComing() {
	if b.place != nil {
		b.comingIn.Remove(b.place)
		b.place = nil
	}
}

// mark notes progress: the next part has its time from now on. The lock is held.
func (b *Body) mark() {
	if b.place != nil {
		b.comingIn.MoveToBack(b.place)
	}
	if !b.closed && !b.cut {
		b.progress = b.bodies.now()
		b.setDeadline(b.progress.Add(b.bodies.limits.Progress))
	}
}

func (b *Body) setDeadline(at time.Time) {
	_ = b.controller.SetReadDeadline(at) // a connection that has none, as in tests without a socket, needs none
}
