package packet

// A Disconnect ends a connection, section 3.14.
type Disconnect struct {
	Reason           Reason
	HasSessionExpiry bool
	SessionExpiry    uint32 // in seconds, from a client only
	ReasonString     []byte
	ServerReference  []byte // host[:port] and so on, from a server
	Raw              Block  // for User Properties
}

var (
	disconnectReasons = reasons(NormalDisconnection, DisconnectWithWill, Unspecified, Malformed, ProtocolError,
		ImplementationSpecific, TopicNameInvalid, ReceiveMaximumExceeded, TopicAliasInvalid, PacketTooLarge,
		MessageRateTooHigh, QuotaExceeded, AdministrativeAction, PayloadFormatInvalid)
	dismissalReasons = reasons(NormalDisconnection, Unspecified, Malformed, ProtocolError, ImplementationSpecific,
		NotAuthorized, ServerBusy, ServerShuttingDown, KeepAliveTimeout, SessionTakenOver, TopicFilterInvalid,
		TopicNameInvalid, ReceiveMaximumExceeded, TopicAliasInvalid, PacketTooLarge, MessageRateTooHigh, QuotaExceeded,
		AdministrativeAction, PayloadFormatInvalid, RetainNotSupported, QoSNotSupported, UseAnotherServer, ServerMoved,
		SharedNotSupported, ConnectionRateExceeded, MaximumConnectTime, SubIDsNotSupported, WildcardsNotSupported)
)

// Parse reads the body of a packet from a client. Before MQTT 5 there is none.
func (d *Disconnect) Parse(body []byte, v Version) error {
	*d = Disconnect{}
	if v != V5 {
		r := reader{b: body}
		return r.end() // [MQTT-3.14.1-1]
	}
	return d.parse(body, inDisconnect, &disconnectReasons)
}

// ParseServer reads the body of a packet from a server, which sends none before MQTT 5.
func (d *Disconnect) ParseServer(body []byte) error {
	return d.parse(body, inDismissal, &dismissalReasons) // no Session Expiry Interval there [MQTT-3.14.2-2]
}

func (d *Disconnect) parse(body []byte, in place, allowed *reasonSet) error {
	*d = Disconnect{}
	if len(body) == 0 { // a normal disconnection, section 3.14.2.1
		return nil
	}
	r := reader{b: body}
	d.Reason = r.reason(allowed) // [MQTT-3.14.2-1]
	if len(r.b) > 0 {            // they may be left out, section 3.14.2.2.1
		d.properties(&r, in)
	}
	return r.end()
}

func (d *Disconnect) properties(r *reader, in place) {
	w := r.walk(in)
	for w.next() {
		switch w.id {
		case sessionExpiry:
			d.SessionExpiry, d.HasSessionExpiry = w.number, true
		case reasonString:
			d.ReasonString = w.data
		case serverReference:
			d.ServerReference = w.data
		}
	}
	d.Raw = r.leave(&w)
}

// Append appends a whole packet: two bytes for a normal disconnection, the only one there is before MQTT 5.
func (d *Disconnect) Append(dst []byte) []byte {
	first := len(dst)
	dst = append(dst, DISCONNECT.first(), byte(d.Reason))
	at := len(dst)
	dst = appendIf(dst, d.HasSessionExpiry, sessionExpiry, d.SessionExpiry)
	dst = appendBytes(dst, reasonString, d.ReasonString)
	dst = appendBytes(dst, serverReference, d.ServerReference)
	dst = appendUsers(dst, d.Raw)
	switch {
	case len(dst) > at:
		dst = insertLength(dst, at, 0)
	case d.Reason == NormalDisconnection:
		dst = dst[:first+1]
	}
	return insertLength(dst, first+1, 0)
}

// AppendDisconnect appends what a server of MQTT 5 sends; nil stands for a property that is left out.
func AppendDisconnect(dst []byte, r Reason, reasonString, serverReference []byte) []byte {
	d := Disconnect{Reason: r, ReasonString: reasonString, ServerReference: serverReference}
	return d.Append(dst)
}
