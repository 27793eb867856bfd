//go:build soak

package soak_test

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/ops/stack"
	cpv1 "github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/v1"
	"github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/v1/controlplanev1connect"
)

// starvedFor is how long descriptors are gone.
const starvedFor = time.Minute

// TestDescriptorsAreGoneForAMinute takes the last descriptors of a node and of the control plane's leader for a minute, by connections, while
// orders flow. Both stay the processes that they are, serve again once descriptors are free, and no acknowledged order is lost.
func TestDescriptorsAreGoneForAMinute(t *testing.T) {
	s := startStack(t)
	load := placeOrders(t, s, 2)
	load.flow(t, 20)
	victims := []*victim{find(t, s, "node", 0), find(t, s, "server", leader(t, s))}
	for _, v := range victims {
		v.starve(t)
	}
	for began := time.Now(); time.Since(began) < starvedFor; {
		before := time.Now()
		load.flow(t, 50)
		t.Logf("after %.0f s: %d orders; the last 50 took %.1f s; %s; %s", time.Since(began).Seconds(), load.soFar(), time.Since(before).Seconds(),
			victims[0].standing(), victims[1].standing())
	}
	for _, v := range victims {
		v.release(t)
	}
	load.flow(t, 50)
	for _, v := range victims {
		require.Contains(t, pids(t, s, v.role), v.Pid, "%s %s is another process now", v.role, v.address)
	}
	load.audit(t)
}

// victim is a process whose descriptors are taken.
type victim struct {
	stack.Process
	role, address string
	kept          net.Conn // a connection from before
	flood         *stack.Flood
	end           func() error
}

func find(t *testing.T, s *stack.Stack, role string, i int) *victim {
	t.Helper()
	all, err := s.Processes(role)
	require.NoError(t, err)
	v := &victim{Process: all[i], role: role}
	if role == "server" {
		for peer := range strings.SplitSeq(v.argument("--peers"), ",") {
			if parts := strings.Split(peer, "="); parts[0] == v.argument("--id") {
				v.address = parts[2]
			}
		}
		return v
	}
	v.address = v.argument("--listen")
	return v
}

// argument is the value of an option that the process was started with.
func (v *victim) argument(option string) string {
	return v.Command[slices.Index(v.Command, option)+1]
}

func (v *victim) starve(t *testing.T) {
	t.Helper()
	var err error
	v.kept, err = net.Dial("tcp", v.address)
	require.NoError(t, err)
	t.Cleanup(func() { _ = v.kept.Close() })
	v.end, err = stack.Starve(v.Pid, 5)
	require.NoError(t, err)
	v.flood = stack.NewFlood(v.address)
	t.Cleanup(v.flood.Stop)
	require.Eventually(t, func() bool { return v.shed() > 0 }, time.Minute, 100*time.Millisecond, "descriptors do not run out")
}

var (
	shedLine = regexp.MustCompile(`fluent_connections_shed_total\{port="(?:api|node)",reason="descriptors"\} ([1-9]\S*)`)
	deafLine = regexp.MustCompile(`(?m)^fluent_self_call_(?:deaf|failures_total) \S+`)
)

// shed is how many lines tell of connections that were turned away for want of descriptors.
func (v *victim) shed() int {
	_, page, err := stack.Ask(v.kept, "/metrics")
	if err != nil {
		return 0
	}
	return len(shedLine.FindAllString(page, -1))
}

// standing is what the victim says of itself, over the connection from before.
func (v *victim) standing() string {
	_, page, err := stack.Ask(v.kept, "/metrics")
	if err != nil {
		return v.role + ": " + err.Error()
	}
	held, turnedAway := v.flood.Counts()
	said := append(shedLine.FindAllString(page, -1), deafLine.FindAllString(page, -1)...)
	return fmt.Sprintf("%s: %d connections held, %d turned away, %s", v.role, held, turnedAway, strings.Join(said, ", "))
}

func (v *victim) release(t *testing.T) {
	t.Helper()
	v.flood.Stop()
	require.EventuallyWithT(t, func(c *assert.CollectT) {
		again, err := net.Dial("tcp", v.address)
		require.NoError(c, err)
		defer func() { _ = again.Close() }()
		status, body, err := stack.Ask(again, "/readyz")
		require.NoError(c, err)
		require.Equal(c, http.StatusOK, status, body)
	}, time.Minute, 50*time.Millisecond, "%s does not serve again", v.role)
	require.NoError(t, v.end())
}

func pids(t *testing.T, s *stack.Stack, role string) (out []int) {
	t.Helper()
	all, err := s.Processes(role)
	require.NoError(t, err)
	for _, p := range all {
		out = append(out, p.Pid)
	}
	return out
}

// leader is the index, among the processes, of the control plane's leader.
func leader(t *testing.T, s *stack.Stack) (index int) {
	t.Helper()
	answer, err := controlplanev1connect.NewClusterServiceClient(signIn(t, s)).GetStatus(context.Background(), &cpv1.GetStatusRequest{})
	require.NoError(t, err)
	servers, err := s.Processes("server")
	require.NoError(t, err)
	index = slices.IndexFunc(servers, func(p stack.Process) bool { return slices.Contains(p.Command, answer.GetLeaderId()) })
	require.GreaterOrEqual(t, index, 0)
	return index
}
