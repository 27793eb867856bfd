package demo

import (
	"fmt"
	"math"
)

// category is a leaf of the demo's category tree, with what its designs are called and cost.
type category struct {
	ref, name, parent string
	noun              string
	price             float64 // of the cheapest design, before tax, in AUD
	sizes             []string
}

var departments = []struct{ ref, name string }{
	{"APPAREL", "Apparel"}, {"FOOTWEAR", "Footwear"}, {"GEAR", "Gear"},
}

var categories = []category{
	{"TOPS", "Tops", "APPAREL", "Merino Tee", 49, []string{"S", "M", "L", "XL"}},
	{"JACKETS", "Jackets", "APPAREL", "Rain Jacket", 189, []string{"S", "M", "L", "XL"}},
	{"TROUSERS", "Trousers", "APPAREL", "Trek Trousers", 99, []string{"30", "32", "34", "36"}},
	{"FLEECE", "Fleece", "APPAREL", "Fleece Hoody", 119, []string{"S", "M", "L", "XL"}},
	{"BOOTS", "Boots", "FOOTWEAR", "Hiking Boot", 229, []string{"40", "42", "44", "46"}},
	{"RUNNERS", "Trail Runners", "FOOTWEAR", "Trail Runner", 159, []string{"40", "42", "44", "46"}},
	{"PACKS", "Packs", "GEAR", "Day Pack", 129, []string{"18L", "24L", "32L", "45L"}},
	{"TENTS", "Tents", "GEAR", "Tent", 349, []string{"1P", "2P", "3P", "4P"}},
	{"SLEEP", "Sleeping Bags", "GEAR", "Sleeping Bag", 199, []string{"+10", "+5", "0", "-5"}},
	{"COOK", "Camp Kitchen", "GEAR", "Cook Set", 59, []string{"SOLO", "DUO", "TRIO", "CREW"}},
}

var ranges = []string{
	"Kosciuszko", "Bogong", "Larapinta", "Overland", "Bibbulmun", "Grampians", "Flinders", "Daintree", "Otway", "Tasman",
	"Kakadu", "Snowy", "Barrington", "Wollemi", "Heysen", "Cape York", "Stirling", "Lamington", "Budawang", "Freycinet",
}

// product is one product of the demo catalogue. parent is empty for products that stand alone or have variants of their own.
type product struct {
	ref, parent, name, category, gtin string
	price                             float64
	sellable                          bool
}

// products lists 200 designs that come in four sizes each (800 variants) and 200 products without variants: 1,000 that can be
// sold, in catalogue order.
func products() []product {
	var all []product
	for c, cat := range categories {
		for r, name := range ranges {
			price := math.Round(cat.price*(1+float64(r)*0.04)*100) / 100
			design := fmt.Sprintf("%s-%02d", cat.ref, r+1)
			all = append(all, product{
				ref: design, name: name + " " + cat.noun, category: cat.ref, gtin: gtin(c, r, 0), price: price,
			})
			for s, size := range cat.sizes {
				all = append(all, product{
					ref: design + "-" + size, parent: design, name: name + " " + cat.noun + " " + size, category: cat.ref,
					gtin: gtin(c, r, s+1), price: price, sellable: true,
				})
			}
			all = append(all, product{
				ref: design + "-CARE", name: name + " " + cat.noun + " Care Kit", category: cat.ref,
				gtin: gtin(c, r, 9), price: math.Round(price*10) / 100, sellable: true,
			})
		}
	}
	return all
}

// gtin makes a GTIN-13 with a right check digit, in the range kept for use within a company.
func gtin(numbers ...int) string {
	digits := "29"
	for _, n := range numbers {
		digits += fmt.Sprintf("%03d", n)
	}
	digits += "0"
	sum := 0
	for i, d := range digits {
		weight := 1 + 2*(i%2)
		sum += int(d-'0') * weight
	}
	return digits + fmt.Sprint((10-sum%10)%10)
}
