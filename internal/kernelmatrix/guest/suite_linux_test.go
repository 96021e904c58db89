package main

import (
	"strings"
	"testing"
)

const said = `=== RUN   TestOne
=== RUN   TestOne/part
    one_test.go:7: some words
--- PASS: TestOne (0.10s)
    --- PASS: TestOne/part (0.05s)
=== RUN   TestTwo
    two_test.go:9: this kernel has no such thing
--- SKIP: TestTwo (0.00s)
PASS
`

func TestParse(t *testing.T) {
	r := parse(said)
	if len(r.passed) != 2 || !r.passed["TestOne/part"] || r.skipped != 1 {
		t.Errorf("got %+v", r)
	}
	if len(r.why) != 1 || r.why["this kernel has no such thing"] != 1 {
		t.Errorf("reasons %v", r.why)
	}
}

func TestJudge(t *testing.T) {
	r := parse(said)
	t.Setenv(emulatedEnv, "1")
	for must, want := range map[string]string{"TestOne/part": "", "TestTwo": "did not run: TestTwo"} {
		got := ""
		if err := r.judge([]string{must}); err != nil {
			got = err.Error()
		}
		if got != want {
			t.Errorf("%s: got %q", must, got)
		}
	}
	if err := parse("PASS\n").judge(nil); err == nil {
		t.Error("no test is well")
	}
}

func TestTail(t *testing.T) {
	if got := tail(said); strings.Contains(got, "TestOne") || !strings.Contains(got, "no such thing") {
		t.Errorf("got %q", got)
	}
	long := tail(strings.Repeat("line\n", 3*most))
	if n := strings.Count(long, "\n"); n != most || !strings.HasPrefix(long, "... 240 lines") {
		t.Errorf("%d lines: %.40q", n, long)
	}
}
