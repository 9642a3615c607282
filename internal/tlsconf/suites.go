package tlsconf

import (
	"crypto/tls"

	"leafgate/config"
)

func readMinVersion(b *config.Block) uint16 {
	switch v := b.String("1.2", "min_version"); v {
	case "1.2":
		return tls.VersionTLS12
	case "1.3":
		return tls.VersionTLS13
	default:
		b.Errorf("min_version", "want \"1.2\" or \"1.3\", got %q", v)
		return tls.VersionTLS12
	}
}

// readCiphers reads the suites allowed for TLS 1.2 and older; nil: Go's choice.
func readCiphers(b *config.Block) (ids []uint16) {
	insecure := b.Bool(false, "allow_insecure_cipher_suites")
	for _, name := range b.Strings("cipher_suites") {
		id, weak, ok := cipher(name)
		switch {
		case !ok:
			b.Errorf("cipher_suites", "unrecognized cipher %s", name)
		case weak && !insecure:
			b.Errorf("cipher_suites", "insecure cipher suites configured without 'allow_insecure_cipher_suites' option set: %s", name)
		}
		ids = append(ids, id)
	}
	if b.Has("cipher_suites") && len(ids) == 0 {
		b.Errorf("cipher_suites", "'cipher_suites' cannot be empty")
	}
	return ids
}

func cipher(name string) (id uint16, weak, ok bool) {
	for _, c := range tls.CipherSuites() {
		if c.Name == name {
			return c.ID, false, true
		}
	}
	for _, c := range tls.InsecureCipherSuites() {
		if c.Name == name {
			return c.ID, true, true
		}
	}
	return 0, false, false
}

// readCurves reads the key exchanges allowed; nil: Go's choice.
func readCurves(b *config.Block) (ids []tls.CurveID) {
	known := map[string]tls.CurveID{
		"X25519MLKEM768": tls.X25519MLKEM768, "SecP256r1MLKEM768": tls.SecP256r1MLKEM768,
		"SecP384r1MLKEM1024": tls.SecP384r1MLKEM1024, "X25519": tls.X25519,
		"CurveP256": tls.CurveP256, "CurveP384": tls.CurveP384, "CurveP521": tls.CurveP521,
	}
	for _, name := range b.Strings("curve_preferences") {
		id, ok := known[name]
		if !ok {
			b.Errorf("curve_preferences", "unrecognized curve preference %s", name)
		}
		ids = append(ids, id)
	}
	if b.Has("curve_preferences") && len(ids) == 0 {
		b.Errorf("curve_preferences", "'curve_preferences' cannot be empty")
	}
	return ids
}
