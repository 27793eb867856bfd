package load

import (
	"cmp"
	"fmt"
	"reflect"
	"slices"
	"time"

	"github.com/fluent-oms/fluent/domain/catalogue"
	"github.com/fluent-oms/fluent/domain/fault"
	"github.com/fluent-oms/fluent/domain/inventory/stock"
)

// Clock tells when a batch was received and makes refs of nameless movements unique.
type Clock struct {
	Received time.Time
	Batch    string // prefix of the refs of DELTA rows without ref
}

// Merge applies rows in order to what is known and returns their outcomes. Afterwards known.Positions holds every position that
// a row named, with Changed quantities and new on-hand figures.
func Merge(rows []Row, known *Known, clock Clock) []Outcome {
	out := make([]Outcome, len(rows))
	for i := range rows {
		out[i] = mergeRow(&rows[i], known, clock, i)
		out[i].Row = i
	}
	for _, p := range known.Positions {
		if p.Touched {
			p.settle(known)
		}
	}
	return out
}

func mergeRow(r *Row, known *Known, clock Clock, index int) Outcome {
	ref := stock.PositionRef(r.ProductRef, r.LocationRef)
	if r.Problem != "" {
		return Outcome{Outcome: OutcomeFailed, Code: "400", Field: r.ProblemField, Message: r.Problem}
	}
	if _, ok := known.Locations[r.LocationRef]; !ok {
		return Outcome{Outcome: OutcomeFailed, Code: fault.CodeNotFound, Field: "locationRef", EntityRef: ref,
			Message: fmt.Sprintf("there is no location %s", r.LocationRef)}
	}
	if o := r.untimely(clock); o != nil {
		return *o
	}
	p, exists := known.Positions[ref]
	if by, taken := known.Taken[ref]; taken && !exists {
		return alike(ref, by)
	}
	if !exists {
		p = &Position{Ref: ref, ProductRef: r.ProductRef, LocationRef: r.LocationRef, Touched: true}
	}
	if p.ProductRef != r.ProductRef || p.LocationRef != r.LocationRef { // A:B at C and A at B:C
		return alike(ref, Place{p.ProductRef, p.LocationRef})
	}
	q, name := p.about(r, ref, clock, index)
	if at, taken := known.Refs[name]; q == nil && taken {
		return Outcome{Outcome: OutcomeFailed, Code: fault.CodeExists, Field: "ref", EntityRef: ref, Message: fmt.Sprintf("%s is a quantity of %s", name, cmp.Or(at, "another position"))}
	}
	if known.Positions[ref] = p; q == nil {
		known.Refs[name] = ref
	}
	o := Outcome{EntityRef: p.Ref, EntityID: p.ID, Message: r.Note}
	switch {
	case r.kind() == stock.LastOnHand:
		o.Outcome = p.count(r, q, name, clock)
	default:
		o.Outcome = p.move(r, q, name, clock)
	}
	if !exists {
		o.Outcome = OutcomeCreated
	}
	return o
}

// maxAhead is how far ahead of the platform's clock that of a counter may be.
const maxAhead = 5 * time.Minute

// untimely refuses a count from the future, which would make stale all counts until then, and a quantity that is not to count yet; nil: it is neither.
func (r *Row) untimely(clock Clock) *Outcome {
	switch {
	case r.AsOf.After(clock.Received.Add(maxAhead)):
		return &Outcome{Outcome: OutcomeFailed, Code: fault.CodeDate, Field: "asOf", Message: fmt.Sprintf("%s is in the future: it is %s now; give the time of the count",
			r.AsOf.UTC().Format(time.RFC3339), clock.Received.UTC().Format(time.RFC3339))}
	case r.Effective.After(clock.Received):
		return &Outcome{Outcome: OutcomeFailed, Code: fault.CodeUnserved, Field: "effectiveFrom", Message: "quantities that count only from later are not served yet; send the record then"}
	}
	return nil
}

// alike refuses a record whose position would have the ref of another one.
func alike(ref string, by Place) Outcome {
	return Outcome{Outcome: OutcomeFailed, Code: fault.CodeExists, Field: "skuRef", EntityRef: ref,
		Message: fmt.Sprintf("%s is the position of %s at %s", ref, by.ProductRef, by.LocationRef)}
}

// about is the quantity that a row is about, and its ref; nil: the row brings a new one. Refs are made of what the position is about: the own ref of one
// that was made by hand can be anything. They once were made of that.
func (p *Position) about(r *Row, of string, clock Clock, index int) (q *Quantity, ref string) {
	ref = quantityRef(r, of)
	if r.kind() == stock.LastOnHand {
		return p.counted(r.Condition), ref
	}
	if r.nameless() {
		ref = fmt.Sprintf("%s:%s:%d", ref, clock.Batch, index)
	}
	own := ref
	if p.Ref != of {
		own = quantityRef(r, p.Ref)
	}
	return p.find(func(q *Quantity) bool { return q.Ref == ref || q.Ref == own }), ref
}

// counted is the last count of what is in a condition; nil: it was never counted.
func (p *Position) counted(condition string) *Quantity {
	return p.find(func(q *Quantity) bool { return q.Type == stock.LastOnHand && sameCondition(q.Condition, condition) })
}

// nameless reports whether a row is a movement that is always new.
func (r *Row) nameless() bool { return r.Type == stock.Delta && r.Ref == "" && r.ExternalRef == "" }

func (r *Row) kind() string {
	if r.Type == "" {
		return stock.LastOnHand
	}
	return r.Type
}

// count sets the last count and switches off what it includes: sales, corrections and movements made before it.
func (p *Position) count(r *Row, last *Quantity, ref string, clock Clock) string {
	asOf := r.AsOf
	if asOf.IsZero() {
		asOf = clock.Received
	}
	if last != nil && asOf.Before(last.AsOf) {
		return OutcomeStale
	}
	deactivated := p.deactivate(r.Condition, asOf)
	if last != nil && last.Status == stock.Active && last.Quantity == r.Quantity && last.tells(r) {
		if asOf.After(last.AsOf) { // what was counted anew is as new as its count
			last.AsOf, last.Changed = asOf, true
		}
		p.Touched = p.Touched || deactivated || last.Changed
		return OutcomeUnchanged
	}
	if last == nil {
		last = &Quantity{Ref: ref, Type: stock.LastOnHand, Condition: r.Condition, CreatedOn: clock.Received}
		p.Quantities = append(p.Quantities, last)
	}
	last.Quantity, last.AsOf, last.Status = r.Quantity, asOf, stock.Active
	last.take(r)
	p.Touched = true
	return OutcomeUpdated
}

func (p *Position) deactivate(condition string, asOf time.Time) (any bool) {
	for _, q := range p.Quantities {
		superseded := q.Type == stock.Sale || q.Type == stock.Correction || q.Type == stock.Delta
		if superseded && q.Status == stock.Active && sameCondition(q.Condition, condition) && !q.CreatedOn.After(asOf) {
			q.Status, q.Changed, any = stock.Inactive, true, true
		}
	}
	return any
}

// move upserts a quantity of another type by its ref alone; a DELTA without ref is always a new one.
func (p *Position) move(r *Row, q *Quantity, ref string, clock Clock) string {
	if q != nil && r.Type == stock.Delta && q.Status == stock.Inactive {
		return OutcomeUnchanged // a later count has it already: a movement counts once
	}
	status := r.Status
	if status == "" {
		status = stock.Active
	}
	if q != nil && q.Quantity == r.Quantity && q.Status == status && q.ExpectedOn.Equal(r.ExpectedOn) && q.tells(r) && (r.Condition == "" || sameCondition(q.Condition, r.Condition)) {
		return OutcomeUnchanged
	}
	if q == nil {
		q = &Quantity{Ref: ref, Type: r.Type, Condition: r.Condition, CreatedOn: clock.Received}
		p.Quantities = append(p.Quantities, q)
	}
	q.Quantity, q.Status, q.ExpectedOn = r.Quantity, status, r.ExpectedOn
	if r.Condition != "" {
		q.Condition = r.Condition
	}
	q.take(r)
	p.Touched = true
	return OutcomeUpdated
}

// tells reports whether the quantity says already what a row says of where the goods come from, where they lie and how long they keep.
func (q *Quantity) tells(r *Row) bool {
	return (r.ExpiresOn.IsZero() || q.ExpiresOn.Equal(r.ExpiresOn)) && (r.Supplier == "" || q.Supplier == r.Supplier) &&
		(r.StorageArea == "" || q.StorageArea == r.StorageArea) && !slices.ContainsFunc(r.Attributes, q.lacks)
}

// lacks reports whether a quantity does not have an attribute of a row. When it was counted is another question.
func (q *Quantity) lacks(given catalogue.Attribute) bool {
	if given.Name == asOf {
		return false
	}
	v, ok := q.Attributes.Get(given.Name)
	return !ok || !reflect.DeepEqual(v, given.Value)
}

func (q *Quantity) take(r *Row) {
	q.Changed = true
	if !r.ExpiresOn.IsZero() {
		q.ExpiresOn = r.ExpiresOn
	}
	if r.Supplier != "" {
		q.Supplier = r.Supplier
	}
	if r.StorageArea != "" {
		q.StorageArea = r.StorageArea
	}
	q.Attributes = q.Attributes.Merge(r.Attributes)
}

// settle recomputes on hand and status once all rows are merged.
func (p *Position) settle(known *Known) {
	sum := 0
	for _, q := range p.Quantities {
		if (stock.Quantity{Type: q.Type, Status: q.Status, Condition: q.Condition}).Counts() {
			sum += q.Quantity
		}
	}
	p.OnHand = stock.Cap(sum)
	p.Capped = p.OnHand != sum
	status := known.PositionStatus(p.ProductRef, p.LocationRef)
	if status == stock.Active && p.Status != "" && p.Status != stock.Created && p.Status != stock.Inactive {
		return // somebody set another status in which it may be sold, such as AT_RISK: a count does not take it back
	}
	p.Status = status
}

func (p *Position) find(match func(*Quantity) bool) *Quantity {
	if i := slices.IndexFunc(p.Quantities, match); i >= 0 {
		return p.Quantities[i]
	}
	return nil
}

func quantityRef(r *Row, positionRef string) string {
	if r.Ref != "" {
		return r.Ref
	}
	ref := r.kind() + ":" + positionRef
	if r.ExternalRef != "" {
		ref += ":" + r.ExternalRef
	}
	if r.kind() == stock.LastOnHand && !sameCondition(r.Condition, "") {
		ref += ":" + r.Condition
	}
	return ref
}

func sameCondition(a, b string) bool {
	return a == b || (a == "" || a == "NEW") && (b == "" || b == "NEW")
}

// ref is the ref of the stored quantity, active or not, that merging a row may look for; empty: it looks for none. A count that is given no ref has
// one that only its position's quantities should have, and is looked for by what it is: see Makes.
func (r *Row) ref() string {
	if r.nameless() {
		return ""
	}
	return quantityRef(r, stock.PositionRef(r.ProductRef, r.LocationRef))
}

// Refs lists the refs of stored quantities that merging rows may look for.
type Refs struct {
	Counts []string // of nameless counts: where one is active, it is read with its position
	Others []string // active or not, and of whatever position
}

// Add adds the ref that a row looks for.
func (refs *Refs) Add(r *Row) {
	switch ref := r.ref(); {
	case ref == "":
	case r.counts():
		refs.Counts = append(refs.Counts, ref)
	default:
		refs.Others = append(refs.Others, ref)
	}
}

// counts reports whether a row is a count whose ref follows from what it counts.
func (r *Row) counts() bool { return r.Ref == "" && r.kind() == stock.LastOnHand }

// Makes lists the refs of positions and of counts that merging rows would make, as far as is known. Somebody may have given them to others by hand, and
// the database takes each once: who has them is to be put into Taken and Refs before.
func (k *Known) Makes(rows []Row) (positions, counts []string) {
	for i := range rows {
		r := &rows[i]
		if _, there := k.Locations[r.LocationRef]; !there || r.Problem != "" {
			continue
		}
		ref := stock.PositionRef(r.ProductRef, r.LocationRef)
		p := k.Positions[ref]
		if p == nil {
			positions = append(positions, ref)
		}
		if r.counts() && (p == nil || p.counted(r.Condition) == nil) {
			counts = append(counts, r.ref())
		}
	}
	return positions, counts
}
