package sourcing

import "math"

// earthRadius is the mean radius of the earth in kilometres.
const earthRadius = 6371.0

// milesPerKilometre converts distances for criteria given in miles.
const milesPerKilometre = 0.621371192237334

// Point is a place on earth in degrees.
type Point struct{ Latitude, Longitude float64 }

// Kilometres is the great-circle distance between two points (haversine).
func Kilometres(a, b Point) float64 {
	lat1, lat2 := radians(a.Latitude), radians(b.Latitude)
	dLat, dLon := lat2-lat1, radians(b.Longitude-a.Longitude)
	h := math.Pow(math.Sin(dLat/2), 2) + math.Cos(lat1)*math.Cos(lat2)*math.Pow(math.Sin(dLon/2), 2)
	return 2 * earthRadius * math.Asin(math.Sqrt(math.Min(1, h)))
}

func radians(degrees float64) float64 { return degrees * math.Pi / 180 }
