package words_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/domain/fault"
	"github.com/fluent-oms/fluent/domain/words"
)

func TestTheNearestKnownWord(t *testing.T) {
	t.Parallel()
	known := []string{"LAST_ON_HAND", "RESERVED", "SALE", "NEW", "USED", "Europe/Berlin"}
	for given, want := range map[string]string{
		"LAST_ON_HND": "LAST_ON_HAND", "last-on-hand": "LAST_ON_HAND", "LASTONHAND": "LAST_ON_HAND", "SLAE": "SALE", "SALES": "SALE", "RESREVED": "RESERVED", "Nwe": "NEW",
		"Europe/Berln": "Europe/Berlin", " SALE ": "SALE", // slips
		"": "", "X": "", "COUNT": "", "Africa/Cairo": "", strings.Repeat("S", 500): "", // none is near
	} {
		require.Equal(t, want, words.Nearest(given, known), given)
	}
	require.Empty(t, words.Nearest("A", []string{"B"}), "nothing of the word is right")
	require.Equal(t, "USED", words.Nearest("UESD", []string{"USER", "USED"}), "a swap is one slip")
}

func TestAnUnknownWordIsAFaultThatNamesTheOthers(t *testing.T) {
	t.Parallel()
	err := words.Unknown("UESD", []string{"NEW", "USED"})
	require.Equal(t, `"UESD" is unknown: want NEW, USED. Did you mean USED?`, err.Detail)
	require.Equal(t, []any{fault.Invalid, fault.CodeInvalid}, []any{err.Kind, err.Code})
	require.Equal(t, `"" is unknown: want NEW`, words.Unknown("", []string{"NEW"}).Detail)
	require.Less(t, len(words.Unknown(strings.Repeat("ü", 5000), []string{"NEW"}).Detail), 200)
}
