package mqtt

import (
	"cmp"
	"slices"

	"leafgate/mqtt/packet"
)

// A flight is a delivery that the client has not acknowledged.
type flight struct {
	Flight
	pos   uint64 // in the queue; 0: kept nowhere, as the session ends with the connection
	due   bool   // its PUBLISH is still to be sent on this connection
	dup   bool   // it may have been sent before
	ready bool   // the queue has it as it is, so that the next packet about it may go out
}

// id is the packet identifier. [MQTT-2.3.1-2] [MQTT-2.2.1-4]
func (f *flight) id() uint16 { return uint16(f.Seq%mostFlights) + 1 }

const mostFlights = 65_535

// awaits says whether t is what the client may answer now.
func (f *flight) awaits(t packet.Type) bool {
	switch {
	case f.QoS == 1:
		return t == packet.PUBACK
	case f.State == Released:
		return t == packet.PUBCOMP || t == packet.PUBREC
	}
	return t == packet.PUBREC
}

// flights are those of one session, in the order they were sent.
type flights struct {
	list []flight
	from int    // what is before it has been acknowledged
	next uint64 // seq
	late int    // how many are still to be sent
	dups int    // those of them that may have been sent before
	recs uint32 // PUBRECs so far
	mark uint64 // seq; none before it is still to be sent
}

func (fs *flights) len() int { return len(fs.list) - fs.from }

// out is how many are under way on this connection. [MQTT-4.9.0-2]
func (fs *flights) out() int { return fs.len() - fs.late }

// release notes that PUBREC came for f.
func (fs *flights) release(f *flight) {
	fs.settle(f)
	fs.recs++
	f.State, f.Order = Released, fs.recs
}

// released are those whose PUBREL may be under way, in the order of their PUBRECs. [MQTT-4.6.0-4]
func (fs *flights) released() (list []flight) {
	for _, f := range fs.all() {
		if f.State == Released && f.ready {
			list = append(list, f)
		}
	}
	slices.SortStableFunc(list, func(a, b flight) int { return cmp.Compare(a.Order, b.Order) })
	return list
}

// renew makes all of them due once more, for a new connection.
func (fs *flights) renew() {
	fs.late, fs.dups, fs.mark = 0, 0, 0
	for i := range fs.all() {
		f := &fs.all()[i]
		if f.State != Sent {
			f.due = false
			continue
		}
		f.dup = f.dup || !f.due
		fs.delay(f)
	}
}

// delay: f is still to be sent.
func (fs *flights) delay(f *flight) {
	f.due = true
	fs.late++
	if f.dup {
		fs.dups++
	}
}

// nextDue answers the oldest that is still to be sent; nil: none is, or it has to wait for the queue.
func (fs *flights) nextDue() *flight {
	all := fs.all()
	at, _ := slices.BinarySearchFunc(all, fs.mark, bySeq)
	for i := at; i < len(all); i++ {
		if f := &all[i]; f.due {
			fs.mark = f.Seq
			if !f.ready {
				return nil
			}
			return f
		}
	}
	return nil
}

func bySeq(f flight, seq uint64) int { return cmp.Compare(f.Seq, seq) }

// settle: f need not be sent any more.
func (fs *flights) settle(f *flight) {
	if f.due {
		f.due = false
		fs.late--
		if f.dup {
			fs.dups--
		}
	}
}

// at finds the flight of what is queued at pos, or nil.
func (fs *flights) at(pos uint64) *flight {
	all := fs.all()
	i, found := slices.BinarySearchFunc(all, pos, func(f flight, pos uint64) int { return cmp.Compare(f.pos, pos) })
	if found && pos != 0 {
		return &all[i]
	}
	for i := range all { // after a restart, places may be in another order
		if all[i].pos == pos && pos != 0 {
			return &all[i]
		}
	}
	return nil
}

// all are the flights in order.
func (fs *flights) all() []flight { return fs.list[fs.from:] }

// add takes a new one and gives it an id that is free. There are fewer than mostFlights.
func (fs *flights) add(pos uint64, qos byte) *flight {
	f := flight{Flight: Flight{Seq: fs.next, QoS: qos, State: Sent}, pos: pos, ready: true}
	for fs.find(f.id()) != nil {
		f.Seq++
	}
	fs.next = f.Seq + 1
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
	fs.settle(&fs.list[last])
	fs.next = fs.list[last].Seq
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
	oldest, newest := all[0].Seq, all[len(all)-1].Seq
	seq := newest - newest%mostFlights + uint64(id-1)
	if seq > newest {
		if seq < mostFlights {
			return 0, false
		}
		seq -= mostFlights
	}
	for seq >= oldest {
		at, ok = slices.BinarySearchFunc(all, seq, bySeq)
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
