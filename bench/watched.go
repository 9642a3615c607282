package main

import (
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"
)

// runWatched measures a paced row among many idle connections, and then again while somebody watches them.
func runWatched(t *trial) (s sample, err error) {
	idle, err := openIdle(t, t.opt.Conns)
	defer closeAll(idle)
	if err != nil {
		return s, err
	}
	without, err := runPaced(t)
	if err != nil {
		return s, fmt.Errorf("without: %w", err)
	}
	w := watcher{url: t.server.page("/connz"), end: make(chan struct{})}
	w.wg.Go(w.run)
	s, err = runPaced(t)
	close(w.end)
	w.wg.Wait()
	if err == nil {
		err = w.err
	}
	s.Without = &without
	s.Note = fmt.Sprintf("%d pages of %d KiB", w.pages, w.bytes>>10/max(w.pages, 1))
	return s, err
}

// A watcher asks for a page every second.
type watcher struct {
	url   string
	end   chan struct{}
	wg    sync.WaitGroup
	pages int
	bytes int
	err   error
}

func (w *watcher) run() {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	client := http.Client{Timeout: patience}
	defer client.CloseIdleConnections()
	for {
		if w.err = w.ask(&client); w.err != nil {
			return
		}
		select {
		case <-w.end:
			return
		case <-tick.C:
		}
	}
}

func (w *watcher) ask(client *http.Client) error {
	res, err := client.Get(w.url)
	if err != nil {
		return fmt.Errorf("watch: %w", err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != http.StatusOK {
		return fmt.Errorf("watch: status %s: %w", res.Status, err)
	}
	w.pages++
	w.bytes += len(body)
	return nil
}
