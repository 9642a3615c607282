package journal

import (
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"
	"io/fs"
	"sync"
)

// Part of the format.
const (
	headName  = "head"
	headMagic = "LGhead\r\n"
	slotSize  = 64
	slotStep  = 4096 // so that one torn write does not hit both
)

// A head is what the file of that name says.
type head struct {
	salt   uint32
	turn   uint64
	floor  uint64
	newest uint64
	end    uint64
	time   int64
}

func (h *head) encode() []byte {
	b := append(make([]byte, 0, slotSize), headMagic...)
	b = binary.LittleEndian.AppendUint32(b, Version)
	b = binary.LittleEndian.AppendUint32(b, h.salt)
	for _, v := range []uint64{h.turn, h.floor, h.newest, h.end, uint64(h.time)} {
		b = binary.LittleEndian.AppendUint64(b, v)
	}
	b = binary.LittleEndian.AppendUint32(b, 0)
	return binary.LittleEndian.AppendUint32(b, crc32.Checksum(b, castagnoli))
}

func (h *head) decode(b []byte) bool {
	if len(b) < slotSize || string(b[:8]) != headMagic || binary.LittleEndian.Uint16(b[8:]) != Version ||
		crc32.Checksum(b[:60], castagnoli) != binary.LittleEndian.Uint32(b[60:]) {
		return false
	}
	u64 := func(at int) uint64 { return binary.LittleEndian.Uint64(b[at:]) }
	*h = head{salt: binary.LittleEndian.Uint32(b[12:]), turn: u64(16), floor: u64(24), newest: u64(32), end: u64(40), time: int64(u64(48))}
	return true
}

// readHead reads the head. damaged counts slots that were written and are not whole; without a whole one, ok is false.
func readHead(dir FS) (h head, damaged int, ok bool) {
	f, err := dir.Open(headName)
	if err != nil {
		if !errors.Is(err, fs.ErrNotExist) {
			damaged++
		}
		return h, damaged, false
	}
	defer f.Close()
	for i := range int64(2) {
		var slot head
		b := make([]byte, slotSize)
		n, err := f.ReadAt(b, i*slotStep)
		switch {
		case slot.decode(b[:n]):
			if !ok || slot.turn > h.turn {
				h = slot
			}
			ok = true
		case err != nil && !errors.Is(err, io.EOF), !blank(b[:n]):
			damaged++
		}
	}
	return h, damaged, ok
}

func blank(b []byte) bool {
	for _, c := range b {
		if c != 0 {
			return false
		}
	}
	return true
}

// A headFile changes the head, one slot after the other.
type headFile struct {
	dir FS

	mu sync.Mutex // protects the fields below
	h  head
}

// update changes the head by set, durably. After an error the head is what it was.
func (hf *headFile) update(set func(*head)) (err error) {
	hf.mu.Lock()
	defer hf.mu.Unlock()
	h := hf.h
	set(&h)
	hf.h.turn++ // a slot that could not be written is not tried again before the other
	h.turn = hf.h.turn
	f, err := hf.dir.Update(headName)
	if err != nil {
		return err
	}
	if _, err = f.WriteAt(h.encode(), int64(h.turn%2)*slotStep); err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err == nil {
		hf.h = h
	}
	return err
}

func (hf *headFile) get() head {
	hf.mu.Lock()
	defer hf.mu.Unlock()
	return hf.h
}
