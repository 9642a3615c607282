// Package wsframe is the framing of WebSocket, RFC 6455 with the compression of RFC 7692: bytes in, values out. It knows no
// connection and no message: what frames carry is the caller's.
//
// A frame is a header and a payload:
//
//	FIN RSV1 RSV2 RSV3 opcode(4)   MASK length(7)   [length(16) or length(64)]   [key(32)]   payload
//
// The length is in the first form that it fits: up to 125 in the seven bits, 126 and 127 there say that 16 or 64 bits
// follow. What clients send is masked with the key, what servers send is not. Control frames come between the fragments of
// a message, carry 125 bytes at most, and are not fragments themselves. RSV1 at the first frame of a message says that the
// message is compressed.
package wsframe
