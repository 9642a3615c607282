package auth

import (
	"cmp"
	"slices"
)

// A Member is an entry that peers can come in as, for people to look at. It holds no secret.
type Member struct {
	Account    string
	User       string
	Proof      Proof
	Types      []string // connection types it may come by; nil: any
	Restricted bool     // has permissions
	Anonymous  bool     // who shows no credentials
}

// A Proof is what a member has to show.
type Proof string

// What there is to show.
const (
	ProofNone   Proof = "nothing"
	ProofClear  Proof = "password in clear"
	ProofBcrypt Proof = "bcrypt"
	ProofNkey   Proof = "nkey"
	ProofCert   Proof = "certificate" // and nothing else
)

// Members returns who can come in, by account and name.
func (r *Rules) Members() (all []Member) {
	for _, m := range []*member{r.open, r.token} {
		if m != nil {
			all = append(all, r.about(m))
		}
	}
	for _, group := range []map[string]*member{r.users, r.nkeys} {
		for _, m := range group {
			all = append(all, r.about(m))
		}
	}
	slices.SortFunc(all, func(a, b Member) int {
		return cmp.Or(cmp.Compare(a.Account, b.Account), cmp.Compare(a.User, b.User))
	})
	return all
}

func (r *Rules) about(m *member) Member {
	return Member{Account: m.identity.Account.Name(), User: m.identity.User, Proof: r.proof(m), Types: m.types,
		Restricted: m.identity.Perms != nil, Anonymous: m == r.open || m == r.noAuth}
}

func (r *Rules) proof(m *member) Proof {
	switch {
	case m == r.open:
		return ProofNone
	case m.key != nil:
		return ProofNkey
	case m.secret.none && r.mapped.Load():
		return ProofCert
	case m.secret.none:
		return ProofNone
	case m.secret.plain():
		return ProofClear
	}
	return ProofBcrypt
}
