package cbpfgen_test

import (
	"fmt"
	"log"
	"slices"

	"github.com/gofilter/gofilter"
	"github.com/gofilter/gofilter/cbpfgen"
	"github.com/gofilter/gofilter/ir"
	"github.com/gofilter/gofilter/linktype"
)

func ExampleGenerate() {
	f, err := ir.Parse(`func linktype=EN10MB view=file snaplen=262144 "ip and len > 1000"
b0:
	v1 = load16 [12]
	if eq v1 0x800 -> b1, b3
b1: <- b0
	v2 = len
	if gt v2 1000 -> b2, b3
b2: <- b1
	accept
b3: <- b0 b1
	reject
`)
	if err != nil {
		fmt.Println(err)
		return
	}
	prog, err := cbpfgen.Generate(f, cbpfgen.Options{Kernel: true, MaxInsns: cbpfgen.MaxSocketInsns})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Print(cbpfgen.Format(prog))
	fmt.Println(cbpfgen.FormatBytecode(prog))
	// Output:
	// (000) ldh      [12]
	// (001) jeq      #0x800           jt 2	jf 5
	// (002) ld       #pktlen
	// (003) jgt      #0x3e8           jt 4	jf 5
	// (004) ret      #262144
	// (005) ret      #0
	// 6,40 0 0 12,21 0 3 2048,128 0 0 0,37 0 1 1000,6 0 0 262144,6 0 0 0
}

// A program is kept with what it was compiled for.
func ExampleFormatSavefile() {
	const text = "udp port 53"
	f := gofilter.MustCompile(text, gofilter.Config{LinkType: linktype.Raw})
	prog, err := cbpfgen.Generate(f.IR(), cbpfgen.Options{})
	if err != nil {
		log.Fatal(err)
	}
	data, err := cbpfgen.FormatSavefile(&cbpfgen.Savefile{
		Program:  prog,
		LinkType: uint16(linktype.Raw.DLT()),
		Snaplen:  gofilter.DefaultSnaplen,
		Dialect:  cbpfgen.LinuxDialect,
		Filter:   text,
	})
	if err != nil {
		log.Fatal(err)
	}
	kept, err := cbpfgen.ParseSavefile(data)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(kept.Filter, "on DLT", kept.LinkType)
	fmt.Println(slices.Equal(kept.Program, prog))
	// Output:
	// udp port 53 on DLT 12
	// true
}
