package foundation_test

import (
	"math/big"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/fluent-oms/fluent/domain"
	"github.com/fluent-oms/fluent/domain/foundation"
)

// Whichever way an amount is told, the other follows exactly: no cent is lost to binary fractions.
func TestAmountsAreExact(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		unscaled, scale := rapid.IntRange(-1<<31, 1<<31-1).Draw(t, "unscaled"), rapid.IntRange(0, 5).Draw(t, "scale")
		told := foundation.AmountType{UnscaledValue: &unscaled, Scale: &scale}
		require.NoError(t, told.Settle())
		other := foundation.AmountType{Amount: told.Amount, Scale: &scale}
		require.NoError(t, other.Settle())
		require.Equal(t, unscaled, *other.UnscaledValue)
		alone := foundation.AmountType{Amount: told.Amount}
		require.NoError(t, alone.Settle())
		want := big.NewRat(int64(unscaled), 1)
		for range scale {
			want.Quo(want, big.NewRat(10, 1))
		}
		have := big.NewRat(int64(*alone.UnscaledValue), 1)
		for range *alone.Scale {
			have.Quo(have, big.NewRat(10, 1))
		}
		require.Zero(t, want.Cmp(have), "%v is %v", want, have)
		again := told
		require.NoError(t, again.Settle())
		require.Equal(t, told, again, "settling what is settled changes nothing")
	})
}

func TestTheListOfCurrencies(t *testing.T) {
	t.Parallel()
	v := domain.Catalogue().Value("Currency")
	require.Len(t, v.Rows, 184)
	for code, decimals := range map[string]any{"USD": 2, "EUR": 2, "JPY": 0, "KWD": 3, "CLF": 4, "XAU": nil} {
		require.Equal(t, decimals, v.Constant(code).Values["minorUnits"], code)
	}
	for _, row := range v.Rows {
		require.Regexp(t, `^[A-Z]{3}$`, row.Key)
		require.Regexp(t, `^[0-9]{3}$`, row.Values["numericCode"])
		require.NotEmpty(t, row.Values["name"])
	}
	require.Nil(t, v.Constant("usd"))
	require.Equal(t, false, v.Constant("HRK").Values["isISO4217"])
}
