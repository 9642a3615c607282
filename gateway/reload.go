package gateway

import (
	"errors"
	"fmt"

	"leafgate/config"
	"leafgate/module"
)

// Reload reads the configuration again and takes it over, or reports every reason why it cannot and changes nothing.
func (g *Gateway) Reload() error {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.reload()
}

// tryReload is Reload for modules: waiting for a gateway that waits for them would last for ever.
func (g *Gateway) tryReload() error {
	if !g.mu.TryLock() {
		return errors.New("reload: the gateway is busy")
	}
	defer g.mu.Unlock()
	return g.reload()
}

func (g *Gateway) reload() error {
	switch {
	case g.stopped:
		return errors.New("reload: the gateway has stopped")
	case g.options.File == "":
		return errors.New("reload: there is no configuration file")
	}
	conf, err := g.options.load()
	if err != nil {
		return err
	}
	next := readSettings(conf)
	if err := g.check(conf, next); err != nil {
		g.auth.Rollback()
		return err
	}
	if g.logs != nil && g.settings.log != next.log {
		if err := g.logs.Apply(next.log); err != nil { // the only thing that can still fail
			g.auth.Rollback()
			return err
		}
	}
	return g.commit(conf, next)
}

// check asks everybody about conf without effect.
func (g *Gateway) check(conf *config.Block, next settings) error {
	refuseUnsupported(conf)
	g.settings.check(next, conf)
	g.auth.Stage(conf)
	var errs []error
	for _, p := range g.parts {
		if err := g.checkPart(p, conf); err != nil {
			errs = append(errs, err)
		}
	}
	return distinct(append([]error{conf.Finish()}, errs...)...)
}

func (g *Gateway) checkPart(p part, conf *config.Block) error {
	switch m := p.module.(type) {
	case nil: // left out so far
		added, err := p.spec.New(g.env(p.spec), conf)
		if err == nil && added != nil {
			err = fmt.Errorf("%s: cannot be added while running: restart", p.spec.Name)
		}
		return err
	case module.Reloader:
		return m.Check(conf)
	default:
		return fmt.Errorf("%s: cannot be reloaded: restart", p.spec.Name)
	}
}

func (g *Gateway) commit(conf *config.Block, next settings) error {
	g.auth.Commit()
	var errs []error
	for name, m := range g.built() {
		if err := m.(module.Reloader).Reload(conf); err != nil {
			errs = append(errs, fmt.Errorf("reload %s: %w", name, err))
		}
	}
	g.takeCeiling(next)
	g.settings, g.digest = next, conf.Digest()
	g.history.Resize(next.closed)
	g.storage.Reload(next.storage)
	if err := g.files.write(next, g.ports()); err != nil {
		errs = append(errs, err)
	}
	g.log.Info("configuration reloaded", "digest", g.digest)
	return distinct(errs...)
}
