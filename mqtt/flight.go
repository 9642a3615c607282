package mqtt

import (
	"cmp"
	"slices"

	"leafgate/mqtt/packet"
)

// A flight is a delivery that the client has not acknowledged.
type flight struct {
	seq   uint64 // grows; the packet id follows from it
	pos   uint64 // in the queue; 0: kept nowhere, as the session ends with the connection
	qos   byte
	state FlightState
	again bool   // its PUBLISH is still to be sent again on this connection
	order uint32 // of its PUBREC among all of the session
}

// id is the packet identifier. [MQTT-2.3.1-2] [MQTT-2.2.1-4]
func (f *flight) id() uint16 { return uint16(f.seq%mostFlights) + 1 }

const mostFlights = 65_535

// awaits says whether t is what the client may answer now.
func (f *flight) awaits(t packet.Type) bool {
	switch {
	case f.qos == 1:
		return t == packet.PUBACK
	case f.state == Released:
		return t == packet.PUBCOMP || t == packet.PUBREC
	}
	return t == packet.PUBREC
}

// flights are those of one session, in the order they were sent.
type flights struct {
	list []flight
	from int    // what is before it has been acknowledged
	next uint64 // seq
	late int    // how many are still to be sent again
	recs uint32 // PUBRECs so far
}

func (fs *flights) len() int { return len(fs.list) - fs.from }

// out is how many are under way on this connection. [MQTT-4.9.0-2]
func (fs *flights) out() int { return fs.len() - fs.late }

// release notes that PUBREC came for f.
func (fs *flights) release(f *flight) {
	fs.settle(f)
	fs.recs++
	f.state, f.order = Released, fs.recs
}

// released are those whose PUBREL is under way, in the order of their PUBRECs. [MQTT-4.6.0-4]
func (fs *flights) released() (list []flight) {
	for _, f := range fs.all() {
		if f.state == Released {
			list = append(list, f)
		}
	}
	slices.SortStableFunc(list, func(a, b flight) int { return cmp.Compare(a.order, b.order) })
	return list
}

// renew makes all of them due once more, for a new connection.
func (fs *flights) renew() {
	fs.late = 0
	for i := range fs.all() {
		f := &fs.all()[i]
		if f.again = f.state == Sent; f.again {
			fs.late++
		}
	}
}

// nextAgain answers the oldest that is due once more, which it is then no longer; nil: none is.
func (fs *flights) nextAgain() *flight {
	for i := range fs.all() {
		if f := &fs.all()[i]; f.again {
			fs.settle(f)
			return f
		}
	}
	return nil
}

// settle: f need not be sent again.
func (fs *flights) settle(f *flight) {
	if f.again {
		f.again = false
		fs.late--
	}
}

// all are the flights in order.
func (fs *flights) all() []flight { return fs.list[fs.from:] }

// add takes a new one and gives it an id that is free. There are fewer than mostFlights.
func (fs *flights) add(pos uint64, qos byte) *flight {
	f := flight{seq: fs.next, pos: pos, qos: qos, state: Sent}
	for fs.find(f.id()) != nil {
		f.seq++
	}
	fs.next = f.seq + 1
	if fs.from > 0 && len(fs.list) == cap(fs.list) {
		fs.list = fs.list[:copy(fs.list, fs.list[fs.from:])]
		fs.from = 0
	}
	fs.list = append(fs.list, f)
	return &fs.list[len(fs.list)-1]
}

// undo takes back the last add: nothing was sent.
func (fs *flights) undo() {
	last := len(fs.list) - 1
	fs.next = fs.list[last].seq
	if fs.list = fs.list[:last]; fs.len() == 0 {
		fs.reset()
	}
}

// find answers the flight with that id, or nil. The oldest is mostly the one.
func (fs *flights) find(id uint16) *flight {
	if at, ok := fs.search(id); ok {
		return &fs.list[at]
	}
	return nil
}

// search finds the flight with that id: seq gives the id, so there is one candidate in each round of ids.
func (fs *flights) search(id uint16) (at int, ok bool) {
	all := fs.all()
	if len(all) == 0 || id == 0 {
		return 0, false
	}
	if all[0].id() == id {
		return fs.from, true
	}
	oldest, newest := all[0].seq, all[len(all)-1].seq
	seq := newest - newest%mostFlights + uint64(id-1)
	if seq > newest {
		if seq < mostFlights {
			return 0, false
		}
		seq -= mostFlights
	}
	for seq >= oldest {
		at, ok = slices.BinarySearchFunc(all, seq, func(f flight, seq uint64) int {
			switch {
			case f.seq < seq:
				return -1
			case f.seq > seq:
				return 1
			}
			return 0
		})
		if ok {
			return fs.from + at, true
		}
		if seq < mostFlights {
			break
		}
		seq -= mostFlights
	}
	return 0, false
}

// remove forgets the flight with that id.
func (fs *flights) remove(id uint16) {
	at, ok := fs.search(id)
	if !ok {
		return
	}
	fs.settle(&fs.list[at])
	switch {
	case at == fs.from:
		if fs.from++; fs.from == len(fs.list) {
			fs.reset()
		}
	default:
		fs.list = slices.Delete(fs.list, at, at+1)
	}
}

// keptFlights is how much room an empty list keeps.
const keptFlights = 128

func (fs *flights) reset() {
	fs.from = 0
	if fs.list = fs.list[:0]; cap(fs.list) > keptFlights {
		fs.list = nil
	}
}
