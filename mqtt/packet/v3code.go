package packet

// v3Reasons are the return codes of CONNACK before MQTT 5 in the words of MQTT 5, section 3.2.2.3 of 3.1.1.
var v3Reasons = [...]Reason{Success, UnsupportedVersion, ClientIDNotValid, ServerUnavailable, BadUserNameOrPassword, NotAuthorized}

// V3Code returns the CONNACK return code that says r before MQTT 5. Where there is none it reports false, and the connection
// is closed without a CONNACK: no code above 5 may be made up. [MQTT-3.2.2-6] of 3.1.1
func V3Code(r Reason) (code byte, ok bool) {
	switch r {
	case Success:
		return 0, true
	case UnsupportedVersion:
		return 1, true
	case ClientIDNotValid:
		return 2, true
	case ServerUnavailable, ServerBusy, ServerShuttingDown, UseAnotherServer, ServerMoved, ConnectionRateExceeded, QuotaExceeded:
		return 3, true
	case BadUserNameOrPassword:
		return 4, true
	case NotAuthorized, Banned, BadAuthenticationMethod:
		return 5, true
	}
	return 0, false
}

// returnCode reads the return code of a CONNACK.
func (r *reader) returnCode() Reason {
	code := r.uint8()
	if int(code) >= len(v3Reasons) {
		r.fail(errReturnCode)
		return Unspecified
	}
	return v3Reasons[code]
}
