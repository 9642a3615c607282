package mqtt

import "slices"

// An idSet holds packet identifiers, sorted. The zero set is empty.
type idSet []uint16

// keptIDs is how many keep their memory when the set is empty.
const keptIDs = 64

func (s idSet) has(id uint16) bool {
	_, found := slices.BinarySearch(s, id)
	return found
}

func (s *idSet) add(id uint16) {
	if at, found := slices.BinarySearch(*s, id); !found {
		*s = slices.Insert(*s, at, id)
	}
}

// remove takes id out and says whether it was there.
func (s *idSet) remove(id uint16) bool {
	at, found := slices.BinarySearch(*s, id)
	if !found {
		return false
	}
	if *s = slices.Delete(*s, at, at+1); len(*s) == 0 && cap(*s) > keptIDs {
		*s = nil
	}
	return true
}
