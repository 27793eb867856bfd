package document

// Plain and DecodeOne are the two ways in which a body is read.
var (
	Plain     = plain
	DecodeOne = func(body []byte) (Request, error) {
		var req Request
		err := decodeOne(body, &req)
		return req, err
	}
)
