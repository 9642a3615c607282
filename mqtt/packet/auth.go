package packet

// An Auth is one step of enhanced authentication in MQTT 5, section 3.15.
type Auth struct {
	Reason       Reason
	Method       []byte // nil only where Reason is Success
	Data         []byte
	ReasonString []byte
	Raw          Block // for User Properties
}

var (
	authReasons       = reasons(ContinueAuthentication, ReAuthenticate)
	authServerReasons = reasons(Success, ContinueAuthentication)

	errNoMethod = &Error{ProtocolError, "no authentication method"}
)

// Parse reads the body of a packet from a client.
func (a *Auth) Parse(body []byte) error { return a.parse(body, &authReasons) }

// ParseServer reads the body of a packet from a server.
func (a *Auth) ParseServer(body []byte) error { return a.parse(body, &authServerReasons) }

func (a *Auth) parse(body []byte, allowed *reasonSet) error {
	*a = Auth{}
	if len(body) == 0 && allowed.has(Success) { // that, left out, section 3.15.2.1
		return nil
	}
	if len(body) == 0 {
		return errReason
	}
	r := reader{b: body}
	a.Reason = r.reason(allowed) // [MQTT-3.15.2-1]
	a.properties(&r)
	if r.err == nil && a.Method == nil { // section 3.15.2.2.2
		return errNoMethod
	}
	return r.end()
}

func (a *Auth) properties(r *reader) {
	w := r.walk(inAuth)
	for w.next() {
		switch w.id {
		case authMethod:
			a.Method = w.data
		case authData:
			a.Data = w.data
		case reasonString:
			a.ReasonString = w.data
		}
	}
	a.Raw = r.leave(&w)
}

// AppendAuth appends a whole packet.
func AppendAuth(dst []byte, a *Auth) []byte {
	dst = append(dst, AUTH.first(), byte(a.Reason))
	at := len(dst)
	dst = appendBytes(dst, authMethod, a.Method)
	dst = appendBytes(dst, authData, a.Data)
	dst = appendBytes(dst, reasonString, a.ReasonString)
	dst = appendUsers(dst, a.Raw)
	if len(dst) == at && a.Reason == Success {
		return append(dst[:at-1], 0)
	}
	return insertLength(insertLength(dst, at, 0), at-1, 0)
}
