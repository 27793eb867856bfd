package door

// Held is how many connections a listener has.
func Held(l *Listener) int { return l.places.now() }

// Faults is how often accepting failed.
func Faults(l *Listener) int64 { return l.faults.Load() }

// Shed is how many connections were turned away for a reason.
func Shed(l *Listener, why string) int64 {
	for r := range reasons {
		if r.String() == why {
			return l.shed[r].Load()
		}
	}
	panic("no reason " + why)
}
