package process

import "syscall"

// setDeathSignal makes the kernel signal the child when the parent dies, even of SIGKILL.
func setDeathSignal(attr *syscall.SysProcAttr, sig syscall.Signal) { attr.Pdeathsig = sig }
