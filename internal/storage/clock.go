package storage

import (
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io/fs"
	"log/slog"
	"time"

	"leafgate/journal"
)

// Part of the format of the file clock: a slot is magic, turn and time in 8 bytes each, and a CRC-32C of them; numbers are
// little-endian, time is Unix nanoseconds. The valid slot with the higher turn counts.
const (
	clockName  = "clock"
	clockMagic = "LGclok\r\n"
	clockSlot  = 28
	clockStep  = 4096 // so that one torn write does not hit both
)

// A clockFile keeps the last time that was believed.
type clockFile struct {
	dir  journal.FS
	turn uint64
}

// read returns the time in the file; zero: none, and damage is in the log.
func (c *clockFile) read(log *slog.Logger) (known time.Time) {
	f, err := c.dir.Open(clockName)
	if errors.Is(err, fs.ErrNotExist) {
		return known
	}
	damaged := err != nil
	if err == nil {
		defer f.Close()
		for i := range int64(2) {
			b := make([]byte, clockSlot)
			n, _ := f.ReadAt(b, i*clockStep)
			turn, at, ok := decodeSlot(b[:n])
			if ok && turn >= c.turn {
				c.turn, known = turn, at
			}
			damaged = damaged || !ok && !blank(b[:n])
		}
	}
	if damaged {
		log.Warn("clock file is damaged", "known", known, "err", err)
	}
	return known
}

func blank(b []byte) bool {
	for _, c := range b {
		if c != 0 {
			return false
		}
	}
	return true
}

func decodeSlot(b []byte) (turn uint64, at time.Time, ok bool) {
	if len(b) < clockSlot || string(b[:8]) != clockMagic ||
		crc32.Checksum(b[:24], castagnoli) != binary.LittleEndian.Uint32(b[24:]) {
		return 0, at, false
	}
	return binary.LittleEndian.Uint64(b[8:]), time.Unix(0, int64(binary.LittleEndian.Uint64(b[16:]))), true
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// write keeps at, durably.
func (c *clockFile) write(at time.Time) error {
	c.turn++
	b := append(make([]byte, 0, clockSlot), clockMagic...)
	b = binary.LittleEndian.AppendUint64(b, c.turn)
	b = binary.LittleEndian.AppendUint64(b, uint64(at.UnixNano()))
	b = binary.LittleEndian.AppendUint32(b, crc32.Checksum(b, castagnoli))
	f, err := c.dir.Update(clockName)
	if err != nil {
		return err
	}
	if _, err = f.WriteAt(b, int64(c.turn%2)*clockStep); err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}
