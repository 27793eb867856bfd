package sourcing

import (
	"cmp"
	"math"
	"slices"
)

// earthRadius is the mean radius of the earth in kilometres.
const earthRadius = 6371.0

// milesPerKilometre converts distances for criteria given in miles.
const milesPerKilometre = 0.621371192237334

// equally is by how many kilometres distances may differ and still be the same: a metre.
const equally = 0.001

// Point is a place on earth in degrees.
type Point struct{ Latitude, Longitude float64 }

// Kilometres is the great-circle distance between two points (haversine).
func Kilometres(a, b Point) float64 {
	lat1, lat2 := radians(a.Latitude), radians(b.Latitude)
	sinLat, sinLon := math.Sin((lat2-lat1)/2), math.Sin(radians(b.Longitude-a.Longitude)/2)
	h := sinLat*sinLat + math.Cos(lat1)*math.Cos(lat2)*sinLon*sinLon
	return 2 * earthRadius * math.Asin(math.Sqrt(math.Min(1, h)))
}

func radians(degrees float64) float64 { return degrees * math.Pi / 180 }

// distances is how far candidates are from the destination, in kilometres; NaN where one of the two has no coordinates.
type distances struct {
	exact       []float64
	even        []float64 // the same, but those that differ by less than a metre are equal: the nearest of them counts
	least, most float64   // of the even ones
}

// distances measures the candidates, once for all criteria.
func (v *view) distances() *distances {
	if v.far != nil {
		return v.far
	}
	n := len(v.candidates)
	figures := make([]float64, 2*n)
	v.far = &distances{exact: figures[:n:n], even: figures[n:], least: math.Inf(1), most: math.Inf(-1)}
	known := make([]int, 0, n)
	for i := range v.candidates {
		at := v.candidates[i].location.Point
		if at == nil || v.request.Destination == nil {
			v.far.exact[i], v.far.even[i] = math.NaN(), math.NaN()
			continue
		}
		v.far.exact[i] = Kilometres(*v.request.Destination, *at)
		known = append(known, i)
	}
	slices.SortFunc(known, func(a, b int) int { return cmp.Compare(v.far.exact[a], v.far.exact[b]) })
	nearest := math.Inf(-1)
	for _, i := range known {
		if v.far.exact[i]-nearest >= equally {
			nearest = v.far.exact[i]
		}
		v.far.even[i] = nearest
		v.far.least, v.far.most = min(v.far.least, nearest), max(v.far.most, nearest)
	}
	return v.far
}
