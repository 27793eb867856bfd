//go:build soak

package soak_test

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/auth/door"
	"github.com/fluent-oms/fluent/auth/token"
)

// The attack: so many connections hold back the end of what they send, for so long, and come again when they are refused.
const (
	holders   = 5000
	heldFor   = time.Minute
	mostBytes = 300 << 20 // of the gateway's resident memory
)

// TestThousandsHoldBackBodies has 5,000 connections from one address, whose limits are raised, hold back the last byte of 64 KiB or 2 MB, with a
// forged token or none. The gateway stays under 300 MB, and orders flow.
func TestThousandsHoldBackBodies(t *testing.T) {
	t.Setenv("FLUENT_CONNECTIONS", fmt.Sprint(holders+1000))
	t.Setenv("FLUENT_CONNECTIONS_PER_ADDRESS", "0")
	t.Setenv("FLUENT_FAILURES_PER_MINUTE", "0")
	s := startStack(t)
	load := placeOrders(t, s, 2)
	load.flow(t, 20)
	gateways, err := s.Processes("gateway")
	require.NoError(t, err)
	before := resident(t, gateways[0].Pid)

	a := &holdBack{address: strings.TrimPrefix(s.Ready.Gateway, "http://"), host: "demo.localhost", forged: forged(t), answers: map[int]int{}}
	ctx, stop := context.WithTimeout(t.Context(), heldFor)
	defer stop()
	a.first.Add(holders)
	for i := range holders {
		a.done.Go(func() { a.run(ctx, i) })
	}
	largest := 0
	for ctx.Err() == nil {
		began := time.Now()
		load.flow(t, 20)
		now := resident(t, gateways[0].Pid)
		largest = max(largest, now)
		t.Logf("%d connections; 20 orders took %.1f s; gateway %d MB resident", a.open.Load(), time.Since(began).Seconds(), now>>20)
		require.Less(t, now, mostBytes)
	}
	a.done.Wait()
	t.Logf("gateway: %d MB before, %d at most; answers to the attack: %v", before>>20, largest>>20, a.answers)
	require.EqualValues(t, holders, a.most.Load(), "the connections never stood at once")
	load.audit(t)
}

// forged is a token of the demo account that is well formed, and signed by somebody else.
func forged(t *testing.T) string {
	t.Helper()
	signer, err := token.NewSigner(token.NewSeed())
	require.NoError(t, err)
	raw, _, err := token.NewIssuer("fluent", signer, time.Now).Tenant(token.Tenant{Account: "DEMO", UserID: "1"}, time.Hour)
	require.NoError(t, err)
	return raw
}

// filler is what bodies are made of.
var filler = bytes.Repeat([]byte("x"), 2<<20)

// holdBack is the attack.
type holdBack struct {
	address, host, forged string
	done                  sync.WaitGroup
	first                 sync.WaitGroup // until each has its first connection: what is refused at once would leave before others come
	open, most            atomic.Int64

	mu      sync.Mutex
	answers map[int]int // by status; 0: closed without one
}

func (a *holdBack) run(ctx context.Context, i int) {
	head := "POST /graphql HTTP/1.1\r\nHost: " + a.host + "\r\n"
	size := door.UnknownBody
	switch i % 4 {
	case 0:
		size = 2 << 20
	case 1:
		size = 2 << 20
		head += "Authorization: Bearer " + a.forged + "\r\n"
	case 2:
		head += "Authorization: Bearer " + a.forged + "\r\n"
	}
	head += fmt.Sprintf("Content-Length: %d\r\n\r\n", size)
	together := func() { a.first.Done(); a.first.Wait() }
	for ctx.Err() == nil {
		status := a.once(ctx, together, head, filler[:size-1])
		together = func() {}
		a.mu.Lock()
		a.answers[status]++
		a.mu.Unlock()
		select {
		case <-ctx.Done():
		case <-time.After(time.Second):
		}
	}
}

// once connects, lets the others come, sends all but the last byte, and waits for an answer.
func (a *holdBack) once(ctx context.Context, together func(), head string, body []byte) (status int) {
	c, err := new(net.Dialer).DialContext(ctx, "tcp", a.address)
	if err != nil {
		together()
		return 0
	}
	defer func() { _ = c.Close() }()
	defer context.AfterFunc(ctx, func() { _ = c.Close() })()
	if now := a.open.Add(1); now > a.most.Load() {
		a.most.Store(now)
	}
	defer a.open.Add(-1)
	together()
	go func() { // the gateway may not read it all
		_, _ = io.WriteString(c, head)
		_, _ = c.Write(body)
	}()
	res, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		return 0
	}
	_ = res.Body.Close()
	return res.StatusCode
}
