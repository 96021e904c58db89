package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"
)

// emulatedEnv says to the suite that it runs in an emulated machine. Its value is 1.
const emulatedEnv = "GOFILTER_GUEST"

// A program is an entry of suite.json.
type program struct {
	Name string
	Args []string
	Dir  string
	Must []string
}

// patience is how long a program may take.
const patience = 10 * time.Minute

// run runs the suite in a directory and prints how it went.
func run(stage string, w io.Writer) error {
	fmt.Fprintln(w, release())
	strategies(w)
	list, err := os.ReadFile(filepath.Join(stage, "suite.json"))
	if err != nil {
		return err
	}
	var suite struct {
		Programs []program
		Verbose  bool
	}
	if err := json.Unmarshal(list, &suite); err != nil {
		return fmt.Errorf("suite.json: %w", err)
	}
	live := io.Discard
	if suite.Verbose {
		live = w
	}
	failed := 0
	for _, p := range suite.Programs {
		start := time.Now()
		out, err := p.run(stage, live)
		res := parse(out)
		if err == nil && p.Dir != "" {
			err = res.judge(p.Must)
		}
		took := time.Since(start).Seconds()
		if err != nil {
			failed++
			fmt.Fprintf(w, "%s\nFAIL %s: %v; %.1f s\n", tail(out), p.Name, err, took)
			continue
		}
		if p.Dir == "" {
			for line := range strings.Lines(out) {
				fmt.Fprint(w, "     ", line)
			}
			fmt.Fprintf(w, "PASS %s; %.1f s\n", p.Name, took)
			continue
		}
		for _, reason := range slices.Sorted(maps.Keys(res.why)) {
			fmt.Fprintf(w, "     %d left out: %s\n", res.why[reason], reason)
		}
		fmt.Fprintf(w, "PASS %s: %d tests pass, %d are left out; %.1f s\n", p.Name, len(res.passed), res.skipped, took)
	}
	fmt.Fprintf(w, "END %d programs, %d fail\n", len(suite.Programs), failed)
	if failed > 0 {
		return errors.New("not all programs pass")
	}
	return nil
}

// run runs the program and returns what it prints, which goes to live, too.
func (p *program) run(stage string, live io.Writer) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, filepath.Join(stage, p.Name), p.Args...)
	cmd.Dir = filepath.Join(stage, "src", p.Dir)
	cmd.Env = append(os.Environ(), "GOFILTER_REQUIRE_KERNEL=1")
	var out bytes.Buffer
	both := io.MultiWriter(&out, live)
	cmd.Stdout, cmd.Stderr = both, both
	err := cmd.Run()
	if ctx.Err() != nil {
		err = fmt.Errorf("it takes longer than %s", patience)
	}
	return out.String(), err
}

// A result is what a test binary says with -test.v.
type result struct {
	passed  map[string]bool
	skipped int
	why     map[string]int // how many tests are left out for a reason
}

var outcome = regexp.MustCompile(`^ *--- (PASS|SKIP): (\S+)`)

func parse(out string) *result {
	r := &result{passed: make(map[string]bool), why: make(map[string]int)}
	name := ""
	said := make(map[string]string) // the last word of each test
	for line := range strings.Lines(out) {
		line = strings.TrimRight(line, "\n")
		m := outcome.FindStringSubmatch(line)
		switch {
		case m == nil:
			if mark, rest, _ := strings.Cut(line, " "); mark == "===" {
				name = rest[strings.LastIndex(rest, " ")+1:]
			} else if strings.HasPrefix(line, "    ") {
				_, said[name], _ = strings.Cut(line, ": ")
			}
		case m[1] == "PASS":
			r.passed[m[2]] = true
		default:
			r.skipped++
			r.why[said[m[2]]]++
		}
	}
	return r
}

// judge says what is wrong with tests that do not fail.
func (r *result) judge(must []string) error {
	if len(r.passed) == 0 {
		return errors.New("no test passes")
	}
	if os.Getenv(emulatedEnv) != "1" {
		return nil
	}
	var missing []string
	for _, name := range must {
		if !r.passed[name] {
			missing = append(missing, name)
		}
	}
	if len(missing) > 0 {
		return fmt.Errorf("did not run: %s", strings.Join(missing, ", "))
	}
	return nil
}

// most is how many lines of a program that fails are printed.
const most = 120

// tail returns the end of what a program printed, without the tests that pass.
func tail(out string) string {
	var lines []string
	for line := range strings.Lines(out) {
		if m := outcome.FindString(line); m == "" && !strings.HasPrefix(line, "=== ") {
			lines = append(lines, strings.TrimRight(line, "\n"))
		}
	}
	if len(lines) > most {
		lines = append([]string{fmt.Sprintf("... %d lines", len(lines)-most)}, lines[len(lines)-most:]...)
	}
	return strings.Join(lines, "\n")
}
