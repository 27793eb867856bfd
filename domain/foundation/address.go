package foundation

// StreetAddress is an address that belongs to what it stands in: it has neither id nor ref. Fields that hold one are marked as personal data where
// it may be a person's.
type StreetAddress struct {
	CompanyName string   `json:"companyName,omitempty" oms:"pii,max=45"`
	Name        string   `json:"name,omitempty" oms:"pii"`
	Street      string   `json:"street,omitempty" oms:"pii,max=100"`
	City        string   `json:"city,omitempty" oms:"pii,max=45"`
	State       string   `json:"state,omitempty" oms:"max=200"`
	Postcode    string   `json:"postcode,omitempty" oms:"pii,max=100"`
	Region      string   `json:"region,omitempty" oms:"max=250"`
	Country     string   `json:"country,omitempty" oms:"max=100"`
	Latitude    *float64 `json:"latitude,omitempty" oms:"pii,least=-90,most=90" doc:"Degrees, north positive."`
	Longitude   *float64 `json:"longitude,omitempty" oms:"pii,least=-180,most=180" doc:"Degrees, east positive."`
	TimeZone    string   `json:"timeZone,omitempty" oms:"max=32,form=timeZone"`
}
