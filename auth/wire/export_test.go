package wire

// Codes are what kinds of faults are called in Connect.
var Codes = codes

// CheckEnums refuses a message that has the number of no enum value somewhere.
var CheckEnums = checkEnums
