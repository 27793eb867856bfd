package password

import (
	"crypto/sha256"
	"encoding/hex"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/fluent-oms/fluent/domain/fault"
)

// onceMark comes before the hash of a password that serves once: $once=1764234000$argon2id$…
const onceMark = "$once="

// Once marks a hash as one of a password that must be changed when it is first used, and is worth nothing after a time.
func Once(hash string, until time.Time) string {
	return onceMark + strconv.FormatInt(until.Unix(), 10) + hash
}

// Stored is what a stored hash says besides the hash.
type Stored struct {
	Hash  string    // for Verify
	Once  bool      // the password must be changed when it is first used
	Until time.Time // of one that serves once: when it ends
}

// ParseStored takes off the mark of Once, if there is one. A mark that cannot be read leaves a hash that Verify refuses.
func ParseStored(stored string) Stored {
	rest, marked := strings.CutPrefix(stored, onceMark)
	if !marked {
		return Stored{Hash: stored}
	}
	seconds, hash, _ := strings.Cut(rest, "$")
	until, err := strconv.ParseInt(seconds, 10, 64)
	if err != nil {
		return Stored{Hash: stored}
	}
	return Stored{Hash: "$" + hash, Once: true, Until: time.Unix(until, 0)}
}

// Mark is a short name of a stored hash, which tokens carry: a token whose mark is not the one of its user's hash was given out before the
// password was changed. Nothing can be learnt from it, for the hash has a salt of its own.
func Mark(stored string) string {
	sum := sha256.Sum256([]byte("fluent password mark\x00" + stored))
	return hex.EncodeToString(sum[:8])
}

// The bounds of a password that people choose, in characters and in bytes.
const (
	leastCharacters = 8
	mostBytes       = 128
)

// Acceptable checks a password that a user chooses: its length, and that it is not the user's name. field is its place in the request.
func Acceptable(username, chosen, field string) error {
	switch {
	case utf8.RuneCountInString(chosen) < leastCharacters:
		return fault.Invalidf(field, "A password has at least %d characters", leastCharacters).WithCode(fault.CodeMissing).With("reason", "PASSWORD_TOO_SHORT")
	case len(chosen) > mostBytes:
		return fault.Invalidf(field, "A password has at most %d bytes", mostBytes).WithCode(fault.CodeTooLong).With("reason", "PASSWORD_TOO_LONG")
	case strings.EqualFold(chosen, username):
		return fault.Invalidf(field, "A password must not be the user's name").WithCode(fault.CodeInvalid).With("reason", "PASSWORD_IS_NAME")
	}
	return nil
}
