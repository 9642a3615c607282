package netio

// Pooled is how many buffers wait for their next use.
func (d *Driver) Pooled() int {
	n := 0
	for _, p := range []*pool[[]byte]{&d.buffers, &d.blocks, &d.carries} {
		p.mu.Lock()
		n += len(p.free)
		p.mu.Unlock()
	}
	for _, l := range []*chunkList{&d.chunks.small, &d.chunks.large} {
		l.mu.Lock()
		n += l.count
		l.mu.Unlock()
	}
	return n
}
