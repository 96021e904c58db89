package main

import (
	"bytes"
	_ "embed"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"os/exec"
	"strings"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/asm"

	"github.com/gofilter/gofilter/ebpfgen"
)

// handText has the everyday filters as C programs, called after target and filter.
//
//go:embed testdata/hand.c
var handText []byte

// errNoClang: there is no compiler for what is written by hand.
var errNoClang = errors.New("no clang, which compiles what is written by hand: that is left out")

// byHand compiles handText.
func byHand() (map[string]*ebpf.ProgramSpec, error) {
	clang, err := exec.LookPath("clang")
	if err != nil {
		return nil, errNoClang
	}
	cmd := exec.Command(clang, "-O2", "-target", "bpf", "-mcpu=v3", "-Wall", "-x", "c", "-c", "-o", "-", "-")
	var object, messages bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = bytes.NewReader(handText), &object, &messages
	if err := cmd.Run(); err != nil {
		return nil, fmt.Errorf("clang: %w\n%s", err, messages.String())
	}
	spec, err := ebpf.LoadCollectionSpecFromReader(bytes.NewReader(object.Bytes()))
	if err != nil {
		return nil, fmt.Errorf("what clang wrote: %w", err)
	}
	return spec.Programs, nil
}

// handName returns what the program of a filter is called in handText.
func handName(t ebpfgen.Target, f *filter) string {
	name := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' {
			return r
		}
		return '_'
	}, f.name)
	return t.String() + "_" + name
}

// cbpfcText has for each filter a line with its text, and one with what cbpfc makes of
// libpcap's program for a savefile: eBPF instructions in hexadecimal. cbpfc knows no
// metadata, so it looks for a VLAN tag in the bytes only, which is less work.
//
//go:embed testdata/cbpfc.txt
var cbpfcText string

// byCBPFC returns cbpfc's instructions by filter.
func byCBPFC() (map[string]asm.Instructions, error) {
	progs := make(map[string]asm.Instructions)
	name := ""
	for line := range strings.Lines(cbpfcText) {
		line = strings.TrimSuffix(line, "\n")
		rest, program := strings.CutPrefix(line, "\t")
		switch {
		case strings.HasPrefix(line, "#"):
		case !program:
			name = line
		default:
			code, err := hex.DecodeString(rest)
			if err != nil {
				return nil, fmt.Errorf("recorded program of %q: %w", name, err)
			}
			insns, err := asm.AppendInstructions(nil, bytes.NewReader(code), binary.LittleEndian, "")
			if err != nil {
				return nil, fmt.Errorf("recorded program of %q: %w", name, err)
			}
			progs[name] = insns
		}
	}
	return progs, nil
}

// hooked returns cbpfc's instructions as a whole program at a target.
func hooked(t ebpfgen.Target, insns asm.Instructions) asm.Instructions {
	data, end := int16(0), int16(4) // struct xdp_md of linux/bpf.h
	if t == ebpfgen.SchedCLS {
		data, end = skbData, skbDataEnd
	}
	return append(asm.Instructions{
		asm.LoadMem(asm.R2, asm.R1, data, asm.Word), asm.LoadMem(asm.R3, asm.R1, end, asm.Word),
	}, insns...)
}
