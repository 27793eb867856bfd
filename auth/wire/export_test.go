package wire

// CheckEnums refuses a message that has the number of no enum value somewhere.
var CheckEnums = checkEnums
