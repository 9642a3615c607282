package packet

import (
	"encoding/binary"
	"iter"
)

// A Block is the property block of a packet as it came, without its length.
type Block []byte

// Users iterates over the names and values of the User Properties, in order; a name may come again. They alias the block.
func (b Block) Users() iter.Seq2[[]byte, []byte] {
	return func(yield func(name, value []byte) bool) {
		for w := (walker{rest: b}); w.take(); {
			if w.id == userProperty && !yield(w.data, w.value) {
				return
			}
		}
	}
}

// SubscriptionIDs iterates over the Subscription Identifiers.
func (b Block) SubscriptionIDs() iter.Seq[uint32] {
	return func(yield func(uint32) bool) {
		for w := (walker{rest: b}); w.take(); {
			if w.id == subscriptionID && !yield(w.number) {
				return
			}
		}
	}
}

// AppendUser appends a User Property to a property block.
func AppendUser[T ~string | ~[]byte](dst []byte, name, value T) []byte {
	return AppendString(AppendString(append(dst, userProperty), name), value)
}

// AppendSubscriptionID appends a Subscription Identifier, 1 to [MaxVarint], to a property block.
func AppendSubscriptionID(dst []byte, id uint32) []byte { return appendNumber(dst, subscriptionID, id) }

// AppendTopicAlias appends a Topic Alias, which is not 0, to a property block.
func AppendTopicAlias(dst []byte, alias uint16) []byte {
	return appendNumber(dst, topicAlias, uint32(alias))
}

// appendNumber appends a property whose value is a number.
func appendNumber(dst []byte, id byte, value uint32) []byte {
	dst = append(dst, id)
	switch rules[id].kind {
	case oneByte:
		return append(dst, byte(value))
	case twoBytes:
		return binary.BigEndian.AppendUint16(dst, uint16(value))
	case varBytes:
		return AppendVarint(dst, int(value))
	}
	return binary.BigEndian.AppendUint32(dst, value)
}

// appendIf appends a number that is there.
func appendIf(dst []byte, there bool, id byte, value uint32) []byte {
	if !there {
		return dst
	}
	return appendNumber(dst, id, value)
}

// appendBytes appends a string or binary data; nil is none.
func appendBytes(dst []byte, id byte, value []byte) []byte {
	if value == nil {
		return dst
	}
	return AppendString(append(dst, id), value)
}

// appendUsers appends the User Properties of another block.
func appendUsers(dst []byte, from Block) []byte {
	for name, value := range from.Users() {
		dst = AppendUser(dst, name, value)
	}
	return dst
}
