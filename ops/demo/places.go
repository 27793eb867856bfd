package demo

// place is a location of the demo retailer: a real shopping street, centre or industrial park, with its coordinates.
type place struct {
	ref, name, suburb, state, postcode string
	latitude, longitude                float64
	timeZone                           string
}

const (
	sydney   = "Australia/Sydney"
	perth    = "Australia/Perth"
	brisbane = "Australia/Brisbane"
	adelaide = "Australia/Adelaide"
)

var warehouses = []place{
	{"DC-SYD", "Eastern Creek Distribution Centre", "Eastern Creek", "NSW", "2766", -33.8000, 150.8520, sydney},
	{"DC-MEL", "Truganina Distribution Centre", "Truganina", "VIC", "3029", -37.8160, 144.7440, "Australia/Melbourne"},
}

var stores = []place{
	{"SYD-CBD", "Sydney Pitt Street Mall", "Sydney", "NSW", "2000", -33.8696, 151.2088, sydney},
	{"SYD-BON", "Bondi Junction", "Bondi Junction", "NSW", "2022", -33.8917, 151.2507, sydney},
	{"SYD-PAR", "Parramatta", "Parramatta", "NSW", "2150", -33.8177, 151.0040, sydney},
	{"SYD-CHA", "Chatswood", "Chatswood", "NSW", "2067", -33.7969, 151.1833, sydney},
	{"SYD-HUR", "Hurstville", "Hurstville", "NSW", "2220", -33.9670, 151.1020, sydney},
	{"SYD-MAC", "Macquarie Park", "Macquarie Park", "NSW", "2113", -33.7769, 151.1206, sydney},
	{"SYD-CAS", "Castle Hill", "Castle Hill", "NSW", "2154", -33.7310, 151.0060, sydney},
	{"SYD-PEN", "Penrith", "Penrith", "NSW", "2750", -33.7510, 150.6940, sydney},
	{"SYD-NEW", "Newtown King Street", "Newtown", "NSW", "2042", -33.8980, 151.1790, sydney},
	{"SYD-MAN", "Manly Corso", "Manly", "NSW", "2095", -33.7970, 151.2860, sydney},
	{"NSW-NCL", "Newcastle Hunter Street", "Newcastle", "NSW", "2300", -32.9270, 151.7760, sydney},
	{"NSW-WOL", "Wollongong Crown Street", "Wollongong", "NSW", "2500", -34.4250, 150.8940, sydney},
	{"NSW-BYR", "Byron Bay", "Byron Bay", "NSW", "2481", -28.6430, 153.6120, sydney},
	{"ACT-CBR", "Canberra Civic", "Canberra", "ACT", "2601", -35.2790, 149.1340, sydney},
	{"ACT-BEL", "Belconnen", "Belconnen", "ACT", "2617", -35.2390, 149.0660, sydney},
	{"MEL-CBD", "Melbourne Bourke Street", "Melbourne", "VIC", "3000", -37.8136, 144.9647, "Australia/Melbourne"},
	{"MEL-FIT", "Fitzroy Brunswick Street", "Fitzroy", "VIC", "3065", -37.7980, 144.9780, "Australia/Melbourne"},
	{"MEL-CHA", "Chadstone", "Chadstone", "VIC", "3148", -37.8860, 145.0830, "Australia/Melbourne"},
	{"MEL-DON", "Doncaster", "Doncaster", "VIC", "3108", -37.7840, 145.1260, "Australia/Melbourne"},
	{"MEL-SOU", "South Yarra Chapel Street", "South Yarra", "VIC", "3141", -37.8390, 144.9950, "Australia/Melbourne"},
	{"MEL-MAR", "Maribyrnong", "Maribyrnong", "VIC", "3032", -37.7740, 144.8880, "Australia/Melbourne"},
	{"MEL-BOX", "Box Hill", "Box Hill", "VIC", "3128", -37.8190, 145.1220, "Australia/Melbourne"},
	{"VIC-GEE", "Geelong", "Geelong", "VIC", "3220", -38.1490, 144.3610, "Australia/Melbourne"},
	{"VIC-BAL", "Ballarat Sturt Street", "Ballarat Central", "VIC", "3350", -37.5620, 143.8580, "Australia/Melbourne"},
	{"VIC-BEN", "Bendigo", "Bendigo", "VIC", "3550", -36.7580, 144.2800, "Australia/Melbourne"},
	{"TAS-HOB", "Hobart Elizabeth Street", "Hobart", "TAS", "7000", -42.8820, 147.3270, "Australia/Hobart"},
	{"TAS-LAU", "Launceston", "Launceston", "TAS", "7250", -41.4370, 147.1380, "Australia/Hobart"},
	{"ADL-RUN", "Adelaide Rundle Mall", "Adelaide", "SA", "5000", -34.9230, 138.6030, adelaide},
	{"ADL-GLE", "Glenelg Jetty Road", "Glenelg", "SA", "5045", -34.9800, 138.5150, adelaide},
	{"ADL-MAR", "Marion", "Oaklands Park", "SA", "5046", -35.0170, 138.5560, adelaide},
	{"PER-CBD", "Perth Murray Street", "Perth", "WA", "6000", -31.9540, 115.8570, perth},
	{"PER-FRE", "Fremantle", "Fremantle", "WA", "6160", -32.0560, 115.7470, perth},
	{"PER-CAN", "Cannington", "Cannington", "WA", "6107", -32.0190, 115.9370, perth},
	{"PER-JOO", "Joondalup", "Joondalup", "WA", "6027", -31.7450, 115.7660, perth},
	{"BNE-CBD", "Brisbane Queen Street", "Brisbane City", "QLD", "4000", -27.4690, 153.0250, brisbane},
	{"BNE-CHE", "Chermside", "Chermside", "QLD", "4032", -27.3860, 153.0310, brisbane},
	{"BNE-GRA", "Upper Mount Gravatt", "Upper Mount Gravatt", "QLD", "4122", -27.5620, 153.0820, brisbane},
	{"QLD-GCO", "Gold Coast Broadbeach", "Broadbeach", "QLD", "4218", -28.0360, 153.4290, brisbane},
	{"QLD-SUN", "Maroochydore", "Maroochydore", "QLD", "4558", -26.6540, 153.0880, brisbane},
	{"QLD-TSV", "Townsville", "Townsville", "QLD", "4810", -19.2590, 146.8180, brisbane},
	{"QLD-CNS", "Cairns", "Cairns", "QLD", "4870", -16.9200, 145.7710, brisbane},
	{"NT-DRW", "Darwin Smith Street", "Darwin City", "NT", "0800", -12.4630, 130.8440, "Australia/Darwin"},
}

// storeHours are the stores' opening hours: late on Thursdays, short on Sundays.
func storeHours() map[string]any {
	hours := map[string]any{"allHours": false}
	for _, day := range []string{"mon", "tue", "wed", "fri", "sat"} {
		hours[day+"Start"], hours[day+"End"] = 900, 1800
	}
	hours["thuStart"], hours["thuEnd"] = 900, 2100
	hours["sunStart"], hours["sunEnd"] = 1000, 1700
	return hours
}

// allHours is the schedule of a place that never closes.
func allHours() map[string]any {
	hours := map[string]any{"allHours": true}
	for _, day := range []string{"mon", "tue", "wed", "thu", "fri", "sat", "sun"} {
		hours[day+"Start"], hours[day+"End"] = 0, 0
	}
	return hours
}
