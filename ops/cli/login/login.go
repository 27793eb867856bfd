// Package login keeps what the command line needs to call a control plane again: its servers and the operator's token, in
// a file that only its owner can read.
package login

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// Credentials are one operator's session with one control plane.
type Credentials struct {
	Servers   []string  `json:"servers"`
	Username  string    `json:"username"`
	Token     string    `json:"token"`
	ExpiresAt time.Time `json:"expiresAt"`
}

// ErrNone is returned when nobody has logged in.
var ErrNone = errors.New("not logged in")

// Expired reports whether the token's life has ended.
func (c Credentials) Expired(now time.Time) bool {
	return !c.ExpiresAt.IsZero() && !now.Before(c.ExpiresAt)
}

// Path is the file: the value of FLUENT_CONFIG if set (a file, or a folder that is there), else
// fluent/credentials.json in the user's configuration folder.
func Path() (string, error) {
	if p := os.Getenv("FLUENT_CONFIG"); p != "" {
		if info, err := os.Stat(p); err == nil && info.IsDir() {
			return filepath.Join(p, "credentials.json"), nil
		}
		return p, nil
	}
	dir, err := os.UserConfigDir()
	if err != nil {
		return "", fmt.Errorf("find the configuration folder (or set FLUENT_CONFIG): %w", err)
	}
	return filepath.Join(dir, "fluent", "credentials.json"), nil
}

// Load reads the file; ErrNone if there is none.
func Load(path string) (Credentials, error) {
	raw, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return Credentials{}, ErrNone
	}
	if err != nil {
		return Credentials{}, fmt.Errorf("read credentials: %w", err)
	}
	var c Credentials
	if err := json.Unmarshal(raw, &c); err != nil {
		return Credentials{}, fmt.Errorf("read credentials %s: %w", path, err)
	}
	return c, nil
}

// Save writes the file with mode 0600, whole or not at all.
func Save(path string, c Credentials) error {
	raw, err := json.MarshalIndent(c, "", "  ")
	if err != nil {
		return fmt.Errorf("write credentials: %w", err)
	}
	return WritePrivate(path, append(raw, '\n'))
}

// Remove forgets the session; removing none is no error.
func Remove(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("remove credentials: %w", err)
	}
	return nil
}

// WritePrivate writes a file that only its owner can read, in a folder that it makes if need be, whole or not at all.
func WritePrivate(path string, content []byte) error {
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("make folder: %w", err)
	}
	f, err := os.CreateTemp(dir, ".tmp-*") // mode 0600
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	defer os.Remove(f.Name()) // fails once the file has its real name, as it should
	_, err = f.Write(content)
	if err = errors.Join(err, f.Close()); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	if err := os.Rename(f.Name(), path); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	return nil
}
