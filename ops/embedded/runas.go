package embedded

import (
	"fmt"
	"io/fs"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
)

// account is the user that a server program runs as.
type account struct {
	uid, gid uint32
	switched bool // true: we are root and the server is not
}

// serverAccount is our own user, or for root, whom PostgreSQL refuses, the user postgres, else nobody.
func serverAccount() (account, error) {
	if os.Geteuid() != 0 {
		return account{uid: uint32(os.Geteuid()), gid: uint32(os.Getegid())}, nil
	}
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, uidErr := strconv.ParseUint(u.Uid, 10, 32)
		gid, gidErr := strconv.ParseUint(u.Gid, 10, 32)
		if uidErr == nil && gidErr == nil && uid != 0 {
			return account{uid: uint32(uid), gid: uint32(gid), switched: true}, nil
		}
	}
	return account{}, fmt.Errorf("PostgreSQL does not run as root, and neither user postgres nor nobody exists: run as an ordinary user")
}

// attributes are what a process of the account is started with.
func (a account) attributes() *syscall.SysProcAttr {
	if !a.switched {
		return &syscall.SysProcAttr{}
	}
	return &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: a.uid, Gid: a.gid}}
}

// own gives a path, and all below it, to the account. A state folder may come from another user, nobody instead of postgres say.
func (a account) own(path string) error {
	if !a.switched {
		return nil
	}
	if st, err := os.Stat(path); err == nil && ownerOf(st) == a.uid {
		return nil
	}
	return filepath.WalkDir(path, func(p string, _ fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		return os.Lchown(p, int(a.uid), int(a.gid))
	})
}

// reaches tells whether the account may walk down to dir: whether it has the x bit on each parent.
func (a account) reaches(dir string) bool {
	if !a.switched {
		return true
	}
	for p := filepath.Dir(dir); ; p = filepath.Dir(p) {
		st, err := os.Stat(p)
		if err != nil || !a.mayEnter(st) {
			return false
		}
		if p == filepath.Dir(p) {
			return true
		}
	}
}

func (a account) mayEnter(st fs.FileInfo) bool {
	sys, ok := st.Sys().(*syscall.Stat_t)
	if !ok {
		return false
	}
	mode := st.Mode().Perm()
	switch {
	case sys.Uid == a.uid:
		return mode&0o100 != 0
	case sys.Gid == a.gid:
		return mode&0o010 != 0
	default:
		return mode&0o001 != 0
	}
}

func ownerOf(st fs.FileInfo) uint32 {
	if sys, ok := st.Sys().(*syscall.Stat_t); ok {
		return sys.Uid
	}
	return ^uint32(0)
}
