package netio

import "net"

// What tests of the package's outside need from its inside.

func (d *Driver) PreAuth() int64 { return d.preAuth.Load() }

func (d *Driver) Serve(n net.Listener, s SessionServer, o ListenOptions) *Listener {
	return d.serve(n, s, o)
}

func Proxy(b []byte) (addr string, n int, err error) {
	a, n, err := parseProxy(b)
	if a.IsValid() {
		addr = a.String()
	}
	return addr, n, err
}

// Answer has u agree to an answer of the other side.
func Answer(u *Upgrade, head []byte) error {
	r, err := readAnswer(head, u.request("key"))
	if err != nil {
		return err
	}
	return u.agree(r, "key")
}

var ErrPreAuth = errPreAuth
