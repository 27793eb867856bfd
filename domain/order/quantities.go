package order

// Part is what one fulfilment holds of an order line.
type Part struct {
	Status    string // of the fulfilment
	Requested int
	Filled    int
	Rejected  int
}

// Fulfilment statuses that decide how a line's units count.
const (
	StatusRejected    = "REJECTED"
	StatusExpired     = "EXPIRED"
	StatusEscalated   = "ESCALATED"
	StatusCancelled   = "CANCELLED"
	StatusComplete    = "COMPLETE"
	StatusBackordered = "BACKORDERED"
)

// Live reports whether a fulfilment in the status still stands for its units.
func Live(status string) bool {
	switch status {
	case StatusRejected, StatusExpired, StatusEscalated, StatusCancelled:
		return false
	}
	return true
}

// Quantities say where the units of an order line are. Committed + Escalated + Cancelled + Unfulfilled is the line's quantity.
type Quantities struct {
	Committed   int // with live fulfilments, less what they rejected
	Escalated   int // at the system's rejected location, waiting for a person
	Cancelled   int
	Filled      int // picked
	Unfulfilled int // still to be sourced
}

// Split works out where the units of a line are. Units of rejected, expired and cancelled fulfilments are unfulfilled again.
func Split(quantity, cancelled int, parts []Part) Quantities {
	q := Quantities{Cancelled: cancelled}
	for _, p := range parts {
		switch {
		case Live(p.Status):
			q.Committed += p.Requested - p.Rejected
			q.Filled += p.Filled
		case p.Status == StatusEscalated:
			q.Escalated += p.Requested
		}
	}
	q.Unfulfilled = quantity - cancelled - q.Committed - q.Escalated
	return q
}
