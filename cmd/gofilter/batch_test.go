package main

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

func TestBatch(t *testing.T) {
	long := strings.Repeat("tcp or ", 10000) + "tcp"
	requests := []string{
		`{"id":1,"dlt":"EN10MB","expr":"ip","snaplen":100}`,
		`{"id":"two","expr":"ip and tpc dst port 80"}`,
		`{"id":3,"expr":"tcp and udp"}`,
		`{"id":4,"expr":"tcp and udp","optimize":false}`,
		`not json`,
		`{"id":6,"expr":"ip","colour":"red"}`,
		``,
		`{"id":7,"dlt":"FOO","expr":"ip"}`,
		`{"id":8,"expr":"ip","target":"xdp"}`,
		`{"id":9,"expr":"ip","target":"moon"}`,
		`{"id":10,"expr":"ip","savefile_order":"both"}`,
		`{"id":11,"expr":"` + long + `"}`,
		`{"id":12,"expr":"inbound","linuxext":true}`,
		`{"id":13,"expr":"ip broadcast","netmask":"255.255.255.0"}`,
		`{"id":15,"expr":"ip","target":"xdp","access":"helper","kernel":"5.10"}`,
		`{"id":16,"expr":"ip","target":"xdp","access":"helper","kernel":"6.1"}`,
		`{"id":14,"expr":"ip","target":"socket","access":"ldabs"}`,
		`{"id":17,"expr":"ip","target":"tc","access":"rdonly_cast"}`,
	}
	r := runCommand(t, strings.Join(requests, "\n"), "--batch")
	if r.status != 0 || r.stderr != "" {
		t.Fatalf("status %d, %s", r.status, r.stderr)
	}
	type answer struct {
		ID             any
		OK             bool
		Insns          [][4]uint32
		EBPF           []byte
		Accept, Reject *uint32
		Error          string
		Pos, End       *int
	}
	answers := make(map[string]answer)
	for _, line := range strings.Split(strings.TrimSuffix(r.stdout, "\n"), "\n") {
		var a answer
		if err := json.Unmarshal([]byte(line), &a); err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		answers[fmt.Sprint(a.ID)] = a
	}
	if len(answers) != len(requests)-1 {
		t.Errorf("%d answers, want %d", len(answers), len(requests)-1)
	}
	if a := answers["1"]; !a.OK || fmt.Sprint(a.Insns) != "[[40 0 0 12] [21 0 1 2048] [6 0 0 100] [6 0 0 0]]" {
		t.Errorf("1: %+v", a)
	}
	if a := answers["two"]; a.OK || a.Pos == nil || *a.Pos != 7 || *a.End != 10 {
		t.Errorf("two: %+v", a)
	}
	for id, want := range map[string]string{
		"3": "expression rejects all packets", "<nil>": "request: ", "6": "unknown field", "7": "unknown link type",
		"9": "unknown target", "10": "unknown savefile_order", "15": "access helper needs Linux 5.18, not 5.10", "17": "access rdonly_cast",
	} {
		if a := answers[id]; a.OK || !strings.Contains(a.Error, want) {
			t.Errorf("%s: %+v, want error %q", id, a, want)
		}
	}
	for _, id := range []string{"4", "11", "12", "13"} {
		if a := answers[id]; !a.OK || len(a.Insns) == 0 {
			t.Errorf("%s: %+v", id, a)
		}
	}
	for id, want := range map[string]uint32{"8": 2, "14": 262144, "16": 2} {
		if a := answers[id]; !a.OK || len(a.EBPF) == 0 || len(a.EBPF)%8 != 0 || a.Accept == nil || *a.Accept != want || a.Reject == nil {
			t.Errorf("%s: %+v", id, a)
		}
	}
}

// An answer comes before the next question is asked.
func TestBatchAnswersAtOnce(t *testing.T) {
	cmd := command(t, "--batch")
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	dec := json.NewDecoder(out)
	for i := range 3 {
		fmt.Fprintf(in, "{\"id\":%d,\"expr\":\"ip\"}\n", i)
		var a struct{ ID int }
		if err := dec.Decode(&a); err != nil || a.ID != i {
			t.Errorf("answer %d: %v %v", i, a, err)
		}
	}
	in.Close()
	if err := cmd.Wait(); err != nil {
		t.Error(err)
	}
}
