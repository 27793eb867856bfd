package domain_test

import (
	"testing"

	"github.com/fluent-oms/fluent/domain"
	"github.com/stretchr/testify/require"
)

func TestTheCatalogueIsDerived(t *testing.T) {
	t.Parallel()
	require.NotPanics(t, func() { domain.Catalogue() })
}
