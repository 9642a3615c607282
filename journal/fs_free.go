//go:build linux || darwin

package journal

import "syscall"

func (d dir) Free() (free, total int64, err error) {
	var s syscall.Statfs_t
	if err = syscall.Statfs(string(d), &s); err != nil {
		return 0, 0, err
	}
	return int64(s.Bavail) * int64(s.Bsize), int64(s.Blocks) * int64(s.Bsize), nil
}
