// Package contract compares what the GraphQL interface serves with the published facts of the platform whose API it speaks: every type, field,
// argument, input and enum value, whole, and what the facts note of them. It is tests only. What is not served yet stands in testdata/not-yet.tsv.
//
// Virtual views and decision tables are there because they are a closed beta of that platform; quantitiesAggregate because nothing says of what type
// it is; catalogues of the searches of stock because nothing confirms it; apps because an account has none installed as long as there are no web apps.
package contract
