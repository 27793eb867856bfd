package sourcing

import (
	"encoding/json"
	"fmt"
	"strings"
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
	WholeLines       bool        `json:"wholeLines,omitempty"` // splitLines=false: a line comes from one location
	RankFirst        bool        `json:"rankFirst,omitempty"`  // splitPreference=RANK: walk the ranking instead of looking for fewest
}

// Criterion rates locations: its type, of which only the part after the last dot counts, and its parameters.
type Criterion struct {
	Type   string         `json:"type"`
	Params map[string]any `json:"params,omitempty"`
}

// kind is the criterion's name without a prefix: fc.sourcing.criterion.locationDistance → locationDistance.
func (c Criterion) kind() string { return c.Type[strings.LastIndexByte(c.Type, '.')+1:] }

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

// ParseProfile reads a profile from its JSON and checks that every criterion and operator is known.
func ParseProfile(raw []byte) (*Profile, error) {
	var p Profile
	if err := json.Unmarshal(raw, &p); err != nil {
		return nil, fmt.Errorf("sourcing profile: %w", err)
	}
	return &p, p.Check()
}

// Check reports the first strategy with an unknown criterion or operator.
func (p *Profile) Check() error {
	for _, list := range [][]Strategy{p.Strategies, p.Fallback} {
		for _, s := range list {
			for _, c := range s.Criteria {
				if _, ok := criteria[c.kind()]; !ok {
					return fmt.Errorf("sourcing profile %s, strategy %s: unknown criterion %q", p.Ref, s.Ref, c.Type)
				}
			}
			for _, c := range s.Conditions {
				if _, ok := operators[c.Operator]; !ok {
					return fmt.Errorf("sourcing profile %s, strategy %s: unknown operator %q", p.Ref, s.Ref, c.Operator)
				}
			}
		}
	}
	return nil
}

// Default gives the profile of that ref which every retailer starts with: HD_DEFAULT or CC_DEFAULT; nil for other refs.
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
	}
	return nil
}
