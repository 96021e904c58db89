package ebpfgen_test

import (
	"strings"
	"testing"

	"github.com/gofilter/gofilter/ebpfgen"
	"github.com/gofilter/gofilter/ir"
)

// tcpPort22 is "ip and tcp port 22" after the passes.
const tcpPort22 = `func linktype=EN10MB view=VIEW snaplen=262144 "ip and tcp port 22"
b0:
	v1 = load16 [12]                    ; 0:2 ip
	if eq v1 0x800 -> b1, b6            ; 0:2 ip
b1:
	v2 = load8 [23]                     ; 7:18 tcp port 22
	if eq v2 6 -> b2, b6                ; 7:18 tcp port 22
b2:
	v3 = load16 [20]                    ; 7:18 tcp port 22
	if set v3 0x1fff -> b6, b3          ; 7:18 tcp port 22
b3:
	v4 = load8 [14]                     ; 7:18 tcp port 22
	v5 = and v4 0xf                     ; 7:18 tcp port 22
	v6 = lsh v5 2                       ; 7:18 tcp port 22
	v7 = load16 [v6+14]                 ; 7:18 tcp port 22
	if eq v7 22 -> b5, b4               ; 7:18 tcp port 22
b4:
	v8 = load16 [v6+16]                 ; 7:18 tcp port 22
	if eq v8 22 -> b5, b6               ; 7:18 tcp port 22
b5:
	accept
b6:
	reject
`

// parse reads the text form of a Func; VIEW stands for the target's view.
func parse(t *testing.T, text string, target ebpfgen.Target) *ir.Func {
	t.Helper()
	f, err := ir.Parse(strings.ReplaceAll(text, "VIEW", target.View().String()))
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Check(); err != nil {
		t.Fatal(err)
	}
	return f
}
