package memory

import (
	"io/fs"
	"math"
	"os"
	"path"
	"strconv"
	"strings"
)

// Machine is how many bytes of memory there are: what the container may use, or else what the machine has. 0: not known,
// as on other systems than Linux.
func Machine() int64 { return machine(os.DirFS("/")) }

func machine(root fs.FS) int64 {
	all := int64(math.MaxInt64)
	for _, n := range append(limits(root), physical(root)) {
		if n > 0 {
			all = min(all, n)
		}
	}
	if all == math.MaxInt64 {
		return 0
	}
	return all
}

// physical reads "MemTotal:  8052324 kB".
func physical(root fs.FS) int64 {
	for line := range strings.Lines(text(root, "proc/meminfo")) {
		if f := strings.Fields(line); len(f) == 3 && f[0] == "MemTotal:" {
			return number(f[1]) << 10
		}
	}
	return 0
}

// limits are those of the control groups that the process is in, of both versions. A container may see its own group as
// the root, or under the path that it has outside.
func limits(root fs.FS) (all []int64) {
	for line := range strings.Lines(text(root, "proc/self/cgroup")) {
		f := strings.SplitN(strings.TrimSpace(line), ":", 3) // number, controllers, path
		switch {
		case len(f) < 3:
		case f[1] == "":
			all = append(all, upwards(root, "sys/fs/cgroup", f[2], "memory.max")...)
		case f[1] == "memory":
			all = append(all, upwards(root, "sys/fs/cgroup/memory", f[2], "memory.limit_in_bytes")...)
		}
	}
	return all
}

// upwards reads file in the group at dir and in all that it is in.
func upwards(root fs.FS, mount, dir, file string) (all []int64) {
	for dir = path.Clean("/" + dir); ; dir = path.Dir(dir) {
		all = append(all, number(text(root, mount+path.Join(dir, "/", file))))
		if dir == "/" {
			return all
		}
	}
}

// text is empty where there is no such file.
func text(root fs.FS, name string) string {
	b, _ := fs.ReadFile(root, strings.TrimPrefix(name, "/"))
	return string(b)
}

// number is 0 where there is none, as in "max", or one that only says that there is no limit.
func number(s string) int64 {
	n, err := strconv.ParseInt(strings.TrimSpace(s), 10, 64)
	if err != nil || n < 0 || n > 1<<50 {
		return 0
	}
	return n
}
