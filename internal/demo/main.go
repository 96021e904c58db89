// Command demo shows what the gofilter command does, step by step, each with the command line
// that one would type. It ends with status 1 if a step does not do what it shows.
package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
)

// filter is the example of every step.
const filter = "ip and tcp port 22"

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: demo PATH-OF-GOFILTER")
		os.Exit(2)
	}
	d := &demo{gofilter: os.Args[1]}
	for _, step := range []struct {
		title string
		run   func() error
	}{
		{"A filter as a classic BPF program, as tcpdump -d prints it", d.classic},
		{"The same filter as eBPF for a socket", d.ebpf},
		{"Packets of a capture file that it accepts", d.file},
		{"A mistake, and where it is", d.mistake},
		{"A live capture: two network namespaces, a veth pair, real connections", d.live},
	} {
		fmt.Printf("== %s\n\n", step.title)
		err := step.run()
		var left *leftOut
		switch {
		case errors.As(err, &left):
			fmt.Printf("left out: %s\n", left.why)
		case err != nil:
			fmt.Fprintf(os.Stderr, "demo: %v\n", err)
			os.Exit(1)
		}
		fmt.Println()
	}
}

type demo struct {
	gofilter string
}

// leftOut is why a step cannot be shown here.
type leftOut struct{ why string }

func (e *leftOut) Error() string { return e.why }

// show runs the command, prints its line and all that it says, and returns that.
func (d *demo) show(args ...string) (string, error) {
	fmt.Println("$ gofilter " + quote(args))
	cmd := exec.Command(d.gofilter, args...)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	err := cmd.Run()
	fmt.Print(out.String())
	return out.String(), err
}

// quote writes arguments as a shell takes them.
func quote(args []string) string {
	quoted := make([]string, len(args))
	for i, a := range args {
		if strings.ContainsAny(a, " '\\()!&|<>*") {
			a = "'" + strings.ReplaceAll(a, "'", `'\''`) + "'"
		}
		quoted[i] = a
	}
	return strings.Join(quoted, " ")
}

// want fails unless text has each of the words.
func want(text string, words ...string) error {
	for _, w := range words {
		if !strings.Contains(text, w) {
			return fmt.Errorf("the output has no %q", w)
		}
	}
	return nil
}

func (d *demo) classic() error {
	out, err := d.show("-y", "EN10MB", "-d", filter)
	if err != nil {
		return err
	}
	return want(out, "(012) ret      #0")
}

func (d *demo) ebpf() error {
	out, err := d.show("-y", "EN10MB", "--target", "socket", "--ebpf", "-d", filter)
	if err != nil {
		return err
	}
	return want(strings.ToLower(out), "exit")
}

func (d *demo) file() error {
	out, err := d.show("-n", "-r", "testdata/pcaps/lan.pcap", filter)
	if err != nil {
		return err
	}
	return want(out, "10.0.0.10.51022 > 10.0.0.11.22")
}

func (d *demo) mistake() error {
	out, err := d.show("-y", "EN10MB", "-d", "ip and tpc port 22")
	if err == nil {
		return errors.New("a wrong filter was accepted")
	}
	return want(out, "tpc")
}
