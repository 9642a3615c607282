package memory

import (
	"testing"
	"testing/fstest"
)

func TestMachine(t *testing.T) {
	const meminfo = "MemFree:  1 kB\nMemTotal:        1048576 kB\nBuffers: 2 kB\n"
	tests := []struct {
		name  string
		files map[string]string
		want  int64
	}{
		{name: "not known"},
		{"no container", map[string]string{"proc/meminfo": meminfo, "proc/self/cgroup": "0::/user.slice\n",
			"sys/fs/cgroup/user.slice/memory.max": "max\n"}, 1 << 30},
		{"a container that sees itself as the root", map[string]string{"proc/meminfo": meminfo, "proc/self/cgroup": "0::/\n",
			"sys/fs/cgroup/memory.max": "67108864\n"}, 64 << 20},
		{"a service within a slice", map[string]string{"proc/meminfo": meminfo, "proc/self/cgroup": "0::/system.slice/leafgate.service\n",
			"sys/fs/cgroup/system.slice/memory.max": "134217728\n", "sys/fs/cgroup/system.slice/leafgate.service/memory.max": "268435456\n"}, 128 << 20},
		{"version 1, under the path outside", map[string]string{"proc/meminfo": meminfo,
			"proc/self/cgroup":                           "12:cpu,cpuacct:/docker/abc\n4:memory:/docker/abc\n",
			"sys/fs/cgroup/memory/memory.limit_in_bytes": "33554432\n"}, 32 << 20},
		{"version 1 without a limit", map[string]string{"proc/meminfo": meminfo, "proc/self/cgroup": "4:memory:/\n",
			"sys/fs/cgroup/memory/memory.limit_in_bytes": "9223372036854771712\n"}, 1 << 30},
		{"more than the machine has", map[string]string{"proc/meminfo": meminfo, "proc/self/cgroup": "0::/\n",
			"sys/fs/cgroup/memory.max": "8589934592\n"}, 1 << 30},
		{"nonsense", map[string]string{"proc/meminfo": "MemTotal: many kB\n", "proc/self/cgroup": "0\n::\n0::../../..\n",
			"sys/fs/cgroup/memory.max": "-5"}, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			root := fstest.MapFS{}
			for name, content := range tt.files {
				root[name] = &fstest.MapFile{Data: []byte(content)}
			}
			if got := machine(root); got != tt.want {
				t.Errorf("%d, want %d", got, tt.want)
			}
		})
	}
}
