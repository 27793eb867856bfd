// Package memory gives a process a limit of memory, as a share of what its machine or cgroup has, and sheds load while what is alive comes near
// it. All processes of one machine together take Together of its memory; databases and the system have the rest.
package memory

import (
	"errors"
	"fmt"
	"math"
	"os"
	"runtime/debug"
	"strconv"
	"strings"

	"github.com/KimMachineGun/automemlimit/memlimit"
)

// Together is the most of a machine's memory that our processes on it take.
const Together = 0.60

// The shares of processes that somebody starts one by one: one of each, with a host or a node, add up to Together.
const (
	ServerShare  = 0.10 // a control-plane server
	GatewayShare = 0.10
	NodeShare    = 0.40
	HostShare    = 0.40 // a host agent with all its nodes
)

// Least is a limit, in bytes, below which the collector would never rest.
const Least = 32 << 20

// Limit is how much memory the process may take, in bytes; math.MaxInt64: no limit.
func Limit() int64 { return debug.SetMemoryLimit(-1) }

// Option is what --memory-limit says: bytes (512MiB, 2GiB) or a part of the machine's memory (20%). The zero value says nothing.
type Option struct {
	text  string
	bytes int64
	part  float64
}

// units are the suffixes of an option, longest first.
var units = []struct {
	suffix string
	bytes  float64
}{{"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30}, {"TiB", 1 << 40}, {"B", 1}}

// Set implements pflag.Value.
func (o *Option) Set(text string) error {
	wrong := fmt.Errorf("%q is no amount of memory: want 512MiB, 2GiB or 20%%", text)
	if number, ok := strings.CutSuffix(text, "%"); ok {
		part, err := strconv.ParseFloat(number, 64)
		if err != nil || !(part > 0 && part <= 100) {
			return wrong
		}
		*o = Option{text: text, part: part / 100}
		return nil
	}
	for _, u := range units {
		number, ok := strings.CutSuffix(text, u.suffix)
		if !ok {
			continue
		}
		n, err := strconv.ParseFloat(number, 64)
		if err != nil || !(n*u.bytes >= Least && n*u.bytes <= math.MaxInt64/2) {
			return fmt.Errorf("%w, %d MiB at least", wrong, Least>>20)
		}
		*o = Option{text: text, bytes: int64(n * u.bytes)}
		return nil
	}
	return wrong
}

// String implements pflag.Value.
func (o *Option) String() string { return o.text }

// Type implements pflag.Value.
func (*Option) Type() string { return "memory" }

// Bytes is the option that says so many bytes, for processes that are started with a part of somebody's own.
func Bytes(n int64) string { return strconv.FormatInt(max(n, Least), 10) + "B" }

// Total is the memory of the cgroup that the process is in, or of its machine where that is less, in bytes.
func Total() (int64, error) {
	machine, err := memlimit.FromSystem()
	if err != nil {
		return 0, fmt.Errorf("read how much memory the machine has: %w", err)
	}
	group, err := memlimit.FromCgroup()
	switch {
	case err == nil:
		machine = min(machine, group)
	case errors.Is(err, memlimit.ErrNoLimit), errors.Is(err, memlimit.ErrNoCgroup), errors.Is(err, memlimit.ErrCgroupsNotSupported), errors.Is(err, os.ErrNotExist):
	default:
		return 0, fmt.Errorf("read the cgroup's limit of memory: %w", err)
	}
	return int64(min(machine, math.MaxInt64)), nil
}

// Source says where a limit comes from.
type Source string

// Where limits come from.
const (
	FromOption      Source = "--memory-limit"
	FromEnvironment Source = "GOMEMLIMIT"
	FromShare       Source = "share of the machine"
)

// Decide is the limit of a process: what its option says, else what GOMEMLIMIT says to the runtime, else a share of what there is.
func Decide(o Option, share float64) (limit int64, from Source, err error) {
	switch {
	case o.bytes > 0:
		return o.bytes, FromOption, nil
	case o.part == 0 && os.Getenv("GOMEMLIMIT") != "":
		return Limit(), FromEnvironment, nil
	}
	from = FromShare
	if o.part > 0 {
		share, from = o.part, FromOption
	}
	total, err := Total()
	if err != nil {
		return 0, from, err
	}
	return max(int64(float64(total)*share), Least), from, nil
}

// Apply makes the limit hold for this process.
func Apply(limit int64) { debug.SetMemoryLimit(limit) }
