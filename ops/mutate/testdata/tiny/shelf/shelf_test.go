package shelf

import "testing"

func TestFits(t *testing.T) {
	if !Fits(1, 2, 4) || Fits(0, 2, 4) || Fits(1, 4, 4) {
		t.Fatal("one more")
	}
}

func TestDrain(t *testing.T) {
	if Drain(map[string]int{"a": 2, "b": 3}) != 5 {
		t.Fatal("not all")
	}
}
