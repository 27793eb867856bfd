package queue

// Remembered is how many roots and events are in memory.
func (q *Queue) Remembered() (roots, events int) {
	q.mu.Lock()
	defer q.mu.Unlock()
	return len(q.roots), len(q.known) + len(q.finished)
}
