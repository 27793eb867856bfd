//go:build !linux

package process

import "syscall"

// setDeathSignal does nothing: only Linux can tell a child of its parent's death.
func setDeathSignal(*syscall.SysProcAttr, syscall.Signal) {}
