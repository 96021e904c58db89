// Command mutants checks that the tests notice when the compiler is wrong. It makes each
// change of a table to a copy of a file, one at a time, has go build with that copy in the
// place of the file, and runs the tests that must fail then. The tree is not written to.
//
//	go run ./internal/mutants              all
//	go run ./internal/mutants -only thread those whose name has the text in it
//
// It exits with status 1 where a change goes unnoticed, or does not compile.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

func main() {
	only := flag.String("only", "", "only mutants whose name has this text in it")
	jobs := flag.Int("j", 1, "how many at a time")
	flag.Parse()
	tmp, err := os.MkdirTemp("", "mutants")
	if err != nil {
		fmt.Fprintln(os.Stderr, "mutants:", err)
		os.Exit(1)
	}
	defer os.RemoveAll(tmp)
	type result struct {
		m       *mutant
		outcome string
		ok      bool
		took    time.Duration
	}
	results := make(chan result)
	var todo []*mutant
	for i := range mutants {
		if strings.Contains(mutants[i].name, *only) {
			todo = append(todo, &mutants[i])
		}
	}
	work := make(chan *mutant)
	go func() {
		for _, m := range todo {
			work <- m
		}
		close(work)
	}()
	for j := range max(1, *jobs) {
		dir := filepath.Join(tmp, fmt.Sprint(j))
		go func() {
			for m := range work {
				start := time.Now()
				outcome, ok := m.try(dir)
				results <- result{m, outcome, ok, time.Since(start)}
			}
		}()
	}
	caught := 0
	for range todo {
		r := <-results
		if r.ok {
			caught++
		}
		fmt.Printf("%-28s %-45s %v\n", r.m.name, r.outcome, r.took.Round(time.Second))
	}
	fmt.Printf("%d of %d mutants are caught\n", caught, len(todo))
	if caught < len(todo) {
		os.RemoveAll(tmp)
		os.Exit(1)
	}
}

// try runs the tests with the mutant, package by package until one fails.
func (m *mutant) try(dir string) (outcome string, ok bool) {
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return err.Error(), false
	}
	overlay, err := m.overlay(dir)
	if err != nil {
		return err.Error(), false
	}
	if out, err := exec.Command("go", "build", "-overlay", overlay, "./"+filepath.Dir(m.file)).CombinedOutput(); err != nil {
		return "does not compile: " + firstLine(out), false
	}
	for _, pkg := range m.packages() {
		out, err := exec.Command("go", "test", "-short", "-timeout", "5m", "-overlay", overlay, pkg).CombinedOutput()
		if err != nil {
			return "caught by " + pkg + ": " + failed(out), true
		}
	}
	return "NOT CAUGHT: " + m.about, false
}

// overlay writes the changed file and the description of it that go build takes.
func (m *mutant) overlay(dir string) (string, error) {
	text, err := os.ReadFile(filepath.FromSlash(m.file))
	if err != nil {
		return "", err
	}
	if n := strings.Count(string(text), m.old); n != 1 {
		return "", fmt.Errorf("%q is in %s %d times, not once", m.old, m.file, n)
	}
	changed := filepath.Join(dir, "mutant.go")
	if err := os.WriteFile(changed, []byte(strings.Replace(string(text), m.old, m.new, 1)), 0o666); err != nil {
		return "", err
	}
	from, err := filepath.Abs(filepath.FromSlash(m.file))
	if err != nil {
		return "", err
	}
	desc, err := json.Marshal(map[string]map[string]string{"Replace": {from: changed}})
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, "overlay.json")
	return path, os.WriteFile(path, desc, 0o666)
}

// packages are those whose tests are run: the mutant's own first, then what runs whole
// filters.
func (m *mutant) packages() []string {
	return []string{"./" + filepath.ToSlash(filepath.Dir(m.file)), "./internal/bench", "."}
}

// failed names the first test that failed.
func failed(out []byte) string {
	for line := range strings.Lines(string(out)) {
		if name, ok := strings.CutPrefix(strings.TrimSpace(line), "--- FAIL: "); ok {
			name, _, _ = strings.Cut(name, " ")
			return name
		}
		if strings.HasPrefix(line, "panic:") {
			return strings.TrimSpace(line)
		}
	}
	return firstLine(out)
}

func firstLine(out []byte) string {
	line, _, _ := strings.Cut(string(out), "\n")
	return line
}
