// Package process starts child processes that never outlive this one and that can be waited for by several parties. It knows
// nothing of what the children are; ops/embedded and ops/supervise build on it.
package process

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"sync"
	"syscall"
	"time"
)

// Process is a started child. All methods may be called from any goroutine.
type Process struct {
	os     *os.Process
	exited chan struct{} // closed once err is final
	err    error         // result of Wait; read only after exited is closed

	stopping sync.Mutex // one Stop at a time, so that escalation happens once
}

// Start runs cmd in a process group of its own, so that an interrupt typed at the terminal reaches only this process. The kernel
// sends death to the child when this process ends in whatever way (Linux only).
func Start(cmd *exec.Cmd, death syscall.Signal) (*Process, error) {
	attr := &syscall.SysProcAttr{}
	if cmd.SysProcAttr != nil {
		*attr = *cmd.SysProcAttr
	}
	attr.Setpgid = true
	setDeathSignal(attr, death)
	cmd.SysProcAttr = attr

	p := &Process{exited: make(chan struct{})}
	started := make(chan error, 1)
	go func() {
		// The kernel ties the death signal to the thread that forked, so that thread has to live as long as the child.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := cmd.Start()
		if err == nil {
			p.os = cmd.Process
		}
		started <- err
		if err != nil {
			return
		}
		p.err = cmd.Wait()
		close(p.exited)
	}()
	if err := <-started; err != nil {
		return nil, fmt.Errorf("start %s: %w", cmd.Path, err)
	}
	return p, nil
}

// PID is the child's process id. It may belong to another process once Exited is closed.
func (p *Process) PID() int { return p.os.Pid }

// Exited is closed when the child has ended, asked for or not.
func (p *Process) Exited() <-chan struct{} { return p.exited }

// Err waits for the child's end and says how it ended; nil means exit status 0.
func (p *Process) Err() error {
	<-p.exited
	return p.err
}

// Signal sends a signal to the child alone, not to its group. A child that has ended is not an error.
func (p *Process) Signal(sig syscall.Signal) error {
	select {
	case <-p.exited:
		return nil
	default:
	}
	if err := p.os.Signal(sig); err != nil && err != os.ErrProcessDone {
		return fmt.Errorf("send %v to process %d: %w", sig, p.os.Pid, err)
	}
	return nil
}

// Step is a signal together with the time that the child has to end on it before the next step.
type Step struct {
	Signal syscall.Signal
	Grace  time.Duration
}

// Stop takes the steps in order until the child has ended, and kills its whole group after the last. It returns when the child has ended.
func (p *Process) Stop(steps ...Step) {
	p.stopping.Lock()
	defer p.stopping.Unlock()
	for _, s := range steps {
		select {
		case <-p.exited:
			return
		default:
		}
		_ = p.Signal(s.Signal) // an undeliverable signal is what the next step is for
		select {
		case <-p.exited:
			return
		case <-time.After(s.Grace):
		}
	}
	select {
	case <-p.exited:
	default:
		_ = syscall.Kill(-p.os.Pid, syscall.SIGKILL) // it fails only for a group that is gone
		<-p.exited
	}
}
