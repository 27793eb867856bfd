package stock

// Operation is what the order side asks of inventory.
type Operation string

// The operations. Each is idempotent per fulfilment and position.
const (
	Reserve      Operation = "RESERVE"       // promise units to a fulfilment
	Unreserve    Operation = "UNRESERVE"     // give them back
	ResetReserve Operation = "RESET_RESERVE" // picked: promise becomes sale and correction
)

// Movement is one operation of one fulfilment on one position.
type Movement struct {
	Operation    Operation
	FulfilmentID string
	PositionRef  string
	Quantity     int // RESERVE: units to promise; RESET_RESERVE: units found
}

// Book is the model of positions under movements: what the set-wise SQL must do, said in the plainest way.
type Book struct {
	Oversell   bool
	quantities map[string]map[string]Quantity // position ref → quantity ref → quantity
}

// NewBook makes a book with a count per position.
func NewBook(counts map[string]int) *Book {
	b := &Book{quantities: map[string]map[string]Quantity{}}
	for ref, n := range counts {
		b.quantities[ref] = map[string]Quantity{LastOnHand: {Type: LastOnHand, Status: Active, Quantity: n}}
	}
	return b
}

// OnHand sums a position.
func (b *Book) OnHand(position string) int {
	sum := 0
	for _, q := range b.quantities[position] {
		if q.Counts() {
			sum += q.Quantity
		}
	}
	return sum
}

// Quantity returns one record of a position by its ref.
func (b *Book) Quantity(position, ref string) (Quantity, bool) {
	q, ok := b.quantities[position][ref]
	return q, ok
}

// Apply does one movement and returns how many units of it were granted; a repeated movement changes nothing.
func (b *Book) Apply(m Movement) (granted int) {
	at := b.quantities[m.PositionRef]
	if at == nil {
		return 0
	}
	ref := QuantityRef(m.FulfilmentID, Reserved, m.PositionRef)
	held, exists := at[ref]
	if m.Operation == Reserve {
		if exists {
			return -held.Quantity
		}
		if granted = Grant(b.OnHand(m.PositionRef), 0, m.Quantity, b.Oversell); granted > 0 {
			at[ref] = Quantity{Type: Reserved, Status: Active, Quantity: -granted}
		}
		return granted
	}
	if !exists || held.Status != Active {
		return 0
	}
	held.Status = Inactive
	at[ref] = held
	if m.Operation == ResetReserve {
		sale, correction := Confirm(-held.Quantity, m.Quantity)
		for kind, n := range map[string]int{Sale: sale, Correction: correction} {
			if n != 0 {
				at[QuantityRef(m.FulfilmentID, kind, m.PositionRef)] = Quantity{Type: kind, Status: Active, Quantity: n}
			}
		}
	}
	return -held.Quantity
}
