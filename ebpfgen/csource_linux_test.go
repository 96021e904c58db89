package ebpfgen_test

import (
	"bytes"
	"fmt"
	"math/rand"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cilium/ebpf"

	"github.com/gofilter/gofilter"
	"github.com/gofilter/gofilter/ebpfgen"
	"github.com/gofilter/gofilter/internal/kernelrun"
	"github.com/gofilter/gofilter/ir"
	"github.com/gofilter/gofilter/linktype"
)

// contextsC are the parts of linux/bpf.h that the functions use.
const contextsC = `
struct xdp_md { unsigned int data, data_end, data_meta, ingress_ifindex; };
struct __sk_buff {
	unsigned int len, pkt_type, mark, queue_mapping, protocol, vlan_present, vlan_tci, vlan_proto,
		priority, ingress_ifindex, ifindex, tc_index, cb[5], hash, tc_classid, data, data_end;
};
char _license[] __attribute__((section("license"), used)) = "MIT";
`

// targetsC are the targets for whose programs functions are compiled.
var targetsC = []struct {
	target  ebpfgen.Target
	section string
	context string
}{
	{ebpfgen.XDP, "xdp", "struct xdp_md"},
	{ebpfgen.SchedCLS, "tc", "struct __sk_buff"},
}

// TestFormatC compiles the functions with clang, and compares what they return with Eval.
func TestFormatC(t *testing.T) {
	kernelrun.Require(t)
	r := rand.New(rand.NewSource(5))
	for _, row := range targetsC {
		var written, random []*ir.Func
		var pkts [][]byte
		for _, text := range []string{
			"udp dst port 7001", "not udp", "udp[8] == 97 and ip[8] == 64 ", "greater 55", "ip6 protochain 17 or icmp",
			"host 192.0.2.7 or host 192.0.2.1 or port 53", "vlan 7 or udp", "udp[12] / udp[13] < 2", "1 << ip[8] = 0 and udp", "tcp and udp", "",
		} {
			f, err := gofilter.Compile(text, gofilter.Config{LinkType: linktype.Ethernet, View: row.target.View()})
			if err != nil {
				t.Fatal(err)
			}
			written, pkts = append(written, f.IR()), append(pkts, datagram())
		}
		for range 30 {
			pkt := randomPacket(r, 40+r.Intn(40))
			pkt[12], pkt[13] = 0x88, 0xb5
			random, pkts = append(random, randomFunc(r, row.target, 2+r.Intn(20), pkt)), append(pkts, pkt)
		}
		// Random graphs have values that nobody needs; in filters there is nothing to warn of.
		programs := compileFuncs(t, row.target, row.section, row.context, written)
		programs = append(programs, compileFuncs(t, row.target, row.section, row.context, random, "-w")...)
		accepted := 0
		for i, f := range append(written, random...) {
			p, err := kernelrun.Load(row.target, programs[i].Instructions, ebpfgen.Verdict{Accept: 1, Reject: 0})
			if err != nil {
				t.Fatalf("%s: %v\n%s", row.target, err, f)
			}
			accepted += agree(t, f, p, row.target, ebpfgen.Options{}, pkts[i], 1)
			p.Close()
		}
		if accepted == 0 {
			t.Errorf("%s: no packet was accepted", row.target)
		}
	}
}

// compileFuncs compiles each of fs as a program.
func compileFuncs(t *testing.T, target ebpfgen.Target, section, context string, fs []*ir.Func, flags ...string) []*ebpf.ProgramSpec {
	t.Helper()
	var c strings.Builder
	c.WriteString(contextsC)
	for i, f := range fs {
		text, err := ebpfgen.FormatC(f, target, fmt.Sprintf("filter%d", i))
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&c, "%s\n__attribute__((section(%q), used)) int prog%d(%s *ctx)\n{\n\treturn filter%d(ctx, (void *)(long)ctx->data, (void *)(long)ctx->data_end);\n}\n\n",
			text, section, i, context, i)
	}
	name := filepath.Join(t.TempDir(), "filters.c")
	if err := os.WriteFile(name, []byte(c.String()), 0o666); err != nil {
		t.Fatal(err)
	}
	spec, err := ebpf.LoadCollectionSpecFromReader(bytes.NewReader(compileC(t, name, flags...)))
	if err != nil {
		t.Fatal(err)
	}
	programs := make([]*ebpf.ProgramSpec, len(fs))
	for i := range fs {
		programs[i] = spec.Programs[fmt.Sprintf("prog%d", i)]
	}
	return programs
}
