// Package sourcing decides from which locations the units of an order come. It is pure: everything it looks at is in the
// Request, and the same request always gives the same plan, with the reasons for it.
package sourcing

// Active is the status in which a strategy counts.
const Active = "ACTIVE"

// Plan is a decision: the fulfilments to create, in order of rank, and what they leave open.
type Plan struct {
	Strategy      string         `json:"strategy"`
	Fulfilments   []Allocation   `json:"fulfilments"`
	Remaining     []Need         `json:"remaining,omitempty"`
	Consolidation *Consolidation `json:"consolidation,omitempty"` // nil: each fulfilment goes its own way
}

// Allocation is one fulfilment of a plan.
type Allocation struct {
	Location *Location `json:"-"`
	Ref      string    `json:"location"`
	Lines    []Need    `json:"lines"`
}

// Attempt explains one strategy's part in a decision.
type Attempt struct {
	Strategy string         `json:"strategy"`
	Outcome  string         `json:"outcome"`           // PLANNED, NO_COVER, NO_STOCK, or why it was skipped
	Because  string         `json:"because,omitempty"` // the condition that did not hold
	Limit    int            `json:"limit,omitempty"`   // fulfilments that may be added
	Search   string         `json:"search,omitempty"`  // EXACT, GREEDY or RANK
	Ranking  []Ranking      `json:"ranking,omitempty"` // those chosen and the ten next best, by rank
	Fault    string         `json:"fault,omitempty"`   // the first failure of an expression at a place, which is left out for it; or of consolidation
	Others   map[string]int `json:"others,omitempty"`  // how many more were left out, by reason
}

// Ranking is how one location was rated.
type Ranking struct {
	Location string    `json:"location"`
	Rank     int       `json:"rank"` // 1: best
	Chosen   bool      `json:"chosen,omitempty"`
	Ratings  []float64 `json:"ratings"`           // by criterion
	Unknown  []string  `json:"unknown,omitempty"` // criteria for which something was missing; in these it comes after all others of its rating
	Units    int       `json:"units"`             // Σ min(ATS, need)
}

// The outcomes of attempts.
const (
	Planned      = "PLANNED"
	NoCover      = "NO_COVER"   // no permitted set of locations holds everything
	NoStock      = "NO_STOCK"   // no candidate holds a needed unit
	NotActive    = "NOT_ACTIVE" //
	NotMet       = "CONDITION_NOT_MET"
	LimitReached = "SPLIT_LIMIT_REACHED"
)

// The ways of a search.
const (
	Exact  = "EXACT"  // no better set within the limit
	Greedy = "GREEDY" // too many to look at: see MaxFigures. With NO_COVER: none was found, which does not prove that there is none
	ByRank = "RANK"   // down the ranking, as the strategy wants it
)

// Why a location is not among the ranked ones. That a criterion removed it is the criterion's name.
const (
	NotInNetwork = "NOT_IN_NETWORK"
	MethodNot    = "METHOD_NOT_OFFERED"
	NeverOpen    = "NEVER_OPENS"
	NoUnits      = "NO_NEEDED_UNIT"
	RankedLower  = "RANKED_LOWER" // beyond those listed
	Inactive     = "INACTIVE"
	Excluded     = "EXCLUDED" // for this order: it rejected units of it or let them expire, or the order says so
	Faulty       = "FAULTY"   // something stored of it is wrong, so that nothing can go by it
)
