package packet

// A Will is published when the client goes without a word, section 3.1.2.5.
type Will struct {
	QoS        byte
	Retain     bool
	Topic      []byte // checked as a string, not as a topic
	Payload    []byte
	Delay      uint32            // in seconds
	Properties PublishProperties // never with an alias
}

// parse reads the fields of the will, which must be there. [MQTT-3.1.2-9]
func (m *Will) parse(r *reader, flags byte, v Version) {
	m.QoS, m.Retain = flags&flagWillQoS>>3, flags&flagWillRetain != 0
	if v == V5 {
		w := r.walk(inWill)
		for w.next() {
			if w.id == willDelay {
				m.Delay = w.number
			}
			m.Properties.set(&w)
		}
		m.Properties.Raw = r.leave(&w)
	}
	m.Topic = r.text() // [MQTT-3.1.3-10], [MQTT-3.1.3-11] of 5.0
	m.Payload = r.binary()
}

func (m *Will) append(dst []byte, v Version) []byte {
	if v == V5 {
		begin := len(dst)
		dst = appendIf(dst, m.Delay != 0, willDelay, m.Delay)
		dst = insertLength(m.Properties.append(dst), begin, 0)
	}
	return AppendString(AppendString(dst, m.Topic), m.Payload)
}
