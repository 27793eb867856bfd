package money_test

import (
	"math"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/fluent-oms/fluent/domain/money"
)

func parse(t require.TestingT, text string) money.Decimal {
	d, err := money.Parse(text)
	require.NoError(t, err, text)
	return d
}

func TestTextsOfNumbers(t *testing.T) {
	t.Parallel()
	for text, want := range map[string][3]string{
		"40.5":                   {"40.5", "405", "1"},
		"-12.50":                 {"-12.50", "-1250", "2"},
		"0":                      {"0", "0", "0"},
		"-0.05":                  {"-0.05", "-5", "2"},
		"0.00":                   {"0.00", "0", "2"},
		"4e3":                    {"4000", "4000", "0"},
		"1.25E1":                 {"12.5", "125", "1"},
		"125e-4":                 {"0.0125", "125", "4"},
		"1.5e+0":                 {"1.5", "15", "1"},
		"1234567890123456789.01": {"1234567890123456789.01", "123456789012345678901", "2"},
	} {
		d := parse(t, text)
		require.Equal(t, want, [3]string{d.String(), d.Unscaled(), strconv.Itoa(d.Scale())}, text)
	}
	for _, text := range []string{"", "-", ".5", "5.", "1,5", "0x10", "1e", "1e1e1", "e5", "--1", "1-", "+1", "NaN", "Inf", " 1", "1e999999999", "1e-401", "1_000"} {
		_, err := money.Parse(text)
		require.Error(t, err, "%q", text)
	}
}

func TestTheZeroValueIsZero(t *testing.T) {
	t.Parallel()
	var d money.Decimal
	require.Equal(t, "0", d.String())
	require.True(t, d.Equal(parse(t, "0.000")))
}

// TestWhatAFloatWasReadFrom: up to 15 significant digits a float64 stands for the text that it was read from.
func TestWhatAFloatWasReadFrom(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		n, scale := rapid.Int64Range(-999_999_999_999_999, 999_999_999_999_999).Draw(t, "n"), rapid.IntRange(0, 15).Draw(t, "scale")
		d, err := money.Shifted(strconv.FormatInt(n, 10), scale)
		require.NoError(t, err)
		v, exact := d.Float()
		require.True(t, exact, d.String())
		back, err := money.OfFloat(v)
		require.NoError(t, err)
		require.True(t, back.Equal(d), "%s is %s", d, back)
		same, fits := back.At(scale)
		require.True(t, fits)
		require.Equal(t, d.String(), same.String())
	})
	_, exact := parse(t, "12345678901234567.89").Float()
	require.False(t, exact)
	for _, v := range []float64{math.NaN(), math.Inf(1), math.Inf(-1)} {
		_, err := money.OfFloat(v)
		require.Error(t, err)
	}
}

func TestDecimalsAreNotCutOff(t *testing.T) {
	t.Parallel()
	_, fits := parse(t, "1.005").At(2)
	require.False(t, fits)
	short, fits := parse(t, "1.500").At(1)
	require.True(t, fits)
	require.Equal(t, "1.5", short.String())
	long, fits := parse(t, "-3").At(3)
	require.True(t, fits)
	require.Equal(t, "-3.000", long.String())
	_, fits = parse(t, "1").At(-1)
	require.False(t, fits)
}

func TestShiftedIntegers(t *testing.T) {
	t.Parallel()
	d, err := money.Shifted("-405", 1)
	require.NoError(t, err)
	require.Equal(t, "-40.5", d.String())
	for _, text := range []string{"1.5", "x", ""} {
		_, err := money.Shifted(text, 1)
		require.Error(t, err, text)
	}
	for _, scale := range []int{-1, 401} {
		_, err := money.Shifted("1", scale)
		require.Error(t, err, "%d", scale)
	}
}

func TestThirtyTwoBits(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]bool{"21474836.47": true, "21474836.48": false, "-2147483648": true, "-2147483649": false, "99999999999999999999": false} {
		_, ok := parse(t, text).Unscaled32()
		require.Equal(t, want, ok, text)
	}
}
