package leafnode

import (
	"errors"
	"strings"
	"sync/atomic"
	"time"

	"leafgate/leafnode/wire"
)

// A packing is how a link compresses what it says.
type packing struct {
	mode  string // as agreed
	level atomic.Int32
}

// said is what the other side, and monitoring, are told: the level, if there is one.
func (p *packing) said() string {
	if compresses(p.mode) {
		return levels[p.level.Load()]
	}
	return p.mode
}

// negotiate agrees on compression: where it is wanted by both, INFO in clear says so, and everything behind it is
// compressed, the other side's next INFO too. Else CONNECT is next; so it is where the WebSocket below is compressed: once is enough. An error is for who chose that server.
func (l *link) negotiate(connect *wire.Connect, deflated bool) error {
	mode, err := l.opts.compression.agree(l.info.Compression)
	if err != nil {
		return err
	}
	if (deflated || l.unpacked) && compresses(mode) {
		mode = isOff
	}
	if l.packing.mode = mode; !compresses(mode) {
		connect.Compression = mode
		return nil
	}
	l.offer = connect
	return nil
}

// mostAgreed is up to which round trip compression can be agreed on in the time that servers leave a leaf to come in, which
// is 2 s by default: it takes two round trips, and then the hub has our CONNECT.
const mostAgreed = 900 * time.Millisecond

// hurried says whether the link has ended because there was no time for the round trips that compression costs.
func (l *link) hurried() bool {
	var said refusal
	return l.up.Load() == 0 && compresses(l.packing.mode) &&
		(errors.Is(l.cause, errNoInfo) || errors.As(l.cause, &said) && strings.Contains(string(said), "Authentication Timeout"))
}

// switchOver tells the other side that we compress from here on.
func (l *link) switchOver() {
	level := l.opts.compression.at(l.packing.mode, time.Since(l.conn.Start()))
	l.packing.level.Store(int32(level))
	l.offer.Compression = l.packing.said()
	l.conn.Append(wire.AppendOffer(nil, &wire.Offer{ServerID: l.offer.ServerID, ServerName: l.offer.Name, Version: l.offer.Version,
		Headers: true, ClientID: l.conn.ID(), Compression: l.packing.mode}))
	l.conn.Compress(level)
}

// repack chooses another level after the round trip was measured anew.
func (l *link) repack(rtt time.Duration) {
	if l.packing.mode != isAuto {
		return
	}
	if level := l.opts.compression.at(isAuto, rtt); l.packing.level.Swap(int32(level)) != int32(level) {
		l.conn.CompressAt(level)
	}
}

// onCompressed takes the other side's answer to the offer, its first INFO once more, and asks to come in.
func (l *link) onCompressed(again *wire.Info) error {
	if again.Nonce != "" && again.Nonce != l.info.Nonce { // CONNECT is signed
		return errProtocol.with(errOtherNonce)
	}
	connect := l.offer
	l.offer = nil
	return l.introduce(connect)
}

const errOtherNonce = constError("the nonce has changed while compression was agreed on")

// settled says whether a server below us may not ask for compression any more.
func (f *leaf) settled() bool { return f.packing.mode != "" || !compresses(f.opts.compression.mode) }

// onOffer takes INFO of a server below us, in which it says what it would like. changes: everything behind it is compressed,
// and so is what we say, beginning with INFO once more.
func (f *leaf) onOffer(args []byte) (changes bool, err error) {
	var i wire.Info
	if err := i.Parse(args); err != nil {
		return false, errProtocol.with(err)
	}
	mode, err := f.opts.compression.agree(i.Compression)
	if err != nil {
		return false, errProtocol.with(err)
	}
	if f.packing.mode = mode; !compresses(mode) {
		return false, nil
	}
	level := f.opts.compression.at(mode, time.Since(f.accept.Start()))
	f.packing.level.Store(int32(level))
	f.conn.Compress(level)
	g := f.lis.greeting(f)
	g.Nonce, g.InfoOnConnect, g.Compression = f.lis.nonce(f.conn.ID()), true, mode
	f.conn.Append(wire.AppendGreeting(nil, &g))
	f.authBy = time.Now().Add(f.lis.opts.Load().authTimeout())
	f.conn.TickAt(f.authBy)
	return true, nil
}
