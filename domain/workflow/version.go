package workflow

import (
	"fmt"
	"strconv"
	"strings"
)

// minors is how many minor versions fit below one major in the integer form.
const minors = 10000

// VersionNumber gives the integer form of a version: "1.42" is 10042. Major and minor are decimal, without sign or leading
// zeros; the minor is below 10000 and the major below 200000, so that the number fits 32 bits.
func VersionNumber(version string) (int, error) {
	a, b, ok := strings.Cut(version, ".")
	if !ok {
		return 0, fmt.Errorf("version %q: want major.minor, such as 1.0", version)
	}
	major, err := versionPart(a, 200000)
	if err != nil {
		return 0, fmt.Errorf("version %q: major: %w", version, err)
	}
	minor, err := versionPart(b, minors)
	if err != nil {
		return 0, fmt.Errorf("version %q: minor: %w", version, err)
	}
	return major*minors + minor, nil
}

func versionPart(s string, limit int) (int, error) {
	n, err := strconv.ParseUint(s, 10, 31)
	if err != nil || strconv.FormatUint(n, 10) != s {
		return 0, fmt.Errorf("%q is no decimal number", s)
	}
	if int(n) >= limit {
		return 0, fmt.Errorf("%d is over the limit of %d", n, limit-1)
	}
	return int(n), nil
}

// VersionText gives the text form of a version number: 10042 is "1.42".
func VersionText(number int) string {
	return strconv.Itoa(number/minors) + "." + strconv.Itoa(number%minors)
}

// Major is the major part of a version number.
func Major(number int) int { return number / minors }

// NextVersion is the version under which an upload is stored. The author owns the major number: a higher one starts its own
// line at minor 0; otherwise the sent minor is ignored and the stored version's next minor follows. stored is "" for the
// first upload, which keeps the version that was sent.
func NextVersion(stored, sent string) (string, error) {
	if stored == "" {
		if _, err := VersionNumber(sent); err != nil {
			return "", err
		}
		return sent, nil
	}
	have, err := VersionNumber(stored)
	if err != nil {
		return "", err
	}
	want, err := VersionNumber(sent)
	if err != nil {
		return "", err
	}
	if Major(want) > Major(have) {
		return VersionText(Major(want) * minors), nil
	}
	if have%minors == minors-1 {
		return "", fmt.Errorf("version %s has no next minor: raise the major", stored)
	}
	return VersionText(have + 1), nil
}
