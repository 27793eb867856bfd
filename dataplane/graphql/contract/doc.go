// Package contract compares what the GraphQL interface serves with the published facts of the platform whose API it speaks: every type, field,
// argument, input and enum value, whole, and what the facts note of them. It is tests only. What is not served yet stands in testdata/not-yet.tsv.
package contract
