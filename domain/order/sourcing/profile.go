package sourcing

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
)

// Profile says where a retailer's goods may come from and which locations are preferred.
type Profile struct {
	Ref              string     `json:"ref"`
	Version          int        `json:"version"`
	Name             string     `json:"name"`
	VirtualCatalogue string     `json:"defaultVirtualCatalogue"` // ref; strategies may name another
	Network          string     `json:"defaultNetwork"`          // ref; strategies may name another
	MaxSplit         int        `json:"defaultMaxSplit"`         // n permits up to n+1 fulfilments
	Strategies       []Strategy `json:"sourcingStrategies"`      // tried in order, full cover only
	Fallback         []Strategy `json:"sourcingFallbackStrategies"`

	hash string // empty until the profile is prepared
}

// Strategy is one way to source: when it applies and how it rates locations.
type Strategy struct {
	Ref              string      `json:"ref"`
	Name             string      `json:"name"`
	Status           string      `json:"status"`
	VirtualCatalogue string      `json:"virtualCatalogue,omitempty"` // empty: the profile's
	Network          string      `json:"network,omitempty"`          // empty: the profile's
	MaxSplit         *int        `json:"maxSplit,omitempty"`         // nil: the profile's
	Conditions       []Condition `json:"sourcingConditions,omitempty"`
	Criteria         []Criterion `json:"sourcingCriteria"`
	SplitLines       *bool       `json:"splitLines,omitempty"`      // false: a line comes whole from one location; nil: true
	SplitPreference  string      `json:"splitPreference,omitempty"` // RANK: walk down the ranking; empty: look for the fewest
	ConsolidateAt    string      `json:"consolidateAt,omitempty"`   // DC, PICKUP or LARGEST: where a split order comes together; empty: nowhere

	raters []rater // of the criteria; nil until the profile is prepared
}

// whole reports whether each line must come from one location.
func (s *Strategy) whole() bool { return s.SplitLines != nil && !*s.SplitLines }

// Source is a catalogue and a network that a strategy draws from.
type Source struct{ VirtualCatalogue, Network string }

// Sources lists what must be loaded to decide by the profile, without repeats.
func (p *Profile) Sources() []Source {
	seen := map[Source]bool{}
	var out []Source
	for _, list := range [][]Strategy{p.Strategies, p.Fallback} {
		for i := range list {
			if s := p.source(&list[i]); !seen[s] {
				seen[s] = true
				out = append(out, s)
			}
		}
	}
	return out
}

func (p *Profile) source(s *Strategy) Source {
	out := Source{s.VirtualCatalogue, s.Network}
	if out.VirtualCatalogue == "" {
		out.VirtualCatalogue = p.VirtualCatalogue
	}
	if out.Network == "" {
		out.Network = p.Network
	}
	return out
}

func (p *Profile) maxSplit(s *Strategy) int {
	if s.MaxSplit != nil {
		return *s.MaxSplit
	}
	return p.MaxSplit
}

// ParseProfile reads a profile from its JSON and prepares it.
func ParseProfile(raw []byte, compile Compiler) (*Profile, error) {
	var p Profile
	if err := json.Unmarshal(raw, &p); err != nil {
		return nil, fmt.Errorf("sourcing profile: %w", err)
	}
	return &p, p.Prepare(compile)
}

// Prepare checks the profile and makes once what each decision would make again: raters, compiled expressions, the hash. It must not be changed
// after that. An error says which strategy has an unknown or wrong criterion, condition or preference. A nil compiler refuses expressions.
func (p *Profile) Prepare(compile Compiler) error {
	for _, list := range [][]Strategy{p.Strategies, p.Fallback} {
		for i := range list {
			if err := list[i].prepare(compile); err != nil {
				return fmt.Errorf("sourcing profile %s, strategy %s: %w", p.Ref, list[i].Ref, err)
			}
		}
	}
	hash, err := p.digest()
	p.hash = hash
	return err
}

func (s *Strategy) prepare(compile Compiler) error {
	for _, c := range s.Conditions {
		if err := c.check(); err != nil {
			return err
		}
	}
	if s.SplitPreference != "" && s.SplitPreference != ByRank {
		return fmt.Errorf("unknown splitPreference %q: RANK, or none", s.SplitPreference)
	}
	if s.ConsolidateAt != "" && !slices.Contains([]string{AtDC, AtPickup, AtLargest}, s.ConsolidateAt) {
		return fmt.Errorf("unknown consolidateAt %q: DC, PICKUP or LARGEST, or none", s.ConsolidateAt)
	}
	raters, err := s.rated(compile)
	s.raters = raters
	return err
}

// Hash tells profiles of different content apart, in 16 hexadecimal digits: a decision names it, so that it can be made again by the same.
func (p *Profile) Hash() string {
	if p.hash != "" {
		return p.hash
	}
	hash, _ := p.digest() // of what came from JSON it cannot fail
	return hash
}

func (p *Profile) digest() (string, error) {
	raw, err := json.Marshal(p)
	if err != nil {
		return "", fmt.Errorf("sourcing profile %s: %w", p.Ref, err)
	}
	sum := sha256.Sum256(raw)
	return hex.EncodeToString(sum[:8]), nil
}

// Default gives the profile of that ref which every retailer starts with: HD_DEFAULT, CC_DEFAULT or TRANSFER_DEFAULT; nil for other refs.
func Default(ref string, retailer int32) *Profile {
	base := fmt.Sprintf("BASE:%d", retailer)
	best := Strategy{Ref: "BEST_VALUE", Name: "Best value", Status: Active,
		Criteria: []Criterion{{Type: "orderValue"}, {Type: "locationDistance"}}}
	switch ref {
	case "HD_DEFAULT":
		return &Profile{Ref: ref, Version: 1, Name: "Home delivery", VirtualCatalogue: base, Network: "NET_HD", MaxSplit: 2,
			Strategies: []Strategy{{Ref: "CLOSEST", Name: "Closest location", Status: Active, Criteria: []Criterion{{Type: "locationDistance"}}}},
			Fallback:   []Strategy{best}}
	case "CC_DEFAULT":
		none, one := 0, 1
		best.Network, best.MaxSplit = "NET_ALL", &one
		return &Profile{Ref: ref, Version: 1, Name: "Click and collect", VirtualCatalogue: base, Network: "NET_CC", MaxSplit: 0,
			Strategies: []Strategy{
				{Ref: "PICKUP_STORE", Name: "Pickup store", Status: Active, MaxSplit: &none, Criteria: []Criterion{{Type: "pickupLocationOnly"}}},
				{Ref: "TRANSFER", Name: "Transfer to the pickup store", Status: Active, Network: "NET_ALL", MaxSplit: &one,
					Criteria: []Criterion{{Type: "pickupLocationFirst"}, {Type: "locationDistance"}}},
			},
			Fallback: []Strategy{best}}
	case "TRANSFER_DEFAULT":
		return &Profile{Ref: ref, Version: 1, Name: "Transfers", VirtualCatalogue: base, Network: "NET_ALL", MaxSplit: 0,
			Strategies: []Strategy{{Ref: "OVERSTOCK", Name: "Longest in stock", Status: Active, Criteria: []Criterion{{Type: "oldestStock"}, {Type: "lowestSellThrough"}}}}}
	}
	return nil
}
