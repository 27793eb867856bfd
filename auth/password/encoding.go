package password

import (
	"encoding/base64"
	"errors"
	"fmt"
	"strings"

	"golang.org/x/crypto/argon2"
)

// ErrMalformed is returned for a stored hash that is not an argon2id hash within the limits.
var ErrMalformed = errors.New("password: not an argon2id hash that is accepted here")

// encoded is the encoded form, taken apart.
type encoded struct {
	params     Params
	salt, hash []byte
}

// String prints the form that parse reads.
func (e encoded) String() string {
	b64 := base64.RawStdEncoding
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, e.params.MemoryKiB, e.params.Passes, e.params.Lanes,
		b64.EncodeToString(e.salt), b64.EncodeToString(e.hash))
}

// parse reads the encoded form and refuses what would cost too much.
func parse(s string) (encoded, error) {
	parts := strings.Split(s, "$")
	if len(parts) != 6 || parts[0] != "" || parts[1] != "argon2id" || parts[2] != fmt.Sprintf("v=%d", argon2.Version) {
		return encoded{}, ErrMalformed
	}
	var e encoded
	n, err := fmt.Sscanf(parts[3], "m=%d,t=%d,p=%d", &e.params.MemoryKiB, &e.params.Passes, &e.params.Lanes)
	if err != nil || n != 3 || !e.params.bounded() {
		return encoded{}, ErrMalformed
	}
	if e.salt, err = base64.RawStdEncoding.DecodeString(parts[4]); err != nil {
		return encoded{}, ErrMalformed
	}
	if e.hash, err = base64.RawStdEncoding.DecodeString(parts[5]); err != nil {
		return encoded{}, ErrMalformed
	}
	if len(e.salt) < 8 || len(e.salt) > 64 || len(e.hash) < 16 || len(e.hash) > 64 {
		return encoded{}, ErrMalformed
	}
	return e, nil
}

func (p Params) bounded() bool {
	return p.Passes >= 1 && p.Passes <= maxPasses && p.Lanes >= 1 && p.Lanes <= maxLanes &&
		p.MemoryKiB >= 8*uint32(p.Lanes) && p.MemoryKiB <= maxMemoryKiB
}
