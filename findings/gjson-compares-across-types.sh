#!/bin/bash
# github.com/tidwall/gjson 1.20.2 (Go), reading lines of an order.
#
# Guess:     a query for the lines whose sku is the text "1" leaves out those whose sku is the number 1, as === does in JavaScript and == in jq.
# What is:   #(sku=="1")# finds both. #(qty>9)# goes the other way: a number is never compared with a text, so "10" is not found, and nothing says so.
# Guess 2:   String() of a number is what stands in the text.
# What is:   12.0 and 1.2e1 are "12"; Raw has what was written. encoding/json's Number keeps "12.0".
# Guess 3:   of two members of one name the last counts, as in encoding/json and JavaScript.
# What is:   Get takes the first, ForEach shows both: two readers of one body see different quantities.
# So:        compare Raw and Type, not values; read members by ForEach, and let the last one count where other readers do.
set -euo pipefail
dir=$(mktemp -d)
trap 'chmod -R u+w "$dir"; rm -rf "$dir"' EXIT
cd "$dir"
go mod init example >/dev/null 2>&1
go get github.com/tidwall/gjson@v1.20.2 >/dev/null 2>&1
cat >main.go <<'GO'
package main

import (
	"encoding/json"
	"fmt"

	"github.com/tidwall/gjson"
)

func main() {
	lines := `{"lines":[{"sku":"1","qty":10},{"sku":1,"qty":"10"},{"sku":"2","qty":9}]}`
	fmt.Println(`sku=="1":`, gjson.Get(lines, `lines.#(sku=="1")#.sku`))
	fmt.Println(`qty>9:`, gjson.Get(lines, `lines.#(qty>9)#.qty`))
	for _, number := range []string{"12.0", "1.2e1"} {
		var std json.Number
		if err := json.Unmarshal([]byte(number), &std); err != nil {
			panic(err)
		}
		v := gjson.Parse(number)
		fmt.Println(number, "String", v.String(), "Raw", v.Raw, "encoding/json", std)
	}
	twice := `{"qty":1,"qty":2}`
	var std map[string]int
	if err := json.Unmarshal([]byte(twice), &std); err != nil {
		panic(err)
	}
	fmt.Print("twice: Get ", gjson.Get(twice, "qty"), ", encoding/json ", std["qty"], ", ForEach")
	gjson.Parse(twice).ForEach(func(_, v gjson.Result) bool { fmt.Print(" ", v); return true })
	fmt.Println()
}
GO
seen=$(go run .)
echo "$seen"
expected='sku=="1": ["1",1]
qty>9: [10]
12.0 String 12 Raw 12.0 encoding/json 12.0
1.2e1 String 12 Raw 1.2e1 encoding/json 1.2e1
twice: Get 1, encoding/json 2, ForEach 1 2'
[[ $seen == "$expected" ]] || { echo "It behaves otherwise now." >&2; exit 1; }
