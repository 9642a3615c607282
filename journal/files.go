package journal

import "sync"

// openFiles is how many segments are kept open to be read.
const openFiles = 16

// files keeps segments open while they are read, and a few beyond.
type files struct {
	dir FS

	mu   sync.Mutex // protects the fields below and those of handles
	open map[string]*handle
}

type handle struct {
	File
	name string
	uses int
	gone bool // to be closed by the last who uses it
}

// get opens the file called name to be read. Whoever got it puts it back.
func (fs *files) get(name string) (*handle, error) {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	if h := fs.open[name]; h != nil {
		h.uses++
		return h, nil
	}
	f, err := fs.dir.Open(name)
	if err != nil {
		return nil, err
	}
	if len(fs.open) >= openFiles {
		fs.evict()
	}
	h := &handle{File: f, name: name, uses: 1}
	fs.open[name] = h
	return h, nil
}

// evict closes one that nobody uses, if there is one.
func (fs *files) evict() {
	for name, h := range fs.open {
		if h.uses == 0 {
			delete(fs.open, name)
			h.Close()
			return
		}
	}
}

func (fs *files) put(h *handle) {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	if h.uses--; h.gone && h.uses == 0 {
		h.Close()
	}
}

// drop forgets the file called name, which is about to be removed.
func (fs *files) drop(name string) {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	if h := fs.open[name]; h != nil {
		delete(fs.open, name)
		if h.gone = true; h.uses == 0 {
			h.Close()
		}
	}
}

func (fs *files) close() {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	for name, h := range fs.open {
		delete(fs.open, name)
		if h.gone = true; h.uses == 0 {
			h.Close()
		}
	}
}
