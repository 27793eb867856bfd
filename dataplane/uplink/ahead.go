package uplink

import (
	"context"

	nodev1 "github.com/fluent-oms/fluent/proto/gen/fluent/node/v1"
)

// aheadFrames is how many frames are read ahead of the one that is being applied.
const aheadFrames = 256

// ahead reads a stream while what came before is applied, so that frames which come faster than the disk takes them are applied together:
// each group costs one write of the file, however many changes are in it.
type ahead struct {
	frames chan *nodev1.WatchResponse // closed when the stream has ended
	err    error                      // why it ended; to be read after that
}

func readAhead(ctx context.Context, receive func() (*nodev1.WatchResponse, error)) *ahead {
	a := &ahead{frames: make(chan *nodev1.WatchResponse, aheadFrames)}
	go func() {
		defer close(a.frames)
		for {
			frame, err := receive()
			if err != nil {
				a.err = err
				return
			}
			select {
			case a.frames <- frame:
			case <-ctx.Done():
				a.err = ctx.Err()
				return
			}
		}
	}()
	return a
}

// next waits for a frame, and adds those that are there already; a reset ends a group. It is empty when the stream has ended.
func (a *ahead) next() (group []*nodev1.WatchResponse) {
	frame, ok := <-a.frames
	for ok {
		group = append(group, frame)
		if frame.GetReset_() != nil || len(group) == aheadFrames {
			return group
		}
		select {
		case frame, ok = <-a.frames:
		default:
			return group
		}
	}
	return group
}

// stop ends the reading, and returns when nothing reads from the stream any more.
func (a *ahead) stop(cancel context.CancelFunc) {
	cancel()
	for range a.frames { // what is left comes again with the next stream
	}
}
