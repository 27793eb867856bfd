package shop

import "testing"

func TestClose(t *testing.T) {
	if _, second := Close(map[string]int{"a": 2}); second != 0 {
		t.Fatal("something was left")
	}
}
