package mqtt

import "leafgate/mqtt/packet"

// onDisconnect takes the client's leave. [MQTT-3.14.4-3] [MQTT-3.1.2-10]
func (c *conn) onDisconnect(body []byte) error {
	var p packet.Disconnect
	if err := p.Parse(body, c.version); err != nil {
		return err
	}
	if p.HasSessionExpiry {
		if err := c.session.changeExpiry(p.SessionExpiry, c.options().maxExpiry); err != nil {
			return err
		}
	}
	c.flags |= parting
	if p.Reason != packet.NormalDisconnection {
		return errGoneWithWill
	}
	return errGone
}

// changeExpiry takes a new session expiry interval, unless the session was to end with the connection. [MQTT-3.14.2-2]
func (s *session) changeExpiry(seconds, most uint32) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.expiry == 0 && seconds > 0 {
		return errSessionExpiry
	}
	s.expiry = min(seconds, most)
	return nil
}

// onAuth refuses re-authentication: no method is served, so none was agreed on. [MQTT-4.12.0-7]
func (c *conn) onAuth(body []byte) error {
	var p packet.Auth
	if err := p.Parse(body); err != nil {
		return err
	}
	return errUnasked
}
