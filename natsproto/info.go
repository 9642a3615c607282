package natsproto

import (
	"runtime"

	"leafgate/natsproto/wire"
)

// CompatVersion is the version of nats-server that INFO announces: clients enable features by it.
const CompatVersion = "2.15.2"

// info is what INFO says to every client of l.
func (l *listener) info() wire.Info {
	m, lo := l.module, l.opts.Load()
	o := m.opts.Load()
	return wire.Info{
		ServerID:     m.env.Server.ID,
		ServerName:   m.env.Server.Name,
		Version:      CompatVersion,
		Proto:        1,
		GitCommit:    m.env.Server.Commit,
		Go:           runtime.Version(),
		Host:         lo.host,
		Port:         l.port(),
		Headers:      !o.noHeaders,
		AuthRequired: lo.rules.AuthRequired(),
		TLSRequired:  lo.tls != nil && !lo.allowPlain,
		TLSVerify:    lo.tls != nil && lo.tls.Verify(),
		TLSAvailable: lo.tls != nil && lo.allowPlain,
		MaxPayload:   o.limits.Payload,
		ConnectURLs:  lo.advertise,
	}
}

// greeting is the INFO that a connection begins with.
func (s *session) greeting() []byte {
	i := s.info()
	i.AuthRequired = s.lis.opts.Load().rules.Required()
	if s.conn.TLS() != nil { // handshake first
		i.TLSRequired = true
	}
	return wire.AppendInfo(nil, &i)
}

// info is what INFO says to this client.
func (s *session) info() wire.Info {
	i := s.lis.info()
	i.ClientID = s.conn.ID()
	i.ClientIP = s.conn.RemoteAddr().Addr().Unmap().String()
	i.MaxPayload = s.limits().Payload
	i.Nonce = s.nonce()
	return i
}

// connectInfo is the INFO behind the first PONG.
func (s *session) connectInfo() []byte {
	i := s.info()
	i.ConnectInfo = true
	i.RemoteAccount = s.ep.Account().Name()
	i.System = s.ep.Account() == s.lis.module.env.Auth.SystemAccount()
	return wire.AppendInfo(nil, &i)
}

// asyncInfo is an INFO that says something new in between.
func (s *session) asyncInfo() []byte {
	i := s.info()
	return wire.AppendInfo(nil, &i)
}
