package door

import "time"

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

// Remembered is how many sources and credentials are remembered.
func (f *Failures) Remembered() (sources, credentials int) { return f.sources.Len(), f.good.Len() }

// StopClock has no time pass for it.
func (f *Failures) StopClock() {
	at := time.Now()
	f.now = func() time.Time { return at }
}
