package packet

// The packets that are always the same. A PINGREQ or PINGRESP that [Next] returns needs no parsing.
const (
	PingRequest  = "\xc0\x00"
	PingResponse = "\xd0\x00"
)
