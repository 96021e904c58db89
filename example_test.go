package gofilter_test

import (
	"fmt"
	"log"
	"os"

	"github.com/gofilter/gofilter"
	"github.com/gofilter/gofilter/cbpfgen"
	"github.com/gofilter/gofilter/ebpfgen"
	"github.com/gofilter/gofilter/expr"
	"github.com/gofilter/gofilter/ir"
	"github.com/gofilter/gofilter/linktype"
)

// A filter matches packets by itself, on any system.
func ExampleCompile() {
	f, err := gofilter.Compile("udp port 53", gofilter.Config{LinkType: linktype.IPv4})
	if err != nil {
		log.Fatal(err)
	}
	query := []byte{
		0x45, 0, 0, 29, 0, 0, 0, 0, 64, 17, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2, // IPv4
		0x9c, 0x40, 0, 53, 0, 9, 0, 0, // UDP to port 53
		'?',
	}
	fmt.Println(f.Match(query, nil))
	fmt.Println(f.Match(query[:20], nil)) // cut before the ports: rejected
	// Output:
	// true
	// false
}

// The classic BPF program of a filter is what SO_ATTACH_FILTER, gopacket's afpacket.SetBPF and
// mdlayher/packet take.
func ExampleFilter_IR_classic() {
	f := gofilter.MustCompile("ip and tcp port 22", gofilter.Config{
		LinkType: linktype.Ethernet, Snaplen: 65535,
	})
	prog, err := cbpfgen.Generate(f.IR(), cbpfgen.Options{}) // []bpf.RawInstruction
	if err != nil {
		log.Fatal(err)
	}
	fmt.Print(cbpfgen.Format(prog))
	// Output:
	// (000) ldh      [12]
	// (001) jeq      #0x800           jt 2	jf 12
	// (002) ldb      [23]
	// (003) jeq      #0x6             jt 4	jf 12
	// (004) ldh      [20]
	// (005) jset     #0x1fff          jt 12	jf 6
	// (006) ldxb     4*([14]&0xf)
	// (007) ldh      [x + 14]
	// (008) jeq      #0x16            jt 11	jf 9
	// (009) ldh      [x + 16]
	// (010) jeq      #0x16            jt 11	jf 12
	// (011) ret      #65535
	// (012) ret      #0
}

// The eBPF program of a filter for TC. Where the filter runs decides what it looks at, so the
// filter is compiled for the target's view.
func ExampleFilter_IR_ebpf() {
	target := ebpfgen.SchedCLS
	f := gofilter.MustCompile("vlan 100 and tcp port 22", gofilter.Config{
		LinkType: linktype.Ethernet, View: target.View(),
	})
	insns, err := ebpfgen.Generate(f.IR(), target, ebpfgen.Options{}) // asm.Instructions
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(target.ProgramType(), len(insns) > 0)
	// Output: BPF_PROG_TYPE_SCHED_CLS true
}

// Errors say where in the filter they are.
func ExampleCompile_error() {
	const src = "ip and tpc port 22"
	_, err := gofilter.Compile(src, gofilter.Config{LinkType: linktype.Ethernet})
	expr.PrintError(os.Stdout, src, err)
	// Output:
	// 1:8: unknown protocol "tpc" (did you mean tcp?)
	//     ip and tpc port 22
	//            ^~~
}

// A savefile's packets may have been cut; Metadata has their length on the wire.
func ExampleFilter_Run() {
	f := gofilter.MustCompile("greater 1000", gofilter.Config{LinkType: linktype.Raw})
	fmt.Println(f.Run([]byte{0x45}, &ir.Metadata{Len: 1500}))
	fmt.Println(f.Run([]byte{0x45}, nil))
	// Output:
	// 262144
	// 0
}
