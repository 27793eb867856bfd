package sourcing_test

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/domain/order/sourcing"
)

// cases is how many random orders are held against brute force: go test ./domain/order/sourcing -run BruteForce -cases 100000.
var cases = flag.Int("cases", 3000, "random orders that are decided by brute force, too")

// small is a random order of a few lines and places, nearest first, with what each place holds.
type small struct {
	request *sourcing.Request
	limit   int
	whole   bool
}

func draw(rnd *rand.Rand) small {
	s := small{request: &sourcing.Request{Destination: &sourcing.Point{}, Stock: map[string]sourcing.Stock{"VC": {}}}, limit: 1 + rnd.IntN(5), whole: rnd.IntN(3) == 0}
	products, most, scarce := 1+rnd.IntN(4), 1+rnd.IntN(4), 1+rnd.IntN(4)
	for i := range 1 + rnd.IntN(5) {
		s.request.Needs = append(s.request.Needs, need(fmt.Sprint(i), fmt.Sprintf("P%d", rnd.IntN(products)), 1+rnd.IntN(most), 1))
	}
	for i := range rnd.IntN(9) {
		l := sourcing.Location{Ref: fmt.Sprintf("L%d", i), Networks: []string{"N"}, Point: &sourcing.Point{Longitude: float64(i + 1)}}
		s.request.Locations = append(s.request.Locations, l)
		for p := range products {
			if rnd.IntN(scarce) == 0 {
				s.request.Stock["VC"].Put(l.Ref, fmt.Sprintf("P%d", p), sourcing.Units{ATS: rnd.IntN(most + 2)})
			}
		}
	}
	rnd.Shuffle(len(s.request.Locations), func(i, k int) {
		s.request.Locations[i], s.request.Locations[k] = s.request.Locations[k], s.request.Locations[i]
	})
	return s
}

// supply takes the needs from places, in their order; nil if something remains. Where lines are whole, all ways are tried.
func (s small) supply(places []string) map[string][]sourcing.Need {
	room := map[string]int{}
	key := func(place, product string) string { return place + " " + product }
	for _, at := range places {
		for _, n := range s.request.Needs {
			u, _ := s.request.Stock["VC"].At(at, n.ProductRef)
			room[key(at, n.ProductRef)] = u.ATS
		}
	}
	out := map[string][]sourcing.Need{}
	var put func(line int) bool
	put = func(line int) bool {
		if line == len(s.request.Needs) {
			return true
		}
		n := s.request.Needs[line]
		for _, at := range places {
			k := key(at, n.ProductRef)
			taken := min(room[k], n.Quantity)
			if taken == 0 || s.whole && taken < n.Quantity {
				continue
			}
			room[k] -= taken
			part := n
			part.Quantity = taken
			out[at] = append(out[at], part)
			if n.Quantity -= taken; n.Quantity == 0 {
				if put(line + 1) {
					return true
				}
				if s.whole {
					room[k] += taken
					out[at] = out[at][:len(out[at])-1]
					n.Quantity = taken
				}
			}
		}
		return false
	}
	if !put(0) {
		return nil
	}
	return out
}

// best tries all sets of places: the smallest, and of those the one whose places are nearest, the nearest first.
func (s small) best() (set []string, lines map[string][]sourcing.Need) {
	var all []string
	for i := range len(s.request.Locations) {
		all = append(all, fmt.Sprintf("L%d", i))
	}
	for pick := 1; pick < 1<<len(all); pick++ {
		var places []string
		for i, ref := range all {
			if pick>>i&1 == 1 {
				places = append(places, ref)
			}
		}
		if len(places) > s.limit || set != nil && (len(places) > len(set) || len(places) == len(set) && slices.Compare(places, set) >= 0) {
			continue
		}
		if found := s.supply(places); found != nil {
			set, lines = places, found
		}
	}
	return set, lines
}

// TestTheBestSetByBruteForce: whatever the order, the plan is that of the smallest set of the best ranks, line by line.
func TestTheBestSetByBruteForce(t *testing.T) {
	t.Parallel()
	rnd, planned := rand.New(rand.NewPCG(9, 2026)), map[int]int{}
	for range *cases {
		s := draw(rnd)
		strategy := sourcing.Strategy{Criteria: criteria("locationDistance")}
		if s.whole {
			strategy.SplitLines = new(bool)
		}
		p := &sourcing.Profile{VirtualCatalogue: "VC", Network: "N", MaxSplit: s.limit - 1, Strategies: []sourcing.Strategy{strategy}}
		plan, attempts, err := sourcing.Primary(p, s.request)
		require.NoError(t, err)
		require.Equal(t, sourcing.Exact, attempts[0].Search)
		set, lines := s.best()
		planned[len(set)]++
		if set == nil {
			require.Nil(t, plan, "%+v", s)
			continue
		}
		require.NotNil(t, plan, "%v: %+v", set, s)
		require.Len(t, plan.Fulfilments, len(set))
		for i, f := range plan.Fulfilments {
			require.Equal(t, set[i], f.Ref, "%+v", s)
			require.Equal(t, lines[f.Ref], f.Lines, "%+v", s)
		}
	}
	for size := range 5 {
		require.NotZero(t, planned[size], "orders that took %d places: %v", size, planned)
	}
}
