// Package soak holds what takes minutes, or has to be timed: faults at full size, thousands of accounts, clocks that jump. `make soak` runs it; its
// tests have the build tag soak and are no part of `make test`.
package soak
