package main

import "fmt"

// rightsConf has somebody without restrictions, and two who meet across accounts with rights that have to be looked at.
const rightsConf = `
accounts {
  A {
    users: [
      { user: plain, password: bench }
      { user: limited, password: bench, permissions {
        publish { allow: ["dev.*.state", "dev.*.alarm", "plant.>", "bench.>", "_INBOX.>"], deny: ["plant.secret.>", "bench.secret"] }
        subscribe: "_INBOX.>" } }
    ]
    exports: [ { stream: "bench.>" } ]
  }
  B {
    users: [ { user: importer, password: bench, permissions { subscribe: ["bench.>", "_INBOX.>"] } } ]
    imports: [ { stream: { account: A, subject: "bench.>" } } ]
  }
}
no_auth_user: plain
`

// runRights measures a stream of somebody who may do everything, and then the same with permissions and an import on its way.
func runRights(t *trial) (s sample, err error) {
	without, err := streamOnce(t)
	if err != nil {
		return s, fmt.Errorf("without: %w", err)
	}
	limited := *t
	limited.pub.d, limited.sub.d = natsDialect{user: "limited"}, natsDialect{user: "importer"}
	if s, err = streamOnce(&limited); err != nil {
		return s, err
	}
	s.Without = &without
	return s, nil
}

// streamOnce verifies and measures one stream.
func streamOnce(t *trial) (sample, error) {
	st, err := openStream(t)
	defer st.close()
	if err == nil {
		err = st.verify(length{time: t.opt.verifyTime()})
	}
	if err != nil {
		return sample{}, fmt.Errorf("verify: %w", err)
	}
	return st.measure(length{time: t.opt.length()})
}
