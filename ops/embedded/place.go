package embedded

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
)

// handedFolder is how a server program names the state folder when it was handed over as an open descriptor.
const handedFolder = "/proc/self/fd/3"

// socketPathLimit is the longest path of a unix socket (sun_path less its end mark) minus "/.s.PGSQL.5432.lock".
const socketPathLimit = 107 - 19

// place says how a PostgreSQL server reaches its files.
type place struct {
	dir    string  // state folder as we see it
	who    account // whom it belongs to
	handed bool    // the server cannot walk to dir (it lies below root's home, say) and gets it as descriptor 3
	socket string  // folder of the unix socket
}

func newPlace(dir string) (place, error) {
	who, err := serverAccount()
	if err != nil {
		return place{}, err
	}
	p := place{dir: dir, who: who, handed: !who.reaches(dir)}
	if err := who.own(dir); err != nil {
		return place{}, fmt.Errorf("hand the folder to the database's user: %w", err)
	}
	if p.handed {
		if _, err := os.Stat("/proc/self/fd"); err != nil {
			return place{}, fmt.Errorf("the database's user (uid %d) may not enter a parent of %s: choose another state folder with --dir, or chmod o+x the parents", who.uid, dir)
		}
	}
	p.socket, err = p.socketFolder()
	return p, err
}

// data is the data folder as we see it.
func (p place) data() string { return filepath.Join(p.dir, "data") }

// serverData is the data folder as the server names it.
func (p place) serverData() string {
	if p.handed {
		return handedFolder + "/data"
	}
	return p.data()
}

// command prepares one of the server's programs to run as its user, with none of our environment.
func (p place) command(program string, args ...string) (*exec.Cmd, func(), error) {
	cmd := exec.Command(program, args...)
	cmd.Dir = "/"
	cmd.Env = []string{"LC_ALL=C", "TZ=UTC", "PATH=" + filepath.Dir(program) + ":/usr/bin:/bin"}
	cmd.SysProcAttr = p.who.attributes()
	if !p.handed {
		return cmd, func() {}, nil
	}
	folder, err := os.Open(p.dir)
	if err != nil {
		return nil, nil, fmt.Errorf("open the state folder: %w", err)
	}
	cmd.ExtraFiles = []*os.File{folder} // becomes descriptor 3
	return cmd, func() { _ = folder.Close() }, nil
}

// socketFolder is the state folder itself where its path is short enough and reachable, else a folder below the system's temporary
// one that has the same name at each start, so that DSNs stay true.
func (p place) socketFolder() (string, error) {
	if !p.handed && len(p.dir) <= socketPathLimit {
		return p.dir, nil
	}
	sum := sha256.Sum256([]byte(p.dir))
	dir := filepath.Join("/tmp", fmt.Sprintf("fluent-%d-%s", p.who.uid, hex.EncodeToString(sum[:6])))
	if err := os.Mkdir(dir, 0o700); err != nil && !os.IsExist(err) {
		return "", fmt.Errorf("make a folder for the database's socket: %w", err)
	}
	// /tmp is everybody's: refuse what another user may have put there.
	st, err := os.Lstat(dir)
	if err != nil {
		return "", fmt.Errorf("look at the folder of the database's socket: %w", err)
	}
	if owner := ownerOf(st); !st.IsDir() || (owner != p.who.uid && owner != uint32(os.Geteuid())) {
		return "", fmt.Errorf("%s belongs to somebody else: remove it, or choose another state folder with --dir", dir)
	}
	if p.who.switched {
		if err := os.Lchown(dir, int(p.who.uid), int(p.who.gid)); err != nil {
			return "", fmt.Errorf("hand the socket's folder to the database's user: %w", err)
		}
	}
	return dir, os.Chmod(dir, 0o700)
}

// signalable reports whether a process with the id exists, whoever owns it.
func signalable(pid int) bool {
	err := syscall.Kill(pid, 0)
	return err == nil || err == syscall.EPERM
}
