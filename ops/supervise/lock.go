package supervise

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// Lock is the exclusive use of a state folder. The kernel gives it up when its owner ends in whatever way.
type Lock struct{ file *os.File }

// ErrInUse says that another process owns the folder.
var ErrInUse = errors.New("the state folder is in use")

// LockFolder makes the folder if need be and takes it. ErrInUse is wrapped in an error that names the owner's process id.
func LockFolder(dir string) (*Lock, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("make the state folder: %w", err)
	}
	f, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open the state folder's lock: %w", err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		defer func() { _ = f.Close() }()
		if !errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, fmt.Errorf("lock the state folder %s: %w", dir, err)
		}
		return nil, fmt.Errorf("%w: %s belongs to process %s; stop it, or choose another folder with --dir", ErrInUse, dir, ownerOf(f))
	}
	l := &Lock{file: f}
	if err := l.sign(); err != nil {
		return nil, errors.Join(err, l.Unlock())
	}
	return l, nil
}

func (l *Lock) sign() error {
	if err := l.file.Truncate(0); err != nil {
		return fmt.Errorf("sign the lock: %w", err)
	}
	if _, err := l.file.WriteAt([]byte(strconv.Itoa(os.Getpid())+"\n"), 0); err != nil {
		return fmt.Errorf("sign the lock: %w", err)
	}
	return nil
}

// Unlock gives the folder up. Closing alone would not: a child that is just being started holds the same open file until it runs its program.
func (l *Lock) Unlock() error {
	return errors.Join(syscall.Flock(int(l.file.Fd()), syscall.LOCK_UN), l.file.Close())
}

func ownerOf(f *os.File) string {
	b := make([]byte, 32)
	n, _ := f.ReadAt(b, 0) // io.EOF comes with the short text
	if owner := strings.TrimSpace(string(b[:n])); owner != "" {
		return owner
	}
	return "(starting)"
}
