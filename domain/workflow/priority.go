package workflow

import (
	"strconv"
	"strings"
)

// Priority orders waiting work inside one account. The zero value is none at all: an event without a priority is refused where it would be
// stored, and goes last where it waits already.
type Priority int8

// The priorities, the most urgent first.
const (
	Checkout    Priority = iota + 1 // a shopper waits for it
	StoreWork                       // a person waits for it
	Integration                     // another system sent it
	Batch                           // one of very many
)

// Sender is who brings an event, as far as its urgency goes.
type Sender int8

// The senders. The zero value is nobody known.
const (
	Person Sender = iota + 1 // a user, on a token of its own
	Client                   // an API client that acts as itself
	Bulk                     // a batch, or what works through a whole catalogue step by step
)

// Cause is what an event comes from that no turn sends.
type Cause struct {
	By   Sender
	Root string // entity type of the root in which a mutation made something; empty for any other event
	New  bool   // the mutation made the root itself
}

// PriorityOf decides how urgent an event is. A new order and a promise are urgent whoever sends them, since a shopper waits behind every shop's
// server; what fills catalogues is a load, whoever sends it. What a turn sends follows from what it answers: see After.
func PriorityOf(c Cause) Priority {
	switch {
	case c.By == Bulk, strings.HasSuffix(c.Root, "_CATALOGUE"):
		return Batch
	case c.New && (c.Root == "ORDER" || c.Root == "FULFILMENT_OPTIONS"):
		return Checkout
	case c.By == Person:
		return StoreWork
	case c.By == Client:
		return Integration
	}
	return Batch // nobody is known to wait for it
}

// Valid reports whether p is one of the priorities.
func (p Priority) Valid() bool { return p >= Checkout && p <= Batch }

// After is the priority of what follows from an event of priority cause, if p was asked for: less urgent perhaps, never more.
// Asking for none gives that of the cause.
func (p Priority) After(cause Priority) Priority { return max(p, cause) }

// OrLast is p, and Batch where p is no priority: what is missing or unknown is never taken for urgent.
func (p Priority) OrLast() Priority {
	if p.Valid() {
		return p
	}
	return Batch
}

// Stored is the number that stands for p outside of the process: in rows, and between nodes. It counts from 0.
func (p Priority) Stored() int16 { return int16(p.OrLast() - 1) }

// StoredPriority reads what Stored wrote. A number that no priority has is Batch. Rows of before there was Integration have it for batches.
func StoredPriority(n int16) Priority {
	if n < 0 || n >= int16(Batch) {
		return Batch
	}
	return Priority(n + 1)
}

// MarshalJSON writes the number of Stored.
func (p Priority) MarshalJSON() ([]byte, error) {
	return strconv.AppendInt(nil, int64(p.Stored()), 10), nil
}

// UnmarshalJSON reads what MarshalJSON wrote.
func (p *Priority) UnmarshalJSON(text []byte) error {
	n, err := strconv.ParseInt(string(text), 10, 16)
	if err != nil {
		n = -1
	}
	*p = StoredPriority(int16(n))
	return nil
}
