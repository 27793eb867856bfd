package contract

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "take lines of what is served now out of testdata/not-yet.tsv; none is added")

// ours is what is served beyond the contract; with a star, whatever a type has.
var ours = slices.Concat(
	[]string{"PageInfo.startCursor", "PageInfo.endCursor"},
	// Inputs whose members the contract does not tell: those of what they make or are read back as.
	members("PreciseAmountInput", "preciseAmount scale unscaledValue"),
	members("CreateFinancialTransactionWithOrderInput", "ref type amount currency cardType externalTransactionCode externalTransactionId paymentMethod paymentProvider"),
	[]string{"UpdateFulfilmentChoiceInput.*", "UpdateOrderBillingAddressInput.*"},
	// What inputs of the contract give and its types do not show: nothing that is taken is lost.
	[]string{"Order.fulfilmentChoices", "Order.ref2", "Order.tag1", "Order.tag2", "Order.tag3", "Order.currency", "OrderItem.fulfilmentChoiceRef"},
	[]string{"FulfilmentChoice.attributes", "FulfilmentChoice.deliverBefore", "FulfilmentChoice.dispatchOn"},
	// What is accepted is read back, and a list of a parent's takes the filters of the search of its type.
	[]string{"VirtualPosition.segments"},
	// The contract has the field, and not what it is.
	[]string{"InventoryQuantityAggregate", "InventoryQuantityAggregate.*"},
	of("Payment.orders", "customer"),
	of("InventoryPosition.quantities", "associationRef associationType channel countryOfOrigin manufacturer manufacturerBatchNumber segment1 segment2 segment3 supplier"),
	// The contract tells that profiles have strategies with conditions and criteria, of which inputs it has some, but not how they are called.
	members("SourcingProfile CreateSourcingProfileInput", "defaultNetwork defaultVirtualCatalogue sourcingStrategies sourcingFallbackStrategies"),
	[]string{"SourcingStrategy", "SourcingFallbackStrategy", "SourcingCondition", "SourcingCriterion", "CreateSourcingStrategyInput"},
	members("SourcingStrategy SourcingFallbackStrategy CreateSourcingStrategyInput", "ref name description status maxSplit network virtualCatalogue sourcingConditions sourcingCriteria"),
	members("SourcingCondition SourcingCriterion CreateSourcingConditionInput CreateSourcingCriterionInput", "name type params"),
)

// members lists fields of types.
func members(types, fields string) []string {
	var out []string
	for _, t := range strings.Fields(types) {
		for _, f := range strings.Fields(fields) {
			out = append(out, t+"."+f)
		}
	}
	return out
}

// of lists arguments of a field.
func of(field, arguments string) []string {
	var out []string
	for _, name := range strings.Fields(arguments) {
		out = append(out, field+"("+name+")")
	}
	return out
}

const (
	notYet  = "not-yet.tsv"
	heading = "since kind name lacks"
)

// most is how long the list may be. Lower it when the list has become shorter; nothing makes it longer but a new edition of the contract.
var most = lengths{base: 0, newer: 170, operations: 0, newerOperations: 9}

// lengths are how many rows of the contract are not served whole.
type lengths struct{ base, newer, operations, newerOperations int }

func (l lengths) String() string {
	return fmt.Sprintf("not yet served: %d rows of types and %d operations of the base, %d and %d of what is newer", l.base, l.operations, l.newer, l.newerOperations)
}

func lengthsOf(list []string) (l lengths) {
	for _, line := range list {
		c := strings.Split(line, "\t")
		operation, newer := c[1] == "QUERY" || c[1] == "MUTATION", c[0] == "newer"
		switch {
		case operation && newer:
			l.newerOperations++
		case operation:
			l.operations++
		case newer:
			l.newer++
		default:
			l.base++
		}
	}
	return l
}

// TestWhatIsServedIsTheContract compares every row of the contract with introspection of the interface. What is not served has to be on the list,
// what is on the list must not be served: it may only become shorter. `make test` prints how long it is.
func TestWhatIsServedIsTheContract(t *testing.T) {
	t.Parallel()
	lacking, wrong := compare(published(t), serve(t), ours)
	require.Empty(t, wrong, "served otherwise than the contract says")
	var list []string
	for _, r := range table(t, notYet, heading) {
		list = append(list, strings.Join(r.cells[:3], "\t")+"\t"+orDash(r.cells[3]))
	}
	if *update {
		list = shorten(t, lacking, list)
	}
	require.Empty(t, settle(lacking, list), "lines of testdata/%s; those of what is served are removed by: go test ./dataplane/graphql/contract -update", notYet)
	l := lengthsOf(list)
	t.Attr("contract", l.String())
	require.LessOrEqual(t, l.base, most.base)
	require.LessOrEqual(t, l.newer, most.newer)
	require.LessOrEqual(t, l.operations, most.operations)
	require.LessOrEqual(t, l.newerOperations, most.newerOperations)
}

func orDash(cell string) string {
	if cell == "" {
		return "-"
	}
	return cell
}

// shorten writes the list without what is served now; of rows that are partly served the rest stays.
func shorten(t *testing.T, lacking map[string]lack, list []string) []string {
	t.Helper()
	var out []string
	for _, line := range list {
		l, ok := lacking[strings.Split(line, "\t")[2]]
		if !ok {
			continue
		}
		cells := strings.Split(line, "\t")
		listed := strings.Fields(cells[3])
		if cells[3] == "-" || !slices.ContainsFunc(l.parts, func(p string) bool { return !slices.Contains(listed, p) }) {
			line = l.line()
		}
		out = append(out, line)
	}
	text := "# What the contract has and the interface does not serve, a row a line: all of the row, or the arguments or interfaces named last.\n" +
		strings.ReplaceAll(heading, " ", "\t") + "\n" + strings.Join(out, "\n") + "\n"
	require.NoError(t, os.WriteFile("testdata/"+notYet, []byte(text), 0o600))
	return out
}
